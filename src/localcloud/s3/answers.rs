//! Small answers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use s3s::S3Result;

use super::configuration::Kind;
use crate::localcloud::gateway::Body;

pub(super) fn boxed(body: s3s::Body) -> Body {
    body.boxed()
}

pub(super) fn convert(answer: S3Result<Response<s3s::Body>>) -> Response<Body> {
    answer.map_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR), |response| response.map(boxed))
}

pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::new()).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}

pub(super) fn xml(status: StatusCode, text: String) -> Response<Body> {
    let mut response = empty(status);
    *response.body_mut() = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

pub(super) fn typed(kind: &Kind, status: StatusCode, text: String) -> Response<Body> {
    let mut response = xml(status, text);
    if kind.word == "policy" {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

pub(super) fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
