//! `stack remind --install` and `--uninstall`: asks, shows what will be written and where, and writes it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::ValueEnum;
use serde_json::json;

use super::args::Global;
use super::session::{ask, given_target};
use super::shell_block::{self, Broken, Shell, quoted};
use super::timer::{self, Waker};
use super::{Exit, Outcome, region};
use crate::diag::{Class, Diagnostic};
use crate::ui::{Ui, choose_one, is_interactive};

/// Where the reminder is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Place {
    /// To the start file of the shell: a line before the prompt, every ten minutes at the most
    Shell,
    /// To the timers of the user: a notification every hour
    Timer,
}

/// What is written or removed: a file with its text from then on; without text it is deleted.
struct Edit {
    file: PathBuf,
    text: Option<Vec<u8>>,
}

/// Adds the reminder.
pub(super) async fn install(ui: Ui, global: &Global, place: Option<Place>) -> Outcome {
    let Some(place) = chosen(place)? else { return Ok(nothing_done(ui)) };
    let words = words(global, place).await?;
    let (edits, shown) = match place {
        Place::Shell => shell_edit(&words)?,
        Place::Timer => timer_edits(&words)?,
    };
    ui.note(&shown);
    let files: Vec<String> = edits.iter().map(|edit| format!("`{}`", edit.file.display())).collect();
    if !ask(global, &format!("write this to {}?", files.join(" and ")))? {
        return Ok(nothing_done(ui));
    }
    carry_out(&edits)?;
    let mut left = None;
    let text = match place {
        Place::Shell => format!("the reminder is in {}; new shells show it", files.join(" and ")),
        Place::Timer => {
            let commands = Waker::here().commands(&timer_folder()?, true);
            left = timer::carry_out(&commands).err();
            match &left {
                None => format!("the reminder is in {} and comes every hour", files.join(" and ")),
                Some((command, why)) => {
                    format!("the reminder is in {}, but does not run yet ({why}): run `{command}`", files.join(" and "))
                }
            }
        }
    };
    let paths: Vec<&Path> = edits.iter().map(|edit| edit.file.as_path()).collect();
    let run = left.map(|(command, _)| command);
    ui.answer(&text, &json!({ "version": 1, "written": paths, "removed": [], "run": run }));
    Ok(Exit::Done)
}

/// Removes the reminder from wherever it is.
pub(super) fn uninstall(ui: Ui, global: &Global) -> Outcome {
    let mut edits = vec![];
    for shell in Shell::ALL {
        let file = shell_file(shell)?;
        let without = shell_block::remove(&read(&file)?).map_err(|_: Broken| broken(&file))?;
        edits.extend(without.map(|text| Edit { file, text: Some(text) }));
    }
    let (waker, folder) = (Waker::here(), timer_folder()?);
    let of_timer = waker.files(&[]).into_iter().map(|(name, _)| folder.join(name));
    let of_timer = of_timer.filter(|file| fs::read_to_string(file).is_ok_and(|text| timer::is_ours(&text)));
    let of_timer: Vec<Edit> = of_timer.map(|file| Edit { file, text: None }).collect();
    let has_timer = !of_timer.is_empty();
    edits.extend(of_timer);
    let paths: Vec<&Path> = edits.iter().map(|edit| edit.file.as_path()).collect();
    let value = json!({ "version": 1, "written": [], "removed": paths, "run": null });
    if edits.is_empty() {
        ui.answer("nothing was there to be removed", &value);
        return Ok(Exit::Done);
    }
    let say = |edit: &Edit| match edit.text {
        Some(_) => format!("its lines in `{}`", edit.file.display()),
        None => format!("`{}`", edit.file.display()),
    };
    let things = edits.iter().map(say).collect::<Vec<_>>().join(", ");
    if !ask(global, &format!("remove the reminder: {things}?"))? {
        return Ok(nothing_done(ui));
    }
    if has_timer {
        // Where the timer does not run there is nothing to end.
        drop(timer::carry_out(&waker.commands(&folder, false)));
    }
    carry_out(&edits)?;
    if has_timer {
        drop(timer::carry_out(&waker.commands_after()));
    }
    ui.answer(&format!("removed: {things}"), &value);
    Ok(Exit::Done)
}

/// Lets the person choose where no place is given.
fn chosen(place: Option<Place>) -> Result<Option<Place>, Vec<Diagnostic>> {
    if place.is_some() {
        return Ok(place);
    }
    if !is_interactive() {
        let error = Diagnostic::error(Class::Refused, "nobody can be asked: this is no terminal");
        return Err(vec![error.hint("say where, and that it may be written: `stack remind --install shell --yes`")]);
    }
    let choices = [
        "the start file of the shell: a line before the prompt, every ten minutes at the most".to_owned(),
        "a timer: a notification every hour".to_owned(),
        "nowhere".to_owned(),
    ];
    Ok(match choose_one("where should the reminder be added?", &choices) {
        Some(0) => Some(Place::Shell),
        Some(1) => Some(Place::Timer),
        _ => None,
    })
}

fn nothing_done(ui: Ui) -> Exit {
    ui.note("nothing was changed");
    Exit::Failed
}

