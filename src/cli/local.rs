//! `stack local`: the local cloud itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::session::one;
use super::{Exit, Outcome};
use crate::diag::{Class, Diagnostic, Explain, Hint};
use crate::localcloud::{Cloud, DEFAULT_PORT, Engines, Home, Options, StartError};
use crate::ui::{Ui, confirm, is_interactive};
use crate::wait::{Backoff, Probe, WaitError, until};

/// How long the process may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long the process may take to stop its servers.
const STOP_LIMIT: Duration = Duration::from_secs(90);

/// Options of `stack local`.
#[derive(Debug, Args)]
pub struct LocalArgs {
    #[command(subcommand)]
    command: LocalCommand,
}

#[derive(Debug, Subcommand)]
enum LocalCommand {
    /// Start the local cloud in the background
    Up,
    /// Stop the local cloud and every server of it; the data stay
    Down,
    /// Show whether it runs, and where
    Status,
    /// Stop it and delete everything in it
    Reset {
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
    /// Run the local cloud in the foreground
    Serve,
}

/// Runs one of the commands.
pub(super) async fn run(ui: Ui, args: &LocalArgs, yes: bool) -> Outcome {
    if let Ok(port) = std::env::var("STACK_LOCAL_PORT")
        && port.parse::<u16>().is_err()
    {
        return Err(vec![Diagnostic::error(Class::Usage, format!("STACK_LOCAL_PORT is `{port}`, which is no port"))]);
    }
    if let Ok(word) = std::env::var("STACK_LOCAL_ENGINES")
        && Engines::parse(&word).is_none()
    {
        let message = format!("STACK_LOCAL_ENGINES is `{word}`, which is neither `on` nor `off`");
        return Err(vec![Diagnostic::error(Class::Usage, message)]);
    }
    match &args.command {
        LocalCommand::Up => {
            let endpoint = ensure_running(ui).await.map_err(|error| vec![*error])?;
            ui.answer(&endpoint, &json!({ "version": 1, "running": true, "endpoint": endpoint }));
            Ok(Exit::Done)
        }
        LocalCommand::Down => down(ui).await,
        LocalCommand::Status => status(ui).await,
        LocalCommand::Reset { force } => reset(ui, *force || yes).await,
        LocalCommand::Serve => serve(ui).await,
    }
}

/// Returns where the local cloud keeps its data. Root's home is closed to other users, and the database servers run as
/// other users, so root keeps it elsewhere.
fn home() -> PathBuf {
    if let Some(home) = std::env::var_os("STACK_LOCAL_HOME") {
        return PathBuf::from(home);
    }
    let user_home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_else(|| "/".into());
    if user_home == std::path::Path::new("/root") {
        return "/var/lib/stack/local".into();
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    state.unwrap_or_else(|| user_home.join(".local/state")).join("stack/local")
}

fn port() -> u16 {
    std::env::var("STACK_LOCAL_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(DEFAULT_PORT)
}

/// Returns the interpreter with pyspark and awslambdaric.
fn python() -> PathBuf {
    let python = std::env::var_os("STACK_PYTHON").map_or_else(|| ".venv/bin/python".into(), PathBuf::from);
    // Handlers and jobs run in folders of their own. Links are kept: a venv is known by the path of its interpreter.
    std::path::absolute(&python).unwrap_or(python)
}

/// Returns whether there are to be servers behind the control plane; there are, unless a person says otherwise.
fn engines() -> Engines {
    std::env::var("STACK_LOCAL_ENGINES").ok().and_then(|word| Engines::parse(&word)).unwrap_or(Engines::On)
}

fn endpoint() -> String {
    format!("http://127.0.0.1:{}", port())
}

/// Returns the endpoint of the local cloud if it runs.
pub(super) async fn running_endpoint() -> Result<Option<String>, Box<Diagnostic>> {
    Ok(is_ours().await?.then(endpoint))
}

/// Starts the local cloud if it does not run, and returns its endpoint.
pub(super) async fn ensure_running(ui: Ui) -> Result<String, Box<Diagnostic>> {
    if is_ours().await? {
        return Ok(endpoint());
    }
    let home = Home::new(home());
    let failed = |what: &str, error: &std::io::Error| {
        let mut diagnostic = Diagnostic::error(Class::Failed, what.to_owned());
        diagnostic.causes.push(error.to_string());
        Box::new(diagnostic)
    };
    std::fs::create_dir_all(home.root()).map_err(|error| {
        let mut diagnostic = failed(&format!("cannot make the folder `{}`", home.root().display()), &error);
        diagnostic.hints.push("choose another with STACK_LOCAL_HOME".into());
        diagnostic
    })?;
    let log = std::fs::OpenOptions::new().create(true).append(true).open(home.log());
    let log = log.map_err(|error| failed("cannot write the log of the local cloud", &error))?;
    let program = std::env::current_exe().map_err(|error| failed("cannot find this program", &error))?;
    let errors = log.try_clone().map_err(|error| failed("cannot write the log of the local cloud", &error))?;
    let mut command = tokio::process::Command::new(program);
    // A group of its own: Ctrl-C in this terminal is not meant for it.
    command.args(["local", "serve"]).stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
    let mut child = command.spawn().map_err(|error| failed("cannot start the local cloud", &error))?;
    let ready = until(START_LIMIT, Backoff::new(Duration::from_millis(50), Duration::from_secs(1)), || {
        let ended = child.try_wait();
        async move {
            if let Ok(Some(status)) = ended {
                return Ok(Probe::Failed(format!("it ended with {status}")));
            }
            let ours = is_ours().await.map_err(|error| std::io::Error::other(error.message))?;
            Ok::<_, std::io::Error>(if ours { Probe::Ready(()) } else { Probe::Pending("starting".into()) })
        }
    });
    ready.await.map_err(|error: WaitError<std::io::Error>| {
        let mut diagnostic = Diagnostic::error(Class::Failed, "the local cloud did not start");
        diagnostic.causes.push(error.to_string());
        Box::new(diagnostic.hint(format!("its log is `{}`", home.log().display())))
    })?;
    ui.status("Started", &format!("the local cloud at {}", endpoint()));
    Ok(endpoint())
}

/// Asks whose local cloud listens on the port.
async fn is_ours() -> Result<bool, Box<Diagnostic>> {
    let Some(health) = ask("GET", "/_stack/health").await else { return Ok(false) };
    let theirs = health["home"].as_str().map(PathBuf::from);
    let same = theirs.as_ref().is_some_and(|theirs| same_folder(theirs, &home()));
    if same {
        return Ok(true);
    }
    Err(Box::new(taken(theirs)))
}

fn same_folder(one: &std::path::Path, other: &std::path::Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn taken(theirs: Option<PathBuf>) -> Diagnostic {
    let by = theirs.map_or("another program".to_owned(), |home| format!("the local cloud of `{}`", home.display()));
    let error = Diagnostic::error(Class::Failed, format!("port {} is taken by {by}", port()));
    error.hint("choose another with STACK_LOCAL_PORT, such as `STACK_LOCAL_PORT=4567`")
}

/// Sends one small HTTP request; `None` if nobody listens. Something that is no local cloud answers with null.
async fn ask(method: &str, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port())).await.ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        port()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.take(65536).read_to_string(&mut answer)).await;
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let is_read = read.is_ok_and(|read| read.is_ok());
    Some(if is_read { serde_json::from_str(body).unwrap_or_default() } else { Value::Null })
}

async fn down(ui: Ui) -> Outcome {
    if !is_ours().await.map_err(|error| vec![*error])? {
        ui.answer("the local cloud does not run", &json!({ "version": 1, "running": false }));
        return Ok(Exit::Done);
    }
    ask("POST", "/_stack/stop").await;
    let gone = until(STOP_LIMIT, Backoff::new(Duration::from_millis(100), Duration::from_secs(1)), || async {
        let answer = ask("GET", "/_stack/health").await;
        Ok::<_, std::io::Error>(answer.map_or(Probe::Ready(()), |_| Probe::Pending("stopping".into())))
    });
    gone.await.map_err(|error| vec![Diagnostic::error(Class::Failed, format!("the local cloud: {error}"))])?;
    ui.answer("the local cloud is stopped; its data stay", &json!({ "version": 1, "running": false }));
    Ok(Exit::Done)
}

async fn status(ui: Ui) -> Outcome {
    let health = ask("GET", "/_stack/health").await;
    let ours = is_ours().await.map_err(|error| vec![*error])?;
    if ui.json {
        ui.json_data(&json!({ "version": 1, "running": ours, "endpoint": endpoint(), "health": health }));
    } else if ours {
        let pid = health.map(|health| health["pid"].to_string()).unwrap_or_default();
        ui.data(&format!("running at {} (process {pid}), data in `{}`", endpoint(), home().display()));
    } else {
        ui.data(&format!("not running; data in `{}`; `stack local up` starts it", home().display()));
    }
    Ok(Exit::Done)
}

async fn reset(ui: Ui, force: bool) -> Outcome {
    let folder = home();
    if !force {
        if !is_interactive() {
            let error = Diagnostic::error(Class::Refused, "nobody can be asked: this is no terminal");
            return Err(vec![error.hint("add `--force`")]);
        }
        if !confirm(&format!("delete everything in `{}`?", folder.display()), false) {
            return Ok(Exit::Failed);
        }
    }
    if folder.exists() && !folder.join("state").is_dir() {
        let message = format!("`{}` does not look like the folder of a local cloud", folder.display());
        return Err(vec![Diagnostic::error(Class::Refused, message).hint("is STACK_LOCAL_HOME right?")]);
    }
    down(ui).await?;
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let mut diagnostic = Diagnostic::error(Class::Failed, format!("cannot delete `{}`", folder.display()));
            diagnostic.causes.push(error.to_string());
            Err(vec![diagnostic])
        }
        _ => {
            ui.data(&format!("`{}` is deleted", folder.display()));
            Ok(Exit::Done)
        }
    }
}

impl Explain for StartError {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::PortTaken { .. } => vec!["choose another with STACK_LOCAL_PORT".into()],
            Self::Home { .. } => vec!["choose another folder with STACK_LOCAL_HOME".into()],
        }
    }
}

async fn serve(ui: Ui) -> Outcome {
    let options = Options { home: Home::new(home()), port: port(), python: python(), engines: engines() };
    let cloud = Cloud::start(options).await.map_err(one)?;
    ui.note(&format!("the local cloud listens at {}", cloud.endpoint()));
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|error| vec![Diagnostic::error(Class::Failed, format!("cannot listen for signals: {error}"))])?;
    tokio::select! {
        () = cloud.wait_stop_request() => {}
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    cloud.stop().await;
    Ok(Exit::Done)
}
