//! The hourly timer: a user timer of systemd, or a launch agent on macOS.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Stands in each file, so that nobody else's is removed.
const MADE_BY: &str = "Made by `stack remind --install`";

const EVERY_SECONDS: u32 = 3600;

const AGENT: &str = "stack.remind";

/// Which system wakes the timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waker {
    /// systemd.
    Systemd,
    /// launchd.
    Launchd,
}

impl Waker {
    /// Returns that of this system.
    pub(super) fn here() -> Self {
        if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd }
    }

    /// Returns the folder of its files; `config` is the folder of configurations, where one is set.
    pub(super) fn folder(self, home: &Path, config: Option<PathBuf>) -> PathBuf {
        match self {
            Self::Systemd => config.unwrap_or_else(|| home.join(".config")).join("systemd/user"),
            Self::Launchd => home.join("Library/LaunchAgents"),
        }
    }

    /// Returns its files, by name, with their text.
    pub(super) fn files(self, words: &[String]) -> Vec<(&'static str, String)> {
        match self {
            Self::Systemd => {
                let command = words.iter().map(|word| systemd_quoted(word)).collect::<Vec<_>>().join(" ");
                let about = format!("# {MADE_BY}\n[Unit]\nDescription=Say what of an AWS stack runs and costs money\n");
                vec![
                    ("stack-remind.service", format!("{about}\n[Service]\nType=oneshot\nExecStart={command}\n")),
                    (
                        "stack-remind.timer",
                        format!(
                            "{about}\n[Timer]\nOnCalendar=hourly\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
                        ),
                    ),
                ]
            }
            Self::Launchd => {
                let words: Vec<String> =
                    words.iter().map(|word| format!("    <string>{}</string>\n", xml_text(word))).collect();
                vec![(
                    "stack.remind.plist",
                    format!(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- {MADE_BY} -->\n<plist \
                         version=\"1.0\">\n<dict>\n  <key>Label</key>\n  <string>{AGENT}</string>\n  \
                         <key>ProgramArguments</key>\n  <array>\n{}  </array>\n  <key>StartInterval</key>\n  \
                         <integer>{EVERY_SECONDS}</integer>\n  <key>RunAtLoad</key>\n  <true/>\n</dict>\n</plist>\n",
                        words.concat()
                    ),
                )]
            }
        }
    }

    /// Returns the commands that make the timer run, or end it.
    pub(super) fn commands(self, folder: &Path, on: bool) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let reload = words(&["systemctl", "--user", "daemon-reload"]);
        match self {
            Self::Systemd if on => {
                vec![reload, words(&["systemctl", "--user", "enable", "--now", "stack-remind.timer"])]
            }
            Self::Systemd => vec![words(&["systemctl", "--user", "disable", "--now", "stack-remind.timer"])],
            Self::Launchd => {
                let file = folder.join("stack.remind.plist").display().to_string();
                vec![words(&["launchctl", if on { "load" } else { "unload" }, "-w", &file])]
            }
        }
    }

    /// Returns the commands that are needed after its files are gone.
    pub(super) fn commands_after(self) -> Vec<Vec<String>> {
        match self {
            Self::Systemd => vec![["systemctl", "--user", "daemon-reload"].map(str::to_owned).to_vec()],
            Self::Launchd => vec![],
        }
    }
}

/// Returns whether a text is of a file that we made.
pub(super) fn is_ours(text: &str) -> bool {
    text.contains(MADE_BY)
}

/// Runs commands up to the first that fails, and returns those that a person must still run, with the cause.
pub(super) fn carry_out(commands: &[Vec<String>]) -> Result<(), (String, String)> {
    for (position, words) in commands.iter().enumerate() {
        let Some((program, arguments)) = words.split_first() else { continue };
        let ran = Command::new(program).args(arguments).stdin(Stdio::null()).output();
        let cause = match ran {
            Ok(output) if output.status.success() => continue,
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().lines().next().unwrap_or_default().to_owned(),
            Err(error) => format!("`{program}`: {error}"),
        };
        let rest: Vec<String> = commands[position..].iter().map(|words| words.join(" ")).collect();
        return Err((rest.join(" && "), cause));
    }
    Ok(())
}

/// Returns a word as systemd reads it in `ExecStart`.
fn systemd_quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    let is_plain = !word.is_empty() && escaped == word && !word.contains(|letter: char| " \t';".contains(letter));
    if is_plain { escaped } else { format!("\"{escaped}\"") }
}

fn xml_text(word: &str) -> String {
    word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_timer() {
        let words = ["/opt/my tools/stack", "remind", "--wait", "--profile", "50%&more"].map(str::to_owned);
        let [(_, service), (_, timer)] = Waker::Systemd.files(&words).try_into().unwrap();
        insta::assert_snapshot!(service, @r#"
        # Made by `stack remind --install`
        [Unit]
        Description=Say what of an AWS stack runs and costs money

        [Service]
        Type=oneshot
        ExecStart="/opt/my tools/stack" remind --wait --profile "50%%&more"
        "#);
        assert!(timer.contains("OnCalendar=hourly\nPersistent=true\n") && is_ours(&timer));
        let [(_, agent)] = Waker::Launchd.files(&words).try_into().unwrap();
        assert!(agent.contains("<string>/opt/my tools/stack</string>") && agent.contains("50%&amp;more"), "{agent}");
        assert!(is_ours(&agent));
    }
}
