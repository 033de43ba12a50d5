//! A running local cloud: its services behind one loopback port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::athena::AthenaService;
use super::budgets::Budgets;
use super::clock::Clock;
use super::control::Tagging;
use super::faults::{Calls, Faults};
use super::gateway::Gateway;
use super::glue::GlueService;
use super::home::Home;
use super::lambda::LambdaService;
use super::pricing::Pricing;
use super::rds::Rds;
use super::redshift::Redshift;
use super::redshift_data::RedshiftData;
use super::s3::S3;
use super::scheduler::SchedulerService;
use super::secrets::Secrets;
use super::service::Service;
use super::states::StatesService;
use super::tasks::Tasks;

/// The port that the AWS emulators of the field share.
pub const DEFAULT_PORT: u16 = 4566;

/// How a local cloud is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it keeps its data.
    pub home: Home,
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// The Python interpreter that runs Lambda handlers and Glue scripts.
    pub python: PathBuf,
    /// Whether there are servers and interpreters behind the control plane.
    pub engines: Engines,
}

impl Options {
    /// Returns the options of a local cloud within a test: a free port and no engines.
    pub fn in_process(home: Home) -> Self {
        Self { home, port: 0, python: "python3".into(), engines: Engines::Off }
    }
}

/// Whether there are servers and interpreters behind the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engines {
    /// Databases are served, functions and jobs run.
    On,
    /// Everything can be made, described, changed and deleted, but no process is started: databases have states and
    /// endpoints without a server, and what would run a function, job, query or crawl is refused.
    Off,
}

impl Engines {
    /// Reads `on` or `off`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|engines| engines.name() == word)
    }

    /// Returns `on` or `off`.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
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
    /// The Python interpreter that runs Lambda handlers and Glue scripts.
    pub python: PathBuf,
    /// Whether there are servers and interpreters behind the control plane.
    pub engines: Engines,
    /// The time, as schedules and waiting executions see it.
    pub(super) clock: Clock,
    /// What runs in the background and ends with the cloud.
    pub(super) tasks: Tasks,
}

impl Context {
    /// Returns how long a change that touches no server shows as under way.
    pub(super) fn settling(&self) -> Duration {
        if self.has_no_engines() { Duration::ZERO } else { Duration::from_millis(300) }
    }

    /// Returns whether nothing is started behind the control plane.
    pub(super) fn has_no_engines(&self) -> bool {
        self.engines == Engines::Off
    }
}

/// A local cloud that listens until it is stopped or dropped.
pub struct Cloud {
    context: Context,
    services: Vec<Arc<dyn Service>>,
    faults: Faults,
    calls: Calls,
    listener: JoinHandle<()>,
    stop_asked: watch::Receiver<bool>,
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
        let endpoint = format!("http://127.0.0.1:{port}");
        let Options { home, python, engines, .. } = options;
        let context = Context { home, endpoint, python, engines, clock: Clock::default(), tasks: Tasks::default() };
        let unusable = |source| StartError::Home { path: context.home.root().display().to_string(), source };
        let s3 = Arc::new(S3::open(&context).map_err(unusable)?);
        let mut services = open_services(&context).await.map_err(unusable)?;
        services.push(Arc::clone(&s3) as Arc<dyn Service>);
        services.push(Arc::new(Tagging::new(&services)));
        let gateway = Arc::new(Gateway::new(&services, s3, &context));
        let (faults, calls, stop_asked) = (gateway.faults().clone(), gateway.calls().clone(), gateway.stop_asked());
        let listener = tokio::spawn(listen(socket, gateway));
        for service in &services {
            service.resume().await;
        }
        Ok(Self { context, services, faults, calls, listener, stop_asked })
    }

    /// Returns the endpoint URL.
    pub fn endpoint(&self) -> &str {
        &self.context.endpoint
    }

    /// Returns the faults that strike its calls.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Returns the journal of the calls that customers made.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Returns when somebody asked this process, through `POST /_stack/stop`, to stop.
    pub async fn wait_stop_request(&self) {
        let mut asked = self.stop_asked.clone();
        // The sender lives in the listener; when that is gone, there is nothing to wait for either.
        let _ = asked.wait_for(|asked| *asked).await;
    }

    /// Stops every engine, then the endpoint.
    pub async fn stop(mut self) {
        for service in &self.services {
            service.stop().await;
        }
        self.listener.abort();
        // It ends because it was told to.
        let _ = (&mut self.listener).await;
        self.context.tasks.stop().await;
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.listener.abort();
        self.services.iter().for_each(|service| service.abort());
        self.context.tasks.abort();
        self.context.home.backlog().flush();
    }
}

/// The services of the local cloud beside S3; a new one is added here.
async fn open_services(context: &Context) -> std::io::Result<Vec<Arc<dyn Service>>> {
    let mut services = super::control::open(context)?;
    let redshift = Redshift::open(context)?;
    let redshift_data = RedshiftData::new(context, redshift.warehouse());
    let own: [Arc<dyn Service>; 11] = [
        Arc::new(Secrets::open(&context.home).await?),
        Arc::new(Rds::open(context)?),
        Arc::new(redshift),
        Arc::new(redshift_data),
        Arc::new(LambdaService::open(context).await?),
        Arc::new(GlueService::open(context).await?),
        Arc::new(AthenaService::open(context).await?),
        Arc::new(SchedulerService::open(context)?),
        Arc::new(StatesService::open(context)?),
        Arc::new(Budgets::open(context)?),
        Arc::new(Pricing::new(context)),
    ];
    services.extend(own);
    Ok(services)
}

async fn listen(socket: TcpListener, gateway: Arc<Gateway>) {
    // Connections end with the listener.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        let gateway = Arc::clone(&gateway);
        connections.spawn(async move {
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
