//! A local cloud of a test's own, with the shipped stack, which ends with the test.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Ran, copy_of_the_stack, ran, root, stack};

/// A folder with a stack and a local cloud of its own.
pub(crate) struct World {
    folder: tempfile::TempDir,
    home: PathBuf,
    port: u16,
    environment: Vec<(&'static str, &'static str)>,
}

impl World {
    /// Starts a local cloud.
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, &[])
    }

    /// Starts a local cloud with more in its environment.
    pub(crate) fn with(name: &str, environment: &[(&'static str, &'static str)]) -> Self {
        let (folder, _) = copy_of_the_stack();
        // The database servers run as users of their own, who must be able to get there.
        let home = std::env::temp_dir().join(format!("stack-test-{name}-{}", std::process::id()));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let world = Self { folder, home, port, environment: environment.to_vec() };
        world.stack(&["local", "up"]).exits(0);
        world
    }

    /// Prepares a run of the binary against this cloud.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = stack(self.folder.path());
        let python = root().join(".venv/bin/python");
        command.env("STACK_LOCAL_HOME", &self.home).env("STACK_LOCAL_PORT", self.port.to_string());
        command.env("STACK_PYTHON", python).env("STACK_TARGET", "local");
        if arguments.first() == Some(&"local") {
            command.env("STACK_LOG", "stack::localcloud::gateway=debug");
        }
        command.args(arguments).envs(self.environment.iter().copied());
        command
    }

    /// Runs the binary against this cloud.
    pub(crate) fn stack(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// The folder of the stack.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The folder of this cloud.
    pub(crate) fn home(&self) -> &std::path::Path {
        &self.home
    }

    /// The address of this cloud.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a file with data and returns its path.
    pub(crate) fn sample(&self, rows: u32) -> String {
        let path = self.folder.path().join("sample.csv").display().to_string();
        self.stack(&["data", "generate", &path, "--rows", &rows.to_string()]).exits(0);
        path
    }

    /// Writes a file with data and returns its path.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// What the local cloud has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("local-cloud.log")).unwrap_or_default()
    }

    /// How many database servers of this cloud run.
    pub(crate) fn servers(&self) -> usize {
        let home = self.home.display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        let words = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        words
            .filter(|line| line.contains(&home) && (line.contains("mariadbd") || line.contains("bin/postgres")))
            .count()
    }

    /// Runs Python with boto3 and returns what it prints.
    #[track_caller]
    pub(crate) fn boto3(&self, code: &str) -> String {
        let code = format!("ENDPOINT = \"http://127.0.0.1:{}\"\n{code}", self.port);
        let output = Command::new(root().join(".venv/bin/python")).args(["-c", &code]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Asks MySQL for one value, with the secret that RDS keeps.
    pub(crate) fn mysql(&self, query: &str) -> String {
        self.boto3(&format!(
            r#"
import boto3, json, pymysql
def client(name):
    return boto3.client(name, endpoint_url=ENDPOINT, region_name="us-east-2",
                        aws_access_key_id="x", aws_secret_access_key="y")
instance = client("rds").describe_db_instances()["DBInstances"][0]
secret = client("secretsmanager").get_secret_value(SecretId=instance["MasterUserSecret"]["SecretArn"])
secret = json.loads(secret["SecretString"])
server = pymysql.connect(host=instance["Endpoint"]["Address"], port=instance["Endpoint"]["Port"],
                         user=secret["username"], password=secret["password"])
with server.cursor() as cursor:
    cursor.execute({query:?})
    print(cursor.fetchone()[0])
"#
        ))
    }

    /// Stops the local cloud and starts it again.
    pub(crate) fn restart(&self) {
        self.stack(&["local", "down"]).exits(0);
        self.stack(&["local", "up"]).exits(0);
    }

    /// Stops the local cloud.
    pub(crate) fn down(&self) {
        self.stack(&["local", "down"]).exits(0);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stack(&["local", "down"]);
        // A leftover folder is no reason to fail.
        drop(std::fs::remove_dir_all(&self.home));
    }
}
