//! A MySQL server of one instance: MariaDB's or MySQL's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use tokio::sync::Mutex;

use super::account::Account;
use super::process::{Launch, Process, prepare};
use super::{EngineError, Server, binaries, duplicate, port, random};

const ADMIN: &str = "rdsadmin";
const START_LIMIT: Duration = Duration::from_secs(90);
const ATTEMPTS: usize = 3;

/// Parameters that the local cloud gives every server, in place of the engine's own defaults.
const OWN_DEFAULTS: &[(&str, &str)] = &[
    ("character_set_server", "utf8mb4"),
    ("innodb_buffer_pool_size", "268435456"),
    // What is committed is with the kernel: it survives the process, though not the machine.
    ("innodb_flush_log_at_trx_commit", "2"),
    // Like RDS MySQL 8.4, whose default this is.
    (
        "sql_mode",
        "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ENGINE_SUBSTITUTION",
    ),
];

/// Only one template is made at a time.
static TEMPLATE: Mutex<()> = Mutex::const_new(());

/// Whose server is behind the port; they name some parameters differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    MariaDb,
    MySql,
}

/// What a server of one instance is started with.
#[derive(Debug, Clone)]
pub(crate) struct MySqlPlan {
    /// The instance's own folder.
    pub folder: PathBuf,
    /// A folder shared by all instances, for the empty data folder that new ones are copied from.
    pub template: PathBuf,
    /// The port to listen on if it is free.
    pub port: u16,
    /// Server parameters as RDS names them.
    pub parameters: Vec<(String, String)>,
    /// Statements to run at this start, one a line, before any client is let in.
    pub bootstrap: Vec<String>,
}

impl MySqlPlan {
    /// Starts the server, on another port if the wanted one is taken, and waits until it answers.
    ///
    /// # Errors
    /// If no server is installed, the folder cannot be used, or the server does not come up.
    pub(crate) async fn start(&self) -> Result<Server, EngineError> {
        let program = binaries::mysql_server()?;
        let account = Account::for_server("mysql")?;
        let flavour = flavour(&program);
        self.make_folder(&program, flavour, account).await?;
        let mut wanted = self.port;
        for _ in 1..ATTEMPTS {
            match self.start_once(&program, flavour, account, wanted).await {
                // Most likely somebody took the port between our look and the server's, if only to look, too: then it is
                // free again by now, and only another port is safe.
                Err(EngineError::Died { .. }) => wanted = 0,
                outcome => return outcome,
            }
        }
        self.start_once(&program, flavour, account, wanted).await
    }

    async fn start_once(
        &self,
        program: &Path,
        flavour: Flavour,
        account: Option<Account>,
        wanted: u16,
    ) -> Result<Server, EngineError> {
        let port = port::free_or_other(wanted).map_err(EngineError::file(&self.folder))?;
        let admin_password = random::password();
        let init_file = self.write_init_file(&admin_password, account)?;
        let launch = Launch {
            program: program.to_path_buf(),
            arguments: self.arguments(flavour, port, &init_file),
            folder: self.folder.clone(),
            account,
            stop_signal: "TERM",
        };
        let mut process = Process::start(launch).await?;
        let answer = wait_until_it_answers(&mut process, port, &admin_password).await;
        // The file holds passwords; by now the server has read it.
        let _ = std::fs::remove_file(&init_file);
        match answer {
            Ok(()) => Ok(Server { process, port, admin_password }),
            Err(error) => {
                process.stop().await;
                Err(error)
            }
        }
    }

    /// Copies the template to be the data folder of a new instance: 30 ms instead of seconds.
    async fn make_folder(&self, program: &Path, flavour: Flavour, account: Option<Account>) -> Result<(), EngineError> {
        let data = self.folder.join("data");
        if data.exists() {
            return Ok(());
        }
        make_template(&self.template, program, flavour, account).await?;
        std::fs::create_dir_all(&self.folder).map_err(EngineError::file(&self.folder))?;
        if let Some(account) = account {
            account.own(&self.folder)?;
        }
        duplicate(&self.template.join("data"), &data).map_err(EngineError::file(&data))
    }

