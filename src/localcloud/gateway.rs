//! The HTTP front: finds out which service a request is for and hands it there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HOST, HeaderValue, ORIGIN};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::{oneshot, watch};

use super::cloud::{Context, Engines};
use super::denial::Denials;
use super::faults::{Asked, Calls, Fate, Faults, Strike, Verdict, Words, engines_off, own_path};
use super::s3::S3;
use super::service::{self, Service};
use super::{Call, Reply, sdk};

/// A body whose errors are boxed, as S3 streams need it.
pub(super) type Body = BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Where the local cloud answers for itself, without a signature.
const OWN_PATHS: &str = "/_stack/";

/// Where its clock is moved.
const CLOCK_PATH: &str = "/_stack/clock";

/// The services by signing name.
pub(super) struct Gateway {
    services: HashMap<&'static str, Arc<dyn Service>>,
    s3: Arc<S3>,
    denials: Denials,
    home: String,
    context: Context,
    faults: Faults,
    calls: Calls,
    stop_asked: watch::Sender<bool>,
}

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
pub(super) struct HungUp;

/// A request on its way to its service.
enum Work {
    /// A request to S3, whose bodies are streams.
    Stream(Box<Request<Incoming>>, String),
    Call(Box<Call>),
}

impl Gateway {
    /// Takes every service; a later one wins a signing name. S3 is apart, as its bodies are streams.
    pub(crate) fn new(services: &[Arc<dyn Service>], s3: Arc<S3>, context: &Context) -> Self {
        let mut by_name = HashMap::new();
        for service in services {
            for name in service.signing_names() {
                by_name.insert(*name, Arc::clone(service));
            }
        }
        let home = context.home.root();
        let home = home.canonicalize().unwrap_or_else(|_| home.to_owned()).display().to_string();
        Self {
            services: by_name,
            s3,
            denials: Denials::from_environment(),
            home,
            context: context.clone(),
            faults: Faults::default(),
            calls: Calls::default(),
            stop_asked: watch::Sender::new(false),
        }
    }

    /// Returns what turns true once somebody asked the local cloud to stop.
    pub(crate) fn stop_asked(&self) -> watch::Receiver<bool> {
        self.stop_asked.subscribe()
    }

