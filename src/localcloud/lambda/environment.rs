//! One execution environment: a process with a handler in it, one invocation at a time.

use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::time::{Instant, MissedTickBehavior};

use super::image::{Image, ManagedRuntime};
use super::runtime_api::{Delivery, Event, RuntimeApi};
use super::transcript::Transcript;
use crate::localcloud::log_stream::LogStream;
use crate::localcloud::python::Python;
use crate::localcloud::{mint, sdk, worker};

/// How long a handler's module may take to load, before the function's own timeout begins to count.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How often the memory of the process is looked at.
const MEMORY_WATCH: Duration = Duration::from_millis(20);

/// What an environment needs of the cloud around it.
pub(super) struct Surroundings<'a> {
    pub(super) endpoint: &'a str,
    pub(super) python: &'a Python,
    pub(super) managed: &'a ManagedRuntime,
    pub(super) home: &'a Path,
    pub(super) scratch: &'a Path,
    pub(super) run: &'a str,
}

/// How an invocation ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) payload: Bytes,
    pub(super) failed: bool,
    pub(super) tail: Vec<u8>,
}

/// Why no answer came.
enum Failure {
    TimedOut,
    Exited(String),
    Init(Bytes),
}

/// A process with one revision of a function loaded.
pub(super) struct Environment {
    image: Image,
    child: Child,
    process: u32,
    api: RuntimeApi,
    transcript: Transcript,
    started: Instant,
    /// When it last finished an invocation.
    pub(super) used: Instant,
    ready: bool,
    alive: bool,
    peak_bytes: u64,
    /// Its private `TMPDIR`, removed with it.
    _scratch: TempDir,
}

impl Environment {
    /// Starts the process; the handler loads while the first invocation waits.
    pub(super) async fn start(image: Image, around: &Surroundings<'_>) -> std::io::Result<Self> {
        std::fs::create_dir_all(around.scratch)?;
        let scratch = tempfile::Builder::new().prefix("lambda-").tempdir_in(around.scratch)?;
        let api = RuntimeApi::start().await?;
        let day = jiff::Zoned::now().strftime("%Y/%m/%d").to_string();
        let stream = format!("{day}/[$LATEST]{}", mint::token(32));
        let mut command = worker::command(around.python.path(), around.home, around.run);
        // Without `site`, nothing that the virtual environment has beyond the managed runtime can be imported.
        command.args(["-S", "-m", "awslambdaric", &image.handler]).current_dir(&image.task_root);
        command.envs(variables(&image, around, &api.address.to_string(), &stream)).env("TMPDIR", scratch.path());
        let mut child = command.spawn()?;
        let config = sdk::config(around.endpoint, &image.region).await;
        let mut transcript = Transcript::new(LogStream::open(&config, &image.log_group, &stream));
        transcript.line(&format!(
            "INIT_START Runtime Version: python:{} (local interpreter, stands in for {})",
            around.managed.version, image.runtime
        ));
        if let Some(pipe) = child.stdout.take() {
            transcript.follow(pipe);
        }
        if let Some(pipe) = child.stderr.take() {
            transcript.follow(pipe);
        }
        let process = child.id().unwrap_or(0);
        let now = Instant::now();
        Ok(Self {
            image,
            child,
            process,
            api,
            transcript,
            started: now,
            used: now,
            ready: false,
            alive: true,
            peak_bytes: 0,
            _scratch: scratch,
        })
    }

    /// Returns whether it can take another invocation of this revision.
    pub(super) fn fits(&mut self, revision: &str) -> bool {
        let running = matches!(self.child.try_wait(), Ok(None));
        self.alive && running && self.image.revision == revision
    }

    /// Runs one invocation.
    pub(super) async fn invoke(&mut self, request: &str, payload: Bytes) -> Outcome {
        self.transcript.begin();
        self.transcript.line(&format!("START RequestId: {request} Version: $LATEST"));
        let init = self.initialize().await;
        let began = Instant::now();
        let (answer, init_duration) = match init {
            Ok(duration) => (self.run(request, payload).await, duration),
            Err(failure) => (Err(failure), None),
        };
        let duration = began.elapsed();
        let (payload, failed, status) = match answer {
            Ok((payload, failed)) => (payload, failed, String::new()),
            Err(failure) => self.give_up(request, failure).await,
        };
        self.transcript.settle().await;
        self.transcript.line(&format!("END RequestId: {request}"));
        self.transcript.line(&self.report(request, duration, init_duration, &status));
        self.used = Instant::now();
        Outcome { payload, failed, tail: self.transcript.tail() }
    }

