//! A running local cloud: its services behind one loopback port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::gateway::Gateway;
use super::home::Home;
use super::service::Service;

/// The port that the AWS emulators of the field share.
pub const DEFAULT_PORT: u16 = 4566;

/// How a local cloud is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it keeps its data.
    pub home: Home,
    /// The loopback port; 0 takes a free one.
    pub port: u16,
}

/// Why a local cloud could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something else listens on the port.
    #[error("port {port} is taken")]
    PortTaken {
        /// The port that was asked for.
        port: u16,
    },
    /// The folder cannot be used.
    #[error("cannot use `{path}`")]
    Home {
        /// The folder or file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What every service is given: where to keep things and how to reach the others.
#[derive(Debug, Clone)]
pub struct Context {
    /// The folder of this cloud.
    pub home: Home,
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
}

/// A local cloud that listens until it is stopped.
pub struct Cloud {
    endpoint: String,
    services: Vec<Arc<dyn Service>>,
    listener: JoinHandle<()>,
}

impl Cloud {
    /// Binds the port, restores what was saved and starts what was running.
    ///
    /// # Errors
    /// If the port is taken or the folder cannot be used.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let socket = TcpListener::bind(address).await.map_err(|_| StartError::PortTaken { port: options.port })?;
        let port = socket.local_addr().map_or(options.port, |address| address.port());
        let context = Context { home: options.home, endpoint: format!("http://127.0.0.1:{port}") };
        let services = open_services(&context).await.map_err(|source| StartError::Home {
            path: context.home.root().display().to_string(),
            source,
        })?;
        let gateway = Arc::new(Gateway::new(&services));
        let listener = tokio::spawn(listen(socket, gateway));
        for service in &services {
            service.resume().await;
        }
        Ok(Self { endpoint: context.endpoint, services, listener })
    }

    /// Returns the endpoint URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Stops every engine, then the endpoint.
    pub async fn stop(self) {
        for service in &self.services {
            service.stop().await;
        }
        self.listener.abort();
    }
}

/// The services of the local cloud; a new one is added here.
async fn open_services(_context: &Context) -> std::io::Result<Vec<Arc<dyn Service>>> {
    Ok(vec![])
}

async fn listen(socket: TcpListener, gateway: Arc<Gateway>) {
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let gateway = Arc::clone(&gateway);
                async move { gateway.answer(request).await }
            });
            let connection = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let served = connection.serve_connection(TokioIo::new(stream), answer).await;
            if let Err(error) = served {
                tracing::debug!(%error, "connection ended early");
            }
        });
    }
}
