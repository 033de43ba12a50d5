//! One call, as a plain HTTP request to the local cloud itself.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::services::{Protocol, Remote};
use super::{wire, xml};
use crate::localcloud::sdk::OWN_KEY;

/// The largest answer that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(in super::super) struct Failed {
    /// The code of the service.
    pub(in super::super) code: String,
    /// What the service says.
    pub(in super::super) message: String,
}

impl Failed {
    fn unreachable(error: &std::io::Error) -> Self {
        Self { code: "SdkClientException".to_owned(), message: error.to_string() }
    }
}

/// Calls an operation.
///
/// # Errors
/// If the service refuses it or does not answer.
pub(in super::super) async fn call(
    endpoint: &str,
    region: &str,
    remote: Remote,
    operation: &str,
    input: &Value,
) -> Result<Value, Failed> {
    let mut line = "POST /".to_owned();
    let (headers, body) = match remote.protocol {
        Protocol::Query(version) => {
            let headers = "Content-Type: application/x-www-form-urlencoded\r\n".to_owned();
            (headers, wire::form(operation, version, input))
        }
        Protocol::Json(prefix) => (json_headers(prefix, operation), input.to_string()),
        Protocol::SmallJson(prefix) => (json_headers(prefix, operation), wire::small(input.clone()).to_string()),
        Protocol::Paths(folder) => {
            if !operation.starts_with("Update") {
                let message = format!("the local cloud's Step Functions cannot call {operation}");
                return Err(Failed { code: "ValidationException".to_owned(), message });
            }
            line = format!("PUT /{folder}/{}", input["Name"].as_str().unwrap_or_default());
            ("Content-Type: application/json\r\n".to_owned(), input.to_string())
        }
    };
    let host = endpoint.trim_start_matches("http://");
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}Authorization: \
         AWS4-HMAC-SHA256 Credential={OWN_KEY}/20260101/{region}/{}/aws4_request, SignedHeaders=host, Signature=0\
         \r\n\r\n{body}",
        body.len(),
        remote.signing,
    );
    let answer = exchange(host, &request).await.map_err(|error| Failed::unreachable(&error))?;
    read(&answer)
}

fn json_headers(prefix: &str, operation: &str) -> String {
    format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {prefix}.{operation}\r\n")
}

async fn exchange(host: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LARGEST).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Reads an answer whose body has a known length, as all of the local cloud's have.
fn read(answer: &str) -> Result<Value, Failed> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('2') {
        let answer = serde_json::from_str(body).ok().or_else(|| xml::read(body));
        return Ok(answer.map(wire::shown).unwrap_or_default());
    }
    let element = |name: &str| {
        let inside = body.split(&format!("<{name}>")).nth(1)?;
        Some(inside.split(&format!("</{name}>")).next()?.to_owned())
    };
    let error: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |member: &str| error[member].as_str().map(str::to_owned);
    let code = text("__type").or_else(|| element("Code")).unwrap_or_else(|| format!("Http{status}"));
    let code = code.rsplit('#').next().unwrap_or_default().to_owned();
    let message = text("message").or_else(|| element("Message")).unwrap_or_default();
    Err(Failed { code, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_in_either_language() {
        let xml = "HTTP/1.1 404 Not Found\r\ncontent-type: text/xml\r\n\r\n<ErrorResponse><Error><Code>DBInstanceNotFound\
                   </Code><Message>shop is not there</Message></Error></ErrorResponse>";
        let failed = read(xml).unwrap_err();
        assert_eq!((failed.code.as_str(), failed.message.as_str()), ("DBInstanceNotFound", "shop is not there"));
        let json = "HTTP/1.1 400 Bad Request\r\n\r\n{\"__type\":\"CrawlerRunningException\",\"message\":\"busy\"}";
        assert_eq!(read(json).unwrap_err().code, "CrawlerRunningException");
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\n{\"id\":\"1\"}").unwrap(), serde_json::json!({ "Id": "1" }));
    }
}
