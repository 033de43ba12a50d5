//! `stack doctor`: the programs that the local cloud needs, found or missing, and installed with `--fix`.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::json;

use super::{Exit, Outcome};
use crate::diag::{Class, Diagnostic};
use crate::ui::Ui;

/// The virtual environment with the Python packages, beside `stacks/`.
const VENV: &str = ".venv";

/// Options of `stack doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Install what is missing, with apt-get and pip
    #[arg(long)]
    fix: bool,
}

/// Something that must be there.
struct Part {
    name: &'static str,
    purpose: &'static str,
    /// The package of Debian or Ubuntu, or the requirement for pip.
    source: Source,
    find: fn() -> Option<Found>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Debian(&'static str),
    PyPi(&'static str),
    Venv,
}

struct Found {
    version: String,
    place: PathBuf,
}

static PARTS: [Part; 10] = [
    Part {
        name: "MariaDB server",
        purpose: "MySQL on RDS",
        source: Source::Debian("mariadb-server"),
        find: || program(&["mariadbd", "mysqld"], &["/usr/sbin", "/usr/bin"], &["--version"]),
    },
    Part { name: "PostgreSQL server", purpose: "Redshift", source: Source::Debian("postgresql"), find: postgres },
    Part {
        name: "MariaDB JDBC driver",
        purpose: "Glue jobs that read MySQL",
        source: Source::Debian("libmariadb-java"),
        find: || file("/usr/share/java/mariadb-java-client.jar"),
    },
    Part {
        name: "Java",
        purpose: "Spark",
        source: Source::Debian("openjdk-17-jre-headless"),
        find: || program(&["java"], &["/usr/bin"], &["-version"]),
    },
    Part {
        name: "setpriv",
        purpose: "servers that end with the local cloud",
        source: Source::Debian("util-linux"),
        find: || program(&["setpriv"], &["/usr/bin"], &["--version"]),
    },
    Part {
        name: "Python 3 with venv",
        purpose: "Lambda, Glue and layers",
        source: Source::Debian("python3-venv"),
        find: python,
    },
    Part { name: "virtual environment", purpose: "Python packages", source: Source::Venv, find: venv },
    Part { name: "pyspark", purpose: "Glue jobs", source: Source::PyPi("pyspark==3.5.8"), find: || package("pyspark") },
    Part {
        name: "awslambdaric",
        purpose: "Lambda functions",
        source: Source::PyPi("awslambdaric==4.2.2"),
        find: || package("awslambdaric"),
    },
    Part {
        name: "boto3",
        purpose: "Lambda functions and Glue jobs",
        source: Source::PyPi("boto3"),
        find: || package("boto3"),
    },
];

/// Checks every part, and installs what is missing if asked.
pub(super) fn run(ui: Ui, args: &DoctorArgs) -> Outcome {
    let mut missing: Vec<&Part> = vec![];
    let mut lines = vec![];
    for part in &PARTS {
        match (part.find)() {
            Some(found) => {
                let place = found.place.display().to_string();
                report(ui, "found", part.name, &format!("{}, {place}", found.version));
                lines.push(json!({ "part": part.name, "state": "found", "version": found.version, "place": place }));
            }
            None => {
                if !args.fix {
                    report(ui, "missing", part.name, &format!("needed for {}", part.purpose));
                    lines.push(json!({ "part": part.name, "state": "missing", "purpose": part.purpose }));
                }
                missing.push(part);
            }
        }
    }
    if args.fix && !missing.is_empty() {
        fix(ui, &missing)?;
        for part in missing.drain(..) {
            let Some(found) = (part.find)() else {
                let message = format!("{} is still missing after it was installed", part.name);
                return Err(vec![Diagnostic::error(Class::Failed, message)]);
            };
            report(ui, "fixed", part.name, &format!("{}, {}", found.version, found.place.display()));
            lines.push(json!({ "part": part.name, "state": "fixed", "version": found.version }));
        }
    }
    if ui.json {
        ui.json_data(&json!({ "version": 1, "parts": lines }));
    }
    if missing.is_empty() {
        return Ok(Exit::Done);
    }
    let error = Diagnostic::error(Class::Failed, format!("{} of {} parts are missing", missing.len(), PARTS.len()));
    Err(vec![error.hint("`stack doctor --fix` installs them")])
}

fn report(ui: Ui, state: &str, name: &str, text: &str) {
    if !ui.json {
        ui.data(&format!("{state:<8} {name:<22} {text}"));
    }
}

fn fix(ui: Ui, missing: &[&Part]) -> Result<(), Vec<Diagnostic>> {
    let mut debian: Vec<&str> = vec![];
    let mut pypi: Vec<&str> = vec![];
    let mut needs_venv = false;
    for part in missing {
        match part.source {
            Source::Debian(package) => debian.push(package),
            Source::PyPi(requirement) => pypi.push(requirement),
            Source::Venv => needs_venv = true,
        }
    }
    if !debian.is_empty() {
        ui.status("Installing", &debian.join(", "));
        install(&["update"])?;
        install(&[&["install", "-y", "--no-install-recommends"], debian.as_slice()].concat())?;
    }
    if needs_venv {
        ui.status("Creating", VENV);
        command(Command::new("python3").args(["-m", "venv", VENV]))?;
    }
    if !pypi.is_empty() {
        ui.status("Installing", &pypi.join(", "));
        let mut pip = Command::new(venv_python());
        command(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(pypi))?;
    }
    Ok(())
}

/// Runs apt-get, through sudo for everybody but root.
fn install(arguments: &[&str]) -> Result<(), Vec<Diagnostic>> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut apt = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
    if !is_root {
        apt.arg("apt-get");
    }
    // Run level 1 keeps the packages from starting servers of their own.
    apt.arg("-q").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command(&mut apt)
}

fn command(command: &mut Command) -> Result<(), Vec<Diagnostic>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |cause: String| {
        let mut error = Diagnostic::error(Class::Failed, format!("`{name}` did not work"));
        error.causes.push(cause);
        vec![error.hint("the parts come from Debian or Ubuntu packages and from PyPI")]
    };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = text.lines().rev().take(5).collect();
    Err(failed(last.into_iter().rev().collect::<Vec<_>>().join(" / ")))
}

