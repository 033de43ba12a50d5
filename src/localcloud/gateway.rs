//! The HTTP front: finds out which service a request is for and hands it there.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::watch;

use super::s3::S3;
use super::{Call, Reply, service::Service};

/// A body whose errors are boxed, as S3 streams need it.
pub(super) type Body = BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Where the local cloud answers for itself, without a signature.
const OWN_PATHS: &str = "/_stack/";

/// The services by signing name.
pub(super) struct Gateway {
    services: HashMap<&'static str, Arc<dyn Service>>,
    s3: Arc<S3>,
    home: String,
    stop_asked: watch::Sender<bool>,
}

impl Gateway {
    /// Takes every service; a later one wins a signing name. S3 is apart, as its bodies are streams.
    pub(crate) fn new(services: &[Arc<dyn Service>], s3: Arc<S3>, home: &Path) -> Self {
        let mut by_name = HashMap::new();
        for service in services {
            for name in service.signing_names() {
                by_name.insert(*name, Arc::clone(service));
            }
        }
        let home = home.canonicalize().unwrap_or_else(|_| home.to_owned()).display().to_string();
        Self { services: by_name, s3, home, stop_asked: watch::Sender::new(false) }
    }

    /// Returns what turns true once somebody asked the local cloud to stop.
    pub(crate) fn stop_asked(&self) -> watch::Receiver<bool> {
        self.stop_asked.subscribe()
    }

    /// Answers one HTTP request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        if request.uri().path().starts_with(OWN_PATHS) {
            return Ok(respond(self.answer_itself(&request)));
        }
        let Some((service, region)) = scope(&request) else {
            return Ok(respond(Reply::json_error(403, "MissingAuthenticationToken", "the request is not signed")));
        };
        if service == "s3" {
            tracing::debug!(service, method = %request.method(), target = %request.uri(), "call");
            return Ok(self.s3.answer(request, region).await);
        }
        let (parts, body) = request.into_parts();
        let body = match body.collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) => return Ok(respond(Reply::json_error(400, "IncompleteBody", &error.to_string()))),
        };
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let operation = operation(&parts.headers, &target, &body);
        let call = Call { service, region, operation, method: parts.method, target, headers: parts.headers, body };
        let Call { service, operation, method, target, .. } = &call;
        tracing::debug!(service, operation, %method, target, "call");
        let Some(service) = self.services.get(call.service.as_str()) else {
            let message = format!("the local cloud has no service `{}`", call.service);
            return Ok(respond(unknown_service(&call, &message)));
        };
        Ok(respond(service.handle(call).await))
    }

    /// Tells whose cloud listens here, and stops it when asked.
    fn answer_itself(&self, request: &Request<Incoming>) -> Reply {
        // A page in a browser may send requests here, but not without these marks.
        if !is_loopback(request.headers()) || request.headers().contains_key(ORIGIN) {
            return Reply::json_error(403, "AccessDenied", "only this machine may ask this");
        }
        let status = match (request.method(), request.uri().path()) {
            (&Method::GET, "/_stack/health") => "ok",
            (&Method::POST, "/_stack/stop") => {
                self.stop_asked.send_replace(true);
                "stopping"
            }
            _ => return Reply::json_error(404, "NotFound", "there are `GET /_stack/health` and `POST /_stack/stop`"),
        };
        let body = serde_json::json!({
            "status": status,
            "version": env!("CARGO_PKG_VERSION"),
            "home": self.home,
            "pid": std::process::id(),
        });
        Reply::new(200, "application/json", body.to_string())
    }
}

/// Returns whether the request was sent to a loopback name, and not to a name that somebody made to lead here.
fn is_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Refuses in the protocol of the request, so that every client shows the reason.
fn unknown_service(call: &Call, message: &str) -> Reply {
    let kind = call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Reply::query_error(501, "NotImplemented", message);
    }
    Reply::json_error(501, "NotImplemented", message)
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
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
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