    /// Ends the process and waits until its log is written.
    pub(super) async fn close(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "an execution environment had ended");
        }
        self.transcript.close().await;
    }

    /// Waits until the handler is loaded; returns how long that took, the first time.
    async fn initialize(&mut self) -> Result<Option<Duration>, Failure> {
        if self.ready {
            return Ok(None);
        }
        let limit = self.started + INIT_LIMIT + self.image.timeout;
        match self.next_event(limit).await? {
            Event::InitFailed(body) => Err(Failure::Init(body)),
            _ => {
                self.ready = true;
                Ok(Some(self.started.elapsed()))
            }
        }
    }

    async fn run(&mut self, request: &str, payload: Bytes) -> Result<(Bytes, bool), Failure> {
        let limit = Instant::now() + self.image.timeout;
        self.api.deliver(Delivery {
            request: request.to_owned(),
            deadline: SystemTime::now() + self.image.timeout,
            arn: self.image.arn.clone(),
            trace: format!("Root=1-{}-{};Parent={};Sampled=0", mint::token(8), mint::token(24), mint::token(16)),
            payload,
        });
        loop {
            if let Event::Answered { request: answered, body, is_error } = self.next_event(limit).await?
                && answered == request
            {
                // Everything the handler printed is out once the runtime asks for more.
                if self.next_event(limit).await.is_err() {
                    self.alive = false;
                }
                return Ok((body, is_error));
            }
        }
    }

    /// Waits for the runtime to say something, with an eye on time and memory.
    async fn next_event(&mut self, limit: Instant) -> Result<Event, Failure> {
        let most = self.image.memory_mib * 1024 * 1024;
        let mut watch = tokio::time::interval(MEMORY_WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Some(event) = self.api.events.recv() => return Ok(event),
                exited = self.child.wait() => return Err(Failure::Exited(ending(exited))),
                () = tokio::time::sleep_until(limit) => return Err(Failure::TimedOut),
                _ = watch.tick() => {
                    let bytes = worker::resident_bytes(self.process);
                    self.peak_bytes = self.peak_bytes.max(bytes);
                    if bytes > most {
                        self.peak_bytes = most;
                        return Err(Failure::Exited("Runtime exited with error: signal: killed".to_owned()));
                    }
                }
            }
        }
    }

    /// Kills the process and says why, in the log and to the caller.
    async fn give_up(&mut self, request: &str, failure: Failure) -> (Bytes, bool, String) {
        self.alive = false;
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "an execution environment had ended");
        }
        self.transcript.settle().await;
        let (kind, message, status) = match failure {
            Failure::Init(body) => return (body, true, "Status: error\tError Type: Runtime.InitError".to_owned()),
            Failure::TimedOut => {
                let message = format!("Task timed out after {:.2} seconds", self.image.timeout.as_secs_f64());
                let moment = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
                self.transcript.line(&format!("{moment} {request} {message}"));
                ("Sandbox.Timedout", message, "Status: timeout".to_owned())
            }
            Failure::Exited(ending) => {
                self.transcript.line(&format!("RequestId: {request} Error: {ending}"));
                self.transcript.line("Runtime.ExitError");
                ("Runtime.ExitError", ending, "Status: error\tError Type: Runtime.ExitError".to_owned())
            }
        };
        let body = json!({ "errorType": kind, "errorMessage": format!("RequestId: {request} Error: {message}") });
        (Bytes::from(body.to_string()), true, status)
    }

    fn report(&self, request: &str, duration: Duration, init: Option<Duration>, status: &str) -> String {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let billed = milliseconds(duration + init.unwrap_or_default()).ceil();
        let used = self.peak_bytes.div_ceil(1024 * 1024);
        let mut report = format!(
            "REPORT RequestId: {request}\tDuration: {:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB\t\
             Max Memory Used: {used} MB\t",
            milliseconds(duration),
            self.image.memory_mib,
        );
        if let Some(init) = init {
            report.push_str(&format!("Init Duration: {:.2} ms\t", milliseconds(init)));
        }
        report + status
    }
}

fn ending(exited: std::io::Result<std::process::ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match exited.map(|status| (status.code(), status.signal())) {
        Ok((Some(0), _)) | Err(_) => "Runtime exited without providing a reason".to_owned(),
        Ok((Some(code), _)) => format!("Runtime exited with error: exit status {code}"),
        Ok((None, Some(9))) => "Runtime exited with error: signal: killed".to_owned(),
        Ok((None, signal)) => format!("Runtime exited with error: signal {}", signal.unwrap_or(0)),
    }
}

fn variables(image: &Image, around: &Surroundings<'_>, api: &str, stream: &str) -> Vec<(String, String)> {
    let task_root = image.task_root.display().to_string();
    let memory = image.memory_mib.to_string();
    let execution = format!("AWS_Lambda_{}", image.runtime);
    let module_path = image.module_path(around.managed);
    let fixed = [
        ("_HANDLER", image.handler.as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", "test"),
        ("AWS_DEFAULT_REGION", &image.region),
        ("AWS_REGION", &image.region),
        ("AWS_ENDPOINT_URL", around.endpoint),
        ("AWS_EXECUTION_ENV", &execution),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &image.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &image.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("LAMBDA_TASK_ROOT", &task_root),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("PYTHONPATH", &module_path),
        ("TZ", ":UTC"),
    ];
    // The function's own come first: what Lambda reserves cannot be theirs anyway, and the search path is ours.
    let own = image.variables.iter().map(|(key, value)| (key.clone(), value.clone()));
    own.chain(fixed.map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
}
