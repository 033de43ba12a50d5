//! The process of a run.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use aws_sdk_s3::Client;
use serde_json::Value;
use tokio::process::Child;

use super::arguments::Arguments;
use super::attempt::RunError;
use super::{files, library};
use crate::localcloud::cloud::Context;
use crate::localcloud::{sdk, worker};

/// The driver for `jdbc:mysql:` and `jdbc:mariadb:`, as Debian's `libmariadb-java` installs it.
const MYSQL_DRIVER: &str = "/usr/share/java/mariadb-java-client.jar";

/// Memory of the one JVM, which is driver and executor at once.
const JVM_MEMORY: &str = "2g";

/// Names a Spark cluster that runs the jobs in place of this machine, such as `spark://host:7077`.
const MASTER: &str = "STACK_SPARK_MASTER";

/// Names the file with the job's bookmark to the `awsglue` module.
const BOOKMARK: &str = "STACK_GLUE_BOOKMARK";

/// What a run is started from.
pub(super) struct Launch<'a> {
    pub(super) context: &'a Context,
    pub(super) region: &'a str,
    pub(super) job: &'a Value,
    pub(super) run: &'a Value,
    /// The run's own folder, removed after it.
    pub(super) folder: &'a Path,
    /// What the runs before have read.
    pub(super) bookmark: &'a str,
}

impl Launch<'_> {
    /// Fetches what the run needs and starts it; `said` hears of what cannot be done here.
    pub(super) async fn start(&self, said: &mut Vec<String>) -> Result<Child, RunError> {
        let identifier = self.run["Id"].as_str().unwrap_or_default();
        let arguments = Arguments::of(self.job, self.run);
        let client = sdk::s3(&self.context.endpoint, self.region).await;
        let script = self.job["Command"]["ScriptLocation"].as_str().unwrap_or_default();
        let script = files::fetch(&client, script, self.folder).await?;
        let library = self.folder.join("library");
        let runner = library::write(&library).map_err(|error| RunError::Folder(error.to_string()))?;
        let words = self.runner_words(&client, &arguments, &script).await?;
        if let Some(modules) = arguments.get("--additional-python-modules") {
            said.push(format!("--additional-python-modules is not installed locally: {modules}"));
        }
        let bookmark = self.folder.join("bookmark.json");
        std::fs::write(&bookmark, self.bookmark).map_err(|error| RunError::Folder(error.to_string()))?;
        let home = self.context.home.root();
        let mut command = worker::command(&self.context.python, home, identifier);
        command.arg(runner).args(words).arg("--").args(arguments.words()).current_dir(self.folder);
        command.env("PYTHONPATH", &library).env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("HOME", self.folder).env("TMPDIR", self.folder).env("TZ", "UTC");
        command.env(BOOKMARK, bookmark);
        command.env("AWS_ENDPOINT_URL", &self.context.endpoint);
        command.env("AWS_REGION", self.region).env("AWS_DEFAULT_REGION", self.region);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        if let Some(java) = std::env::var_os("JAVA_HOME") {
            command.env("JAVA_HOME", java);
        }
        let path = self.context.python.display().to_string();
        command.spawn().map_err(|error| RunError::Start { path, why: error.to_string() })
    }

    async fn runner_words(
        &self,
        client: &Client,
        arguments: &Arguments,
        script: &Path,
    ) -> Result<Vec<String>, RunError> {
        let text = |path: &Path| path.display().to_string();
        let buckets = self.context.home.buckets();
        std::fs::create_dir_all(&buckets).map_err(|error| RunError::Folder(error.to_string()))?;
        let mut words = vec!["--script".to_owned(), text(script)];
        let mut add = |name: &str, value: String| words.extend([name.to_owned(), value]);
        add("--s3-root", text(&buckets));
        add("--scratch", text(&self.folder.join("spark")));
        add("--name", self.run["JobName"].as_str().unwrap_or_default().to_owned());
        add("--cores", self.cores().to_string());
        if let Ok(master) = std::env::var(MASTER).map(|master| master.trim().to_owned())
            && !master.is_empty()
        {
            add("--master", master);
        }
        add("--memory", JVM_MEMORY.to_owned());
        add("--error-file", text(&error_file(self.folder)));
        add("--driver-jar", MYSQL_DRIVER.to_owned());
        for conf in arguments.confs() {
            add("--conf", conf.to_owned());
        }
        if let Some(folder) = self.event_log(arguments)? {
            add("--event-log", text(&folder));
        }
        for (argument, word) in [("--extra-jars", "--driver-jar"), ("--extra-py-files", "--py-files")] {
            for uri in arguments.list(argument) {
                add(word, text(&files::fetch(client, uri, self.folder).await?));
            }
        }
        for uri in arguments.list("--extra-files") {
            files::fetch(client, uri, self.folder).await?;
        }
        Ok(words)
    }

    /// Returns how many cores the run gets: those of its workers, as far as the machine has them.
    fn cores(&self) -> usize {
        let workers = self.run["NumberOfWorkers"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(2);
        available_parallelism().map_or(2, usize::from).min(workers * 4)
    }

    /// Returns the folder of the Spark UI's logs, if the run wants them.
    fn event_log(&self, arguments: &Arguments) -> Result<Option<PathBuf>, RunError> {
        let uri = arguments.get("--spark-event-logs-path").filter(|_| arguments.is_on("--enable-spark-ui"));
        let Some((bucket, prefix)) = uri.and_then(files::split) else { return Ok(None) };
        let bucket = self.context.home.buckets().join(bucket);
        if !bucket.is_dir() {
            let why = "NoSuchBucket from S3".to_owned();
            return Err(RunError::File { uri: uri.unwrap_or_default().to_owned(), why });
        }
        let folder = bucket.join(prefix.trim_matches('/'));
        std::fs::create_dir_all(&folder).map_err(|error| RunError::Folder(error.to_string()))?;
        Ok(Some(folder))
    }
}

/// Returns the bookmark that the script committed, if it did.
pub(super) fn committed_bookmark(folder: &Path) -> Option<String> {
    std::fs::read_to_string(folder.join("bookmark.json.committed")).ok()
}

/// Returns where the runner writes why a script failed.
pub(super) fn error_file(folder: &Path) -> PathBuf {
    folder.join("error.txt")
}