fn program(names: &[&str], folders: &[&str], version: &[&str]) -> Option<Found> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(folders.iter().map(PathBuf::from));
    let place =
        folders.flat_map(|folder| names.iter().map(move |name| folder.join(name))).find(|path| path.is_file())?;
    Some(Found { version: version_of(&place, version)?, place })
}

/// Returns the first line that a program prints of itself, on either stream.
fn version_of(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim().to_owned())
}

/// The server's programs are not on the path; one folder a major version.
fn postgres() -> Option<Found> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let place = folders.into_iter().rev().map(|folder| folder.join("postgres")).find(|path| path.is_file())?;
    Some(Found { version: version_of(&place, &["--version"])?, place })
}

fn file(path: &str) -> Option<Found> {
    let place = PathBuf::from(path);
    place.is_file().then(|| Found { version: "installed".into(), place })
}

fn python() -> Option<Found> {
    let found = program(&["python3"], &["/usr/bin"], &["--version"])?;
    version_of(&found.place, &["-c", "import venv, ensurepip; print('ok')"])?;
    Some(found)
}

/// Returns the interpreter that the local cloud uses.
fn venv_python() -> PathBuf {
    std::env::var_os("STACK_PYTHON").map_or_else(|| Path::new(VENV).join("bin/python"), PathBuf::from)
}

fn venv() -> Option<Found> {
    let place = venv_python();
    Some(Found { version: version_of(&place, &["--version"])?, place })
}

fn package(name: &str) -> Option<Found> {
    let code = format!("import importlib.metadata as m; print(m.version('{name}'))");
    let version = version_of(&venv_python(), &["-c", &code])?;
    Some(Found { version, place: venv_python() })
}
