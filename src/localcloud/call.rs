//! One request to the local cloud, sorted by the service, region and operation that it names.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};

use super::faults::Fate;

/// A request whose body was read whole. S3 requests are streamed and never become a `Call`.
#[derive(Debug, Clone)]
pub struct Call {
    /// The signing name of the SigV4 scope, such as `rds` or `redshift-data`.
    pub service: String,
    /// The region of the SigV4 scope.
    pub region: String,
    /// The operation, where the protocol names it (query, JSON and CBOR); empty for REST services.
    pub operation: String,
    /// The HTTP method.
    pub method: http::Method,
    /// Path with query, as sent.
    pub target: String,
    /// Headers as sent.
    pub headers: HeaderMap,
    /// The body as sent.
    pub body: Bytes,
    /// What is to become of what it begins, where a fault says so.
    pub fate: Fate,
}

impl Call {
    /// Returns the path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the members of a query-protocol body, decoded, in order.
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// Returns the body of a JSON-protocol request; an empty body is an empty object.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| serde_json::json!({}))
    }

    /// Returns whether the operation changes anything; operations that are not named count as changing.
    pub fn is_read(&self) -> bool {
        let read_verbs = ["Describe", "List", "Get", "BatchGet", "Download", "Search", "Filter", "Lookup"];
        if self.operation.is_empty() {
            return self.method == http::Method::GET || self.method == http::Method::HEAD;
        }
        read_verbs.iter().any(|verb| self.operation.starts_with(verb))
    }
}

/// The answer to a [`Call`].
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers, content type included.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Reply {
    /// Builds a reply with a content type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers, body: body.into() }
    }

    /// Builds a successful reply of a JSON-1.1 service.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::new(200, "application/x-amz-json-1.1", body.to_string())
    }

    /// Builds an error of a JSON-1.1 service.
    pub fn json_error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "__type": code, "message": message, "Message": message });
        let mut reply = Self::new(status, "application/x-amz-json-1.1", body.to_string());
        if let Ok(value) = HeaderValue::from_str(code) {
            reply.headers.insert("x-amzn-errortype", value);
        }
        reply
    }

    /// Builds a successful reply of a query service: `inner` is the XML inside `<OperationResult>`.
    pub fn query(operation: &str, namespace: &str, inner: &str) -> Self {
        let body = format!(
            "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{inner}</{operation}Result>\
             <ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>\
             </{operation}Response>"
        );
        Self::new(200, "text/xml", body)
    }

    /// Builds an error of a query service (RDS, Redshift, IAM, STS).
    pub fn query_error(status: u16, code: &str, message: &str) -> Self {
        let message = escape_xml(message);
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
        );
        Self::new(status, "text/xml", body)
    }

    /// Returns whether the call succeeded.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }
}

/// Returns `text` with the five XML specials escaped.
pub(super) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}