    /// Returns the faults that strike calls.
    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Returns the journal of calls.
    pub(super) fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Answers one HTTP request.
    ///
    /// # Errors
    /// If a fault closes the connection instead.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
        let clock = self.context.clock.clone();
        let mut response = self.route(request).await?;
        // Who works with this cloud must go by its clock, which may be moved.
        if let Ok(date) = HeaderValue::from_str(&clock.http_date()) {
            response.headers_mut().insert(DATE, date);
        }
        Ok(response)
    }

    async fn route(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
        if request.uri().path().starts_with(OWN_PATHS) {
            return Ok(respond(self.answer_itself(request).await));
        }
        let Some(scope) = scope(&request) else {
            return Ok(respond(Reply::json_error(403, "MissingAuthenticationToken", "the request is not signed")));
        };
        let (asked, work) = match sort(request, scope.service, scope.region).await {
            Ok(sorted) => sorted,
            Err(reply) => return Ok(respond(reply)),
        };
        if scope.key == sdk::OWN_KEY {
            return Ok(self.perform(&asked, work, Fate::default()).await);
        }
        let verdict = self.faults.decide(&asked);
        if !verdict.wait.is_zero() {
            tokio::time::sleep(verdict.wait).await;
        }
        match verdict.strike {
            Some(Strike::Reset) => {
                self.calls.note(asked.record(None, false, &verdict));
                Err(HungUp)
            }
            Some(Strike::Refuse(ref words)) => {
                self.calls.note(asked.record(Some(words.status), false, &verdict));
                Ok(self.refuse(&work, words))
            }
            Some(Strike::LostReply) | None => self.carry_out(asked, work, verdict).await,
        }
    }

    /// Carries a call out to its end, also if the caller hangs up meanwhile, and writes it down.
    async fn carry_out(self: Arc<Self>, asked: Asked, work: Work, verdict: Verdict) -> Result<Response<Body>, HungUp> {
        let (sender, answered) = oneshot::channel();
        let gateway = Arc::clone(&self);
        self.context.tasks.spawn(async move {
            let response = gateway.perform(&asked, work, verdict.fate.clone()).await;
            let (status, done) = (response.status().as_u16(), response.status().is_success());
            if done {
                gateway.faults.note(&asked);
            }
            let is_lost = verdict.strike == Some(Strike::LostReply);
            gateway.calls.note(asked.record((!is_lost).then_some(status), done, &verdict));
            // A caller who hung up is not told.
            let _ = sender.send((!is_lost).then_some(response));
        });
        answered.await.ok().flatten().ok_or(HungUp)
    }

    /// Hands a request to its service.
    async fn perform(&self, asked: &Asked, work: Work, fate: Fate) -> Response<Body> {
        let denied = match &work {
            Work::Stream(request, _) => self.denials.refuse_s3(request.method(), request.uri(), request.headers()),
            Work::Call(call) => self.denials.refuse(call),
        };
        if let Some(denied) = denied {
            return self.refuse(&work, &denied);
        }
        let mut call = match work {
            Work::Stream(request, region) => return self.s3.answer(*request, region).await,
            Work::Call(call) => call,
        };
        let Some(service) = self.services.get(call.service.as_str()) else {
            let message = format!("the local cloud has no service `{}`", call.service);
            return respond(service::refusal(&call, 501, "NotImplemented", &message));
        };
        if self.context.engines == Engines::Off
            && let Some(Words { status, code, message }) = engines_off(asked)
        {
            return respond(service.refuse(&call, status, &code, &message));
        }
        call.fate = fate;
        respond(service.handle(*call).await)
    }

    /// Refuses a request in the words of its service.
    fn refuse(&self, work: &Work, words: &Words) -> Response<Body> {
        let Words { status, code, message } = words;
        let call = match work {
            Work::Stream(..) => return S3::refuse(*status, code, message),
            Work::Call(call) => call,
        };
        respond(match self.services.get(call.service.as_str()) {
            Some(service) => service.refuse(call, *status, code, message),
            None => service::refusal(call, *status, code, message),
        })
    }

    /// Tells whose cloud listens here, stops it when asked, and keeps the faults and the journal.
    async fn answer_itself(&self, request: Request<Incoming>) -> Reply {
        // A page in a browser may send requests here, but not without these marks.
        if !is_loopback(request.headers()) || request.headers().contains_key(ORIGIN) {
            return Reply::json_error(403, "AccessDenied", "only this machine may ask this");
        }
        let (parts, body) = request.into_parts();
        if let Some(own) = own_path(parts.uri.path()) {
            let Ok(body) = body.collect().await else {
                return Reply::json_error(400, "IncompleteBody", "the body ended early");
            };
            return own.answer(&parts.method, &body.to_bytes(), &self.faults, &self.calls);
        }
        if parts.uri.path() == CLOCK_PATH {
            return match body.collect().await {
                Ok(body) => self.context.clock.answer(&parts.method, &body.to_bytes()),
                Err(_) => Reply::json_error(400, "IncompleteBody", "the body ended early"),
            };
        }
        let status = match (parts.method, parts.uri.path()) {
            (Method::GET, "/_stack/health") => "ok",
            (Method::POST, "/_stack/stop") => {
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
            "engines": self.context.engines.name(),
        });
        Reply::new(200, "application/json", body.to_string())
    }
}

/// Reads a request as far as it must be read before it is carried out.
async fn sort(request: Request<Incoming>, service: String, region: String) -> Result<(Asked, Work), Reply> {
    if service == "s3" {
        tracing::debug!(service, method = %request.method(), target = %request.uri(), "call");
        return Ok((Asked::of_s3(&request, &region), Work::Stream(Box::new(request), region)));
    }
    let (parts, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) => return Err(Reply::json_error(400, "IncompleteBody", &error.to_string())),
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let operation = operation(&parts.headers, &target, &body);
    let fate = Fate::default();
    let call = Call { service, region, operation, method: parts.method, target, headers: parts.headers, body, fate };
    let Call { service, operation, method, target, .. } = &call;
    tracing::debug!(service, operation, %method, target, "call");
    Ok((Asked::of(&call), Work::Call(Box::new(call))))
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

/// What a signature says of its request.
struct Scope {
    key: String,
    region: String,
    service: String,
}

/// Reads key, region and service from the SigV4 scope, in the header or in a presigned query.
fn scope(request: &Request<Incoming>) -> Option<Scope> {
    let header = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = match header {
        Some(header) => header.split("Credential=").nth(1)?.split(',').next()?.trim().to_owned(),
        None => form_urlencoded::parse(request.uri().query()?.as_bytes())
            .find(|(key, _)| key == "X-Amz-Credential")
            .map(|(_, value)| value.into_owned())?,
    };
    let mut words = credential.split('/').map(str::to_owned);
    // The second word is the date.
    let (key, _, region, service) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some(Scope { key, region, service })
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