    fn write_init_file(&self, password: &str, account: Option<Account>) -> Result<PathBuf, EngineError> {
        let path = self.folder.join("init.sql");
        let mut lines = vec![
            "DROP USER IF EXISTS 'root'@'localhost', 'mysql'@'localhost'".to_owned(),
            format!("CREATE USER IF NOT EXISTS '{ADMIN}'@'127.0.0.1'"),
            format!("ALTER USER '{ADMIN}'@'127.0.0.1' IDENTIFIED BY '{password}'"),
            format!("GRANT ALL PRIVILEGES ON *.* TO '{ADMIN}'@'127.0.0.1' WITH GRANT OPTION"),
        ];
        lines.extend(self.bootstrap.iter().cloned());
        // Created closed to others before anything secret is in it.
        let _ = std::fs::remove_file(&path);
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
        let mut file = options.open(&path).map_err(EngineError::file(&path))?;
        let text = lines.iter().map(|line| format!("{line};\n")).collect::<String>();
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(EngineError::file(&path))?;
        if let Some(account) = account {
            account.own(&path)?;
        }
        Ok(path)
    }

    fn arguments(&self, flavour: Flavour, port: u16, init_file: &Path) -> Vec<OsString> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let mut words = vec![
            "--no-defaults".to_owned(),
            format!("--datadir={}", path("data")),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            // Relative to the data folder: an absolute path may be longer than a socket's may be.
            "--socket=server.sock".to_owned(),
            "--pid-file=server.pid".to_owned(),
            format!("--init-file={}", init_file.display()),
            "--skip-name-resolve".to_owned(),
            "--performance-schema=OFF".to_owned(),
            "--skip-log-bin".to_owned(),
            "--slow-query-log-file=slow.log".to_owned(),
            "--general-log-file=general.log".to_owned(),
        ];
        words.extend(OWN_DEFAULTS.iter().map(|(name, value)| format!("--{name}={value}")));
        match flavour {
            Flavour::MariaDb => {
                words.push("--collation-server=utf8mb4_uca1400_nopad_ai_ci".to_owned());
                words.push("--innodb-log-file-size=96M".to_owned());
            }
            Flavour::MySql => words.push("--mysqlx=OFF".to_owned()),
        }
        words.extend(self.parameters.iter().filter_map(|(name, value)| parameter(flavour, name, value)));
        words.into_iter().map(OsString::from).collect()
    }
}

/// Runs statements as the local cloud's own user.
///
/// # Errors
/// If the server cannot be reached or refuses one.
pub(crate) async fn run(port: u16, password: &str, statements: &[String]) -> Result<(), EngineError> {
    let refused = |error: mysql_async::Error| EngineError::Statement(error.to_string());
    let mut connection = connect(port, password).await.map_err(refused)?;
    for statement in statements {
        connection.query_drop(statement).await.map_err(refused)?;
    }
    connection.disconnect().await.map_err(refused)
}

/// Returns what sets a parameter in a running server, to a value or to what it would have at a start.
pub(crate) fn set_statement(name: &str, value: Option<&str>) -> String {
    let own = || OWN_DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    match value.or_else(own) {
        None => format!("SET GLOBAL {name} = DEFAULT"),
        Some(number) if number.parse::<f64>().is_ok() => format!("SET GLOBAL {name} = {number}"),
        Some(text) => format!("SET GLOBAL {name} = '{}'", text.replace('\\', "\\\\").replace('\'', "''")),
    }
}

/// Returns the same in the words of MariaDB where it has other ones.
pub(crate) fn set_statement_of_mariadb(name: &str, value: Option<&str>) -> Option<String> {
    let (other, translated) = dialect(Flavour::MariaDb, name, value.unwrap_or_default());
    let is_other = other != name || value.is_some_and(|value| value != translated);
    is_other.then(|| set_statement(&other, value.map(|_| translated.as_str())))
}

/// Translates one server parameter. `loose` makes the server warn in its log about a name that it does not know.
fn parameter(flavour: Flavour, name: &str, value: &str) -> Option<String> {
    if value.contains('{') {
        // A formula over the size of the instance, which a laptop does not have.
        return None;
    }
    let (name, value) = dialect(flavour, name, value);
    Some(format!("--loose-{name}={value}"))
}

fn dialect(flavour: Flavour, name: &str, value: &str) -> (String, String) {
    match (flavour, name) {
        (Flavour::MariaDb, "innodb_redo_log_capacity") => ("innodb_log_file_size".to_owned(), value.to_owned()),
        (Flavour::MariaDb, "collation_server") => (name.to_owned(), collation(value)),
        _ => (name.to_owned(), value.to_owned()),
    }
}

