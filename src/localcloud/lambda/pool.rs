//! The execution environments of all functions: reused while warm, ended when idle.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, OnceCell, Semaphore};

use super::environment::{Environment, Outcome, Surroundings};
use super::image::{Image, ManagedRuntime, RuntimeError};
use crate::localcloud::cloud::Context;
use crate::localcloud::python::Python;
use crate::localcloud::{mint, worker};

/// How many handlers run at once on this machine.
const CONCURRENCY: usize = 8;

/// How long an environment stays warm.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// Why an invocation could not even begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum PoolError {
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error("could not start the interpreter: {0}")]
    Start(#[from] std::io::Error),
    #[error("the local cloud is stopping")]
    Stopping,
}

/// The environments by region and function.
pub(super) struct Pool {
    endpoint: String,
    python: Python,
    home: PathBuf,
    runtime_folder: PathBuf,
    scratch: PathBuf,
    run: String,
    slots: Semaphore,
    managed: OnceCell<ManagedRuntime>,
    idle: Mutex<HashMap<(String, String), Vec<Environment>>>,
}

impl Pool {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            endpoint: context.endpoint.clone(),
            python: Python::new(&context.python),
            home: context.home.root().to_owned(),
            runtime_folder: context.home.engine("lambda", "runtime"),
            scratch: context.home.scratch(),
            run: format!("lambda-{}", mint::token(16)),
            slots: Semaphore::new(CONCURRENCY),
            managed: OnceCell::new(),
            idle: Mutex::default(),
        }
    }

    /// Runs one invocation in a warm environment, or in a new one.
    pub(super) async fn run(&self, image: Image, request: &str, payload: Bytes) -> Result<Outcome, PoolError> {
        let _slot = self.slots.acquire().await.map_err(|_| PoolError::Stopping)?;
        let key = (image.region.clone(), image.name.clone());
        let warm = self.take(&key, &image.revision).await;
        let mut environment = match warm {
            Some(environment) => environment,
            None => self.start(image.clone()).await?,
        };
        let outcome = environment.invoke(request, payload).await;
        if environment.fits(&image.revision) && !self.slots.is_closed() {
            self.idle.lock().await.entry(key).or_default().push(environment);
        } else {
            environment.close().await;
        }
        Ok(outcome)
    }

    async fn take(&self, key: &(String, String), revision: &str) -> Option<Environment> {
        let mut stale = vec![];
        let mut warm = None;
        if let Some(environments) = self.idle.lock().await.get_mut(key) {
            while let Some(mut environment) = environments.pop() {
                if environment.fits(revision) {
                    warm = Some(environment);
                    break;
                }
                stale.push(environment);
            }
        }
        close_all(stale).await;
        warm
    }

    async fn start(&self, image: Image) -> Result<Environment, PoolError> {
        let build = || ManagedRuntime::build(&self.python, &self.runtime_folder);
        let managed = self.managed.get_or_try_init(build).await?;
        let around = Surroundings {
            endpoint: &self.endpoint,
            python: &self.python,
            managed,
            home: &self.home,
            scratch: &self.scratch,
            run: &self.run,
        };
        Ok(Environment::start(image, &around).await?)
    }

    /// Ends the idle environments of a function that is gone.
    pub(super) async fn retire(&self, region: &str, name: &str) {
        let key = (region.to_owned(), name.to_owned());
        let environments = self.idle.lock().await.remove(&key).unwrap_or_default();
        close_all(environments).await;
    }

    /// Ends environments that were idle for long, for as long as the cloud runs.
    pub(super) async fn end_idle(&self) {
        loop {
            tokio::time::sleep(IDLE_LIMIT / 10).await;
            let mut ended = vec![];
            for environments in self.idle.lock().await.values_mut() {
                ended.extend(environments.extract_if(.., |environment| environment.used.elapsed() > IDLE_LIMIT));
            }
            close_all(ended).await;
        }
    }

    /// Ends everything; invocations in flight fail.
    pub(super) async fn stop(&self) {
        self.slots.close();
        let environments = std::mem::take(&mut *self.idle.lock().await);
        close_all(environments.into_values().flatten().collect()).await;
        if self.managed.initialized() {
            worker::sweep(worker::RUN_MARK, &self.run).await;
        }
    }
}

async fn close_all(environments: Vec<Environment>) {
    futures::future::join_all(environments.into_iter().map(Environment::close)).await;
}