/// Returns the command of the reminder: this program, with the way to AWS as it is now.
async fn words(global: &Global, place: Place) -> Result<Vec<String>, Vec<Diagnostic>> {
    let program = std::env::current_exe().map_err(|error| failed("cannot find this program", &error))?;
    let region = region::find(global).await?;
    let target = given_target(global, &region);
    let mut words = vec![program.display().to_string(), "remind".to_owned()];
    if place == Place::Timer {
        words.extend(["--wait", "--notify"].map(str::to_owned));
    }
    words.extend(["--region".to_owned(), region]);
    // A timer does not see the environment of this shell.
    let usual = (place == Place::Timer).then(|| std::env::var("AWS_PROFILE").ok()).flatten();
    words.extend(target.profile.or(usual).into_iter().flat_map(|profile| ["--profile".to_owned(), profile]));
    words.extend(target.endpoint_url.into_iter().flat_map(|url| ["--endpoint-url".to_owned(), url]));
    words.extend(target.any_credentials.then(|| "--local".to_owned()));
    Ok(words)
}

/// Returns what installing in the shell writes, and how it is shown.
fn shell_edit(words: &[String]) -> Result<(Vec<Edit>, String), Vec<Diagnostic>> {
    let program = std::env::var_os("SHELL").map(PathBuf::from).unwrap_or_default();
    let Some(shell) = Shell::of(&program) else {
        let message = format!("the shell `{}` is not known: bash, zsh and fish are", program.display());
        let line = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let error = Diagnostic::error(Class::Refused, message);
        return Err(vec![error.hint(format!("add this to its start file yourself: `{line}`"))]);
    };
    let (file, lines) = (shell_file(shell)?, shell.lines(words));
    let text = shell_block::insert(&read(&file)?, &lines).map_err(|_: Broken| broken(&file))?;
    let shown = format!("{}:\n{}", file.display(), indented(&lines));
    Ok((vec![Edit { file, text: Some(text) }], shown))
}

/// Returns what installing the timer writes, and how it is shown.
fn timer_edits(words: &[String]) -> Result<(Vec<Edit>, String), Vec<Diagnostic>> {
    let (folder, mut edits, mut shown) = (timer_folder()?, vec![], String::new());
    for (name, text) in Waker::here().files(words) {
        let file = folder.join(name);
        let before = String::from_utf8_lossy(&read(&file)?).into_owned();
        if !before.is_empty() && !timer::is_ours(&before) {
            let message = format!("`{}` exists and was not made by `stack`", file.display());
            return Err(vec![Diagnostic::error(Class::Refused, message).hint("move it away")]);
        }
        shown += &format!("{}:\n{}", file.display(), indented(&text));
        edits.push(Edit { file, text: Some(text.into_bytes()) });
    }
    let commands = Waker::here().commands(&folder, true);
    let commands: Vec<String> = commands.iter().map(|words| format!("  {}\n", words.join(" "))).collect();
    Ok((edits, format!("{shown}and run:\n{}", commands.concat())))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn home() -> Result<PathBuf, Vec<Diagnostic>> {
    variable("HOME").ok_or_else(|| vec![Diagnostic::error(Class::Failed, "HOME is not set, so no start file is known")])
}

fn shell_file(shell: Shell) -> Result<PathBuf, Vec<Diagnostic>> {
    Ok(shell.file(&home()?, variable))
}

fn timer_folder() -> Result<PathBuf, Vec<Diagnostic>> {
    Ok(Waker::here().folder(&home()?, variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute())))
}

/// Returns the bytes of a file; one that does not exist has none.
fn read(file: &Path) -> Result<Vec<u8>, Vec<Diagnostic>> {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        outcome => outcome.map_err(|error| failed(&format!("cannot read `{}`", file.display()), &error)),
    }
}

fn carry_out(edits: &[Edit]) -> Result<(), Vec<Diagnostic>> {
    for Edit { file, text } in edits {
        match text {
            Some(text) => {
                write(file, text).map_err(|error| failed(&format!("cannot write `{}`", file.display()), &error))?
            }
            None => {
                fs::remove_file(file).map_err(|error| failed(&format!("cannot delete `{}`", file.display()), &error))?
            }
        }
    }
    Ok(())
}

/// Writes a file as a whole or not at all. A link stays a link, and the rights stay as they are.
fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    let is_link = fs::symlink_metadata(file).is_ok_and(|data| data.is_symlink());
    let file = if is_link { file.canonicalize()? } else { file.to_path_buf() };
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(text)?;
    fresh.as_file().set_permissions(rights(&file, fresh.as_file())?)?;
    fresh.as_file().sync_all()?;
    fresh.persist(&file)?;
    Ok(())
}

/// Returns the rights of the file that is replaced; a new one may be read by everybody, as start files are.
#[cfg(unix)]
fn rights(file: &Path, _fresh: &fs::File) -> io::Result<fs::Permissions> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        }
        outcome => outcome.map(|data| data.permissions()),
    }
}

#[cfg(not(unix))]
fn rights(_file: &Path, fresh: &fs::File) -> io::Result<fs::Permissions> {
    fresh.metadata().map(|data| data.permissions())
}

fn failed(what: &str, error: &io::Error) -> Vec<Diagnostic> {
    let mut diagnostic = Diagnostic::error(Class::Failed, what.to_owned());
    diagnostic.causes.push(error.to_string());
    vec![diagnostic]
}

fn broken(file: &Path) -> Vec<Diagnostic> {
    let message = format!("`{}` has the first mark of the reminder without the last", file.display());
    let error = Diagnostic::error(Class::Refused, message);
    vec![error.hint("delete the lines from `# >>> stack remind >>>` on yourself")]
}
