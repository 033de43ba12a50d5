//! How many calls a service gets at once, how many were made, and what time their answers show.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::Semaphore;

use super::clock::Clock;

/// Counts the requests of all services, repeated ones included.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// Returns how many requests were sent.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Makes HTTP clients that share their connections and their counter, each with a limit of its own.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    http: SharedHttpClient,
    counter: Counter,
    clock: Clock,
}

impl Limits {
    /// Builds the shared client.
    pub(super) fn new(counter: Counter, clock: Clock) -> Self {
        let provider = Provider::Rustls(CryptoMode::AwsLc);
        Self { http: aws_smithy_http_client::Builder::new().tls_provider(provider).build_https(), counter, clock }
    }

    /// Returns a client for one service that sends at most `at_once` requests side by side.
    pub(super) fn of(&self, at_once: usize) -> SharedHttpClient {
        let places = Arc::new(Semaphore::new(at_once));
        SharedHttpClient::new(Limited {
            http: self.http.clone(),
            counter: self.counter.clone(),
            clock: self.clock.clone(),
            places,
        })
    }
}

#[derive(Debug, Clone)]
struct Limited {
    http: SharedHttpClient,
    counter: Counter,
    clock: Clock,
    places: Arc<Semaphore>,
}

impl HttpClient for Limited {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.http.http_connector(settings, components);
        SharedHttpConnector::new(LimitedConnector { connector, service: self.clone() })
    }
}

#[derive(Debug)]
struct LimitedConnector {
    connector: SharedHttpConnector,
    service: Limited,
}

impl HttpConnector for LimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connector, service) = (self.connector.clone(), self.service.clone());
        HttpConnectorFuture::new(async move {
            // The semaphore is never closed; without a place the call would simply go ahead.
            let place = service.places.acquire().await;
            service.counter.0.fetch_add(1, Ordering::Relaxed);
            let answer = connector.call(request).await;
            drop(place);
            if let Some(date) = answer.as_ref().ok().and_then(|answer| answer.headers().get("date")) {
                service.clock.learn(date);
            }
            answer
        })
    }
}
