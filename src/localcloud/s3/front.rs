//! The HTTP front of S3: buckets are answered here, objects are handed to the protocol layer as streams.

use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use jiff::Timestamp;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};

use super::answers::{boxed, convert, xml};
use super::bucket_calls::Asked;
use super::chunked::{Trailers, decode};
use super::configuration::kind;
use super::delivery::Courier;
use super::objects::Objects;
use super::refusal::refuse;
use super::request::{data, expired, is_framed, strip_signature, unframed};
use super::store::{Store, key_hash};
use crate::localcloud::call::escape_xml;
use crate::localcloud::cloud::Context;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::gateway::Body;
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Reply};

/// The largest configuration document, in bytes.
const LARGEST_DOCUMENT: usize = 1024 * 1024;

/// S3 as the gateway sees it: it is handed requests whose bodies are still on their way.
pub(crate) struct S3 {
    objects: Objects,
    protocol: S3Service,
}

impl S3 {
    /// Opens the buckets of a local cloud.
    pub(crate) fn open(context: &Context) -> std::io::Result<Self> {
        let store = Arc::new(Store::new(&context.home));
        std::fs::create_dir_all(context.home.buckets())?;
        std::fs::create_dir_all(store.hidden_root())?;
        store.clear_incoming().map_err(std::io::Error::other)?;
        let courier = Arc::new(Courier::new(Arc::clone(&store), context.endpoint.clone()));
        let objects = Objects { store, courier };
        Ok(Self { protocol: S3ServiceBuilder::new(objects.clone()).build(), objects })
    }

    /// Answers one request that was signed for `region`.
    pub(crate) async fn answer(&self, request: Request<Incoming>, region: String) -> Response<Body> {
        let request_id = key_hash(&format!("{} {}", Timestamp::now().as_nanosecond(), request.uri()));
        let mut response = match self.route(request, region).await {
            Ok(response) => response,
            Err(error) => convert(error.to_http_response()),
        };
        let headers = response.headers_mut();
        for (name, value) in [("x-amz-request-id", request_id[..16].to_uppercase()), ("x-amz-id-2", request_id)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }

    /// Refuses a request that never gets here.
    pub(crate) fn refuse(status: u16, code: &str, message: &str) -> Response<Body> {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = escape_xml(message);
        let text = format!("<Error><Code>{}</Code><Message>{message}</Message></Error>", escape_xml(code));
        xml(status, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}"))
    }

    async fn route(&self, request: Request<Incoming>, region: String) -> S3Result<Response<Body>> {
        let owner = request.headers().get("x-amz-expected-bucket-owner");
        if owner.is_some_and(|owner| owner != ACCOUNT) || expired(request.uri()) {
            return Err(refuse(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"));
        }
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let (bucket, key) = path.split_once('/').unwrap_or((path.as_str(), ""));
        let words: Vec<(String, String)> =
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
        let has = |word: &str| words.iter().any(|(name, _)| name == word);
        let is_listing = request.method() == Method::GET
            && !has("location")
            && !has("acl")
            && !has("policyStatus")
            && kind(&words).is_none();
        let is_bulk = request.method() == Method::POST;
        if !key.is_empty() || (!bucket.is_empty() && (is_listing || is_bulk)) {
            return self.hand_on(request).await;
        }
        let bucket = bucket.to_owned();
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST_DOCUMENT).collect().await.map_err(|_| s3_error!(IncompleteBody))?;
        let asked = Asked {
            method: parts.method,
            bucket,
            words,
            body: unframed(&parts.headers, body.to_bytes()).await?,
            headers: parts.headers,
            region,
        };
        self.objects.answer(asked).await
    }

    /// Hands a request on to the protocol layer, without its signature and with the framing taken off its body.
    async fn hand_on(&self, request: Request<Incoming>) -> S3Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        let trailers = Trailers::default();
        let framed = is_framed(&parts.headers);
        strip_signature(&mut parts);
        parts.extensions.insert(trailers.clone());
        let body = if framed {
            let frames = decode(data(body), trailers).map_ok(Frame::data);
            s3s::Body::http_body_unsync(StreamBody::new(frames))
        } else {
            s3s::Body::from(body)
        };
        let answer = self.protocol.call(Request::from_parts(parts, body)).await;
        answer.map(|response| response.map(boxed)).map_err(|error| s3_error!(InternalError, "{error:?}"))
    }
}

#[async_trait]
impl Service for S3 {
    fn signing_names(&self) -> &'static [&'static str] {
        &[]
    }

    async fn handle(&self, _call: Call) -> Reply {
        Reply::new(501, "text/plain", "S3 takes streams")
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        let every = self.objects.blocking(|store| store.all()).await.unwrap_or_default();
        let here = every.into_iter().filter(|bucket| bucket.region == region);
        here.map(|bucket| Tagged { arn: format!("arn:aws:s3:::{}", bucket.name), tags: bucket.tags() }).collect()
    }

    async fn resume(&self) {
        self.objects.courier.resume();
    }

    async fn stop(&self) {
        self.abort();
    }

    fn abort(&self) {
        self.objects.courier.stop();
    }
}
