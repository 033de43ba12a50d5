//! The PostgreSQL server behind one Redshift cluster.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, NoTls};

use super::account::Account;
use super::process::{Launch, Process, prepare, runs_in};
use super::{EngineError, Server, binaries, port, random};

/// The name that Redshift's own superuser has.
pub(super) const ADMIN: &str = "rdsdb";
const START_LIMIT: Duration = Duration::from_secs(90);
const ATTEMPTS: usize = 3;
/// How long the last children of a killed server may take to end.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(30);
/// Above every process number that Linux gives.
const NO_PROCESS: &str = "4194304";

/// What a server of one cluster is started with.
#[derive(Debug, Clone)]
pub(crate) struct PostgresPlan {
    /// The cluster's own folder.
    pub folder: PathBuf,
    /// The port to listen on if it is free.
    pub port: u16,
}

impl PostgresPlan {
    /// Starts the server, on another port if the wanted one is taken, and waits until it answers.
    ///
    /// # Errors
    /// If no server is installed, the folder cannot be used, or the server does not come up.
    pub(crate) async fn start(&self) -> Result<Server, EngineError> {
        let programs = binaries::postgres_folder()?;
        let account = Account::for_server("postgres")?;
        self.make_folder(&programs, account).await?;
        let admin_password = random::password();
        Process::end_leftover(&self.folder).await;
        self.forget_dead_server()?;
        let begun = Instant::now();
        while let Err(error) = self.set_admin_password(&programs, account, &admin_password).await {
            if !error.to_string().contains("still in use") || begun.elapsed() > LEFTOVER_LIMIT {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let mut wanted = self.port;
        for _ in 1..ATTEMPTS {
            match self.start_once(&programs, account, wanted, &admin_password).await {
                // Most likely somebody took the port between our look and the server's, if only to look, too: then it is
                // free again by now, and only another port is safe.
                Err(EngineError::Died { .. }) => wanted = 0,
                outcome => return outcome,
            }
        }
        self.start_once(&programs, account, wanted, &admin_password).await
    }

    async fn start_once(
        &self,
        programs: &Path,
        account: Option<Account>,
        wanted: u16,
        admin_password: &str,
    ) -> Result<Server, EngineError> {
        let port = port::free_or_other(wanted).map_err(EngineError::file(&self.folder))?;
        let launch = Launch {
            program: programs.join("postgres"),
            arguments: self.arguments(port),
            folder: self.folder.clone(),
            account,
            stop_signal: "INT",
        };
        let mut process = Process::start(launch).await?;
        match wait_until_it_answers(&mut process, port, admin_password).await {
            Ok(()) => Ok(Server { process, port, admin_password: admin_password.to_owned() }),
            Err(error) => {
                process.stop().await;
                Err(error)
            }
        }
    }

    async fn make_folder(&self, programs: &Path, account: Option<Account>) -> Result<(), EngineError> {
        let data = self.data();
        if data.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder).map_err(EngineError::file(&self.folder))?;
        if let Some(account) = account {
            account.own(&self.folder)?;
        }
        let beside = self.folder.join("data.new");
        let _ = std::fs::remove_dir_all(&beside);
        let settings = ["--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync", "--no-instructions"];
        let mut arguments: Vec<OsString> = settings.map(OsString::from).into();
        arguments.push(format!("--username={ADMIN}").into());
        arguments.push(beside.clone().into());
        prepare(&programs.join("initdb"), &arguments, account, None).await?;
        let access = beside.join("pg_hba.conf");
        std::fs::write(&access, "host all all 127.0.0.1/32 scram-sha-256\n").map_err(EngineError::file(&access))?;
        std::fs::rename(&beside, &data).map_err(EngineError::file(&data))
    }

    /// Makes the lock file of a killed server say that it is dead, which a process that nobody has waited for yet would
    /// hide. The rest of the file stays: by it the next server sees whether children of the old one are still there.
    fn forget_dead_server(&self) -> Result<(), EngineError> {
        let path = self.data().join("postmaster.pid");
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
        let (first, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        if first.trim().parse().is_ok_and(|pid| runs_in(pid, &self.folder)) {
            return Ok(());
        }
        std::fs::write(&path, format!("{NO_PROCESS}\n{rest}")).map_err(EngineError::file(&path))
    }

    /// Gives the local cloud's own user a new password while no server runs, so that none is kept on disk.
    async fn set_admin_password(
        &self,
        programs: &Path,
        account: Option<Account>,
        password: &str,
    ) -> Result<(), EngineError> {
        let mut input = tempfile::NamedTempFile::new().map_err(EngineError::file(&self.folder))?;
        let statement = format!("ALTER ROLE {ADMIN} PASSWORD '{password}';\n");
        std::io::Write::write_all(&mut input, statement.as_bytes()).map_err(EngineError::file(input.path()))?;
        let arguments: Vec<OsString> =
            ["--single", "-D"].map(OsString::from).into_iter().chain([self.data().into(), "postgres".into()]).collect();
        prepare(&programs.join("postgres"), &arguments, account, Some(input.path())).await
    }

    fn arguments(&self, port: u16) -> Vec<OsString> {
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            // Loopback with a password is the only way in.
            "unix_socket_directories=".to_owned(),
            "shared_buffers=128MB".to_owned(),
            "maintenance_work_mem=64MB".to_owned(),
            "max_wal_size=2GB".to_owned(),
            "wal_level=minimal".to_owned(),
            "max_wal_senders=0".to_owned(),
            "max_connections=100".to_owned(),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "datestyle=ISO, MDY".to_owned(),
            "extra_float_digits=1".to_owned(),
        ];
        let mut words: Vec<OsString> = vec!["-D".into(), self.data().into()];
        for setting in settings {
            words.extend([OsString::from("-c"), OsString::from(setting)]);
        }
        words
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// Connects as the local cloud's own user.
///
/// # Errors
/// What the server said.
pub(crate) async fn connect(port: u16, password: &str, database: &str) -> Result<Client, tokio_postgres::Error> {
    connect_as(port, ADMIN, password, database).await
}

/// Connects as any user.
///
/// # Errors
/// What the server said.
pub(crate) async fn connect_as(
    port: u16,
    user: &str,
    password: &str,
    database: &str,
) -> Result<Client, tokio_postgres::Error> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(port).user(user).password(password).dbname(database).application_name("stack");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a cluster ended");
        }
    });
    Ok(client)
}

async fn wait_until_it_answers(process: &mut Process, port: u16, password: &str) -> Result<(), EngineError> {
    let begun = Instant::now();
    loop {
        if !process.is_running() {
            return Err(EngineError::Died { log: process.log_tail() });
        }
        let last = match connect(port, password, "postgres").await {
            Ok(_) => return Ok(()),
            Err(error) => error.to_string(),
        };
        if begun.elapsed() > START_LIMIT {
            return Err(EngineError::Silent { seconds: START_LIMIT.as_secs(), last });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Returns a name in double quotes.
pub(crate) fn quoted_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns a text in single quotes.
pub(crate) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns what gives a user another password.
pub(crate) fn password_statement(user: &str, password: &str) -> String {
    format!("ALTER ROLE {} PASSWORD {}", quoted_name(user), quoted_text(password))
}

/// Returns what the server said, without the client's own words.
pub(crate) fn message(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => {
            let detail = error.detail().map(|detail| format!("\n  Detail: {detail}")).unwrap_or_default();
            format!("ERROR: {}{detail}", error.message())
        }
        None => error.to_string(),
    }
}