/// Returns MariaDB's name of a collation that MySQL 8 added.
fn collation(name: &str) -> String {
    match name.split_once("_0900_") {
        Some((charset, "bin")) => format!("{charset}_nopad_bin"),
        Some((charset, rest)) => format!("{charset}_uca1400_nopad_{rest}"),
        None => name.to_owned(),
    }
}

fn flavour(program: &Path) -> Flavour {
    let version = std::process::Command::new(program).arg("--version").output();
    let text = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if text.contains("MariaDB") { Flavour::MariaDb } else { Flavour::MySql }
}

async fn make_template(
    folder: &Path,
    server: &Path,
    flavour: Flavour,
    account: Option<Account>,
) -> Result<(), EngineError> {
    let _one_at_a_time = TEMPLATE.lock().await;
    let finished = folder.join("data");
    if finished.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(EngineError::file(folder))?;
    if let Some(account) = account {
        account.own(folder)?;
    }
    let beside = folder.join("data.new");
    let _ = std::fs::remove_dir_all(&beside);
    let data = OsString::from(format!("--datadir={}", beside.display()));
    let words = |list: &[&str]| list.iter().map(OsString::from).chain([data.clone()]).collect::<Vec<_>>();
    match flavour {
        Flavour::MariaDb => {
            let missing = EngineError::Missing { what: "mariadb-install-db", package: "mariadb-server" };
            let program = binaries::find("mariadb-install-db").ok_or(missing)?;
            let normal = "--auth-root-authentication-method=normal";
            let arguments = words(&["--no-defaults", "--skip-test-db", normal, "--innodb-log-file-size=8M"]);
            prepare(&program, &arguments, account, None).await?;
        }
        Flavour::MySql => prepare(server, &words(&["--no-defaults", "--initialize-insecure"]), account, None).await?,
    }
    std::fs::rename(&beside, &finished).map_err(EngineError::file(&finished))
}

async fn connect(port: u16, password: &str) -> Result<Conn, mysql_async::Error> {
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .user(Some(ADMIN))
        .pass(Some(password))
        .prefer_socket(false);
    Conn::new(options).await
}

async fn wait_until_it_answers(process: &mut Process, port: u16, password: &str) -> Result<(), EngineError> {
    let begun = Instant::now();
    loop {
        if !process.is_running() {
            return Err(EngineError::Died { log: process.log_tail() });
        }
        let last = match connect(port, password).await {
            Ok(connection) => return connection.disconnect().await.or(Ok(())),
            Err(error) => error.to_string(),
        };
        if begun.elapsed() > START_LIMIT {
            return Err(EngineError::Silent { seconds: START_LIMIT.as_secs(), last });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_mysql_are_translated_for_mariadb() {
        let translate = |name, value| parameter(Flavour::MariaDb, name, value).unwrap();
        assert_eq!(translate("innodb_redo_log_capacity", "1024"), "--loose-innodb_log_file_size=1024");
        assert_eq!(
            translate("collation_server", "utf8mb4_0900_as_cs"),
            "--loose-collation_server=utf8mb4_uca1400_nopad_as_cs"
        );
        assert_eq!(translate("max_allowed_packet", "1024"), "--loose-max_allowed_packet=1024");
    }

    #[test]
    fn a_reset_goes_back_to_what_a_start_gives() {
        assert_eq!(set_statement("max_allowed_packet", Some("1024")), "SET GLOBAL max_allowed_packet = 1024");
        assert_eq!(set_statement("max_allowed_packet", None), "SET GLOBAL max_allowed_packet = DEFAULT");
        let capacity = set_statement_of_mariadb("innodb_redo_log_capacity", Some("8388608"));
        assert_eq!(capacity.as_deref(), Some("SET GLOBAL innodb_log_file_size = 8388608"));
        assert_eq!(set_statement_of_mariadb("max_allowed_packet", Some("1024")), None);
        assert!(set_statement("sql_mode", None).contains("'ONLY_FULL_GROUP_BY"));
    }

    #[test]
    fn formulas_are_left_out() {
        assert_eq!(parameter(Flavour::MariaDb, "innodb_buffer_pool_size", "{DBInstanceClassMemory*3/4}"), None);
    }
}
