//! The HTTP front: finds out which service a request is for and hands it there.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::{Call, Reply, service::Service};

/// A body whose errors are boxed, as S3 streams need it.
pub type Body = BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The services by signing name.
pub struct Gateway {
    services: HashMap<&'static str, Arc<dyn Service>>,
}

impl Gateway {
    /// Takes every service; a later one wins a signing name.
    pub fn new(services: &[Arc<dyn Service>]) -> Self {
        let mut by_name = HashMap::new();
        for service in services {
            for name in service.signing_names() {
                by_name.insert(*name, Arc::clone(service));
            }
        }
        Self { services: by_name }
    }

    /// Answers one HTTP request.
    pub async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let Some((service, region)) = scope(&request) else {
            return Ok(respond(Reply::json_error(403, "MissingAuthenticationToken", "the request is not signed")));
        };
        let (parts, body) = request.into_parts();
        let body = match body.collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) => return Ok(respond(Reply::json_error(400, "IncompleteBody", &error.to_string()))),
        };
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let operation = operation(&parts.headers, &target, &body);
        let call = Call { service, region, operation, method: parts.method, target, headers: parts.headers, body };
        tracing::debug!(service = call.service, operation = call.operation, target = call.target, "call");
        let Some(service) = self.services.get(call.service.as_str()) else {
            let message = format!("the local cloud has no service `{}`", call.service);
            return Ok(respond(Reply::json_error(501, "NotImplemented", &message)));
        };
        Ok(respond(service.handle(call).await))
    }
}

/// Reads service and region from the SigV4 scope, in the header or in a presigned query.
fn scope(request: &Request<Incoming>) -> Option<(String, String)> {
    let header = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = match header {
        Some(header) => header.split("Credential=").nth(1)?.split(',').next()?.trim().to_owned(),
        None => form_urlencoded::parse(request.uri().query()?.as_bytes())
            .find(|(key, _)| key == "X-Amz-Credential")
            .map(|(_, value)| value.into_owned())?,
    };
    let mut words = credential.split('/').skip(2);
    let region = words.next()?.to_owned();
    let service = words.next()?.to_owned();
    Some((service, region))
}

fn operation(headers: &HeaderMap, target: &str, body: &Bytes) -> String {
    if let Some(value) = headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
        return value.rsplit('.').next().unwrap_or_default().to_owned();
    }
    if let Some((_, operation)) = target.split_once("/operation/") {
        return operation.to_owned();
    }
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let action = form_urlencoded::parse(body).find(|(key, _)| key == "Action");
        return action.map(|(_, value)| value.into_owned()).unwrap_or_default();
    }
    String::new()
}

fn respond(reply: Reply) -> Response<Body> {
    let body = Full::new(reply.body).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
