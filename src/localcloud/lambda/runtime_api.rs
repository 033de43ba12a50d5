//! The Runtime API of one execution environment: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};

/// What the runtime said.
#[derive(Debug)]
pub(super) enum Event {
    /// It asked for the next invocation: it is initialized, and done with the one before.
    Ready,
    /// It answered an invocation.
    Answered { request: String, body: Bytes, is_error: bool },
    /// It could not load the handler.
    InitFailed(Bytes),
}

/// One invocation, as the runtime gets it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) request: String,
    pub(super) deadline: SystemTime,
    pub(super) arn: String,
    pub(super) trace: String,
    pub(super) payload: Bytes,
}

/// A server on a free loopback port, for one process.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    pub(super) events: mpsc::UnboundedReceiver<Event>,
    deliveries: mpsc::UnboundedSender<Delivery>,
    server: JoinHandle<()>,
}

struct Shared {
    events: mpsc::UnboundedSender<Event>,
    deliveries: Mutex<mpsc::UnboundedReceiver<Delivery>>,
}

impl RuntimeApi {
    pub(super) async fn start() -> std::io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let (event_sender, events) = mpsc::unbounded_channel();
        let (deliveries, delivery_receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { events: event_sender, deliveries: Mutex::new(delivery_receiver) });
        Ok(Self { address, events, deliveries, server: tokio::spawn(listen(socket, shared)) })
    }

    /// Hands an invocation to the runtime, which has asked for it.
    pub(super) fn deliver(&self, delivery: Delivery) {
        if self.deliveries.send(delivery).is_err() {
            tracing::debug!("the runtime API ended before the invocation");
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn listen(socket: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let answer = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(answer(request, &shared).await) }
            });
            let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            if let Err(error) = served.await {
                tracing::debug!(%error, "a runtime hung up");
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    let event = match (request.method(), words.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => return next(shared).await,
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => Event::InitFailed(body(request).await),
        (&Method::POST, ["2018-06-01", "runtime", "invocation", identifier, verb @ ("response" | "error")]) => {
            let (identifier, is_error) = ((*identifier).to_owned(), *verb == "error");
            Event::Answered { request: identifier, body: body(request).await, is_error }
        }
        _ => return respond(StatusCode::NOT_FOUND, Bytes::new()),
    };
    match shared.events.send(event) {
        Ok(()) => respond(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}")),
        Err(_) => respond(StatusCode::GONE, Bytes::new()),
    }
}

async fn body(request: Request<Incoming>) -> Bytes {
    request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default()
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    let waiting = shared.events.send(Event::Ready).is_ok();
    let delivery = if waiting { shared.deliveries.lock().await.recv().await } else { None };
    let Some(delivery) = delivery else { return respond(StatusCode::GONE, Bytes::new()) };
    let deadline = delivery.deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let built = Response::builder()
        .header("content-type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", delivery.request)
        .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", delivery.arn)
        .header("Lambda-Runtime-Trace-Id", delivery.trace)
        .body(Full::new(delivery.payload));
    built.unwrap_or_else(|_| respond(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()))
}

fn respond(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}
