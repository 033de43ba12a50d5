//! The lines of the reminder in the start file of a shell, between two marks. All other bytes stay as they are.

use std::path::{Path, PathBuf};

const FIRST: &[u8] = b"# >>> stack remind >>>";
const LAST: &[u8] = b"# <<< stack remind <<<";

/// Stands behind the first mark where the file did not end with a line break, so that removing leaves none.
const JOINED: &[u8] = b" the line above had no end";

/// How often a prompt asks, in seconds.
const PAUSE_SECONDS: u32 = 600;

/// A shell whose start file we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

/// The first mark without the last one: somebody edited between them, and nobody knows where our lines end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Shell {
    /// All that we know.
    pub(super) const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    /// Returns the shell by the path of its program.
    pub(super) fn of(program: &Path) -> Option<Self> {
        match program.file_name()?.to_str()? {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// Returns its start file; `variable` looks into the environment.
    pub(super) fn file(self, home: &Path, variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
        let folder = |name: &str| variable(name).filter(|path| path.is_absolute());
        match self {
            Self::Bash => home.join(".bashrc"),
            Self::Zsh => folder("ZDOTDIR").unwrap_or_else(|| home.to_path_buf()).join(".zshrc"),
            Self::Fish => folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("fish/config.fish"),
        }
    }

    /// Returns the lines that run `words` before a prompt, every ten minutes at the most. They do nothing where the
    /// program is gone or nobody sits before the shell, and they leave the exit code of the last command alone.
    pub(super) fn lines(self, words: &[String]) -> String {
        let quoted: Vec<String> = words.iter().map(|word| self.quoted(word)).collect();
        let (program, command) = (quoted.first().cloned().unwrap_or_default(), quoted.join(" "));
        let about =
            "# Says what of an AWS stack runs and costs money; `stack remind --uninstall` removes these lines.\n";
        let function = format!(
            "  _stack_remind() {{\n    local code=$?\n    if (( SECONDS >= ${{_stack_remind_at:-0}} )) && [[ -x {program} \
             ]]; then\n      _stack_remind_at=$(( SECONDS + {PAUSE_SECONDS} ))\n      {command}\n    fi\n    return \
             $code\n  }}\n"
        );
        let body = match self {
            Self::Bash => format!(
                "if [[ $- == *i* ]]; then\n{function}  [[ ${{PROMPT_COMMAND[*]-}} == *_stack_remind* ]] ||\n    \
                 PROMPT_COMMAND=\"_stack_remind${{PROMPT_COMMAND:+;$PROMPT_COMMAND}}\"\nfi\n"
            ),
            Self::Zsh => format!(
                "if [[ -o interactive ]]; then\n{function}  autoload -Uz add-zsh-hook && add-zsh-hook precmd \
                 _stack_remind\nfi\n"
            ),
            Self::Fish => format!(
                "if status is-interactive\n    function _stack_remind --on-event fish_prompt\n        set -l now (date \
                 +%s)\n        set -q _stack_remind_at; or set -g _stack_remind_at 0\n        if test $now -ge \
                 $_stack_remind_at -a -x {program}\n            set -g _stack_remind_at (math $now + \
                 {PAUSE_SECONDS})\n            {command}\n        end\n    end\nend\n"
            ),
        };
        format!("{about}{body}")
    }

    fn quoted(self, word: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => quoted(word),
            Self::Fish => format!("'{}'", word.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

/// Returns a word as a POSIX shell reads it; plain words stay as they are.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Returns the text with `lines` between the marks: where they stood before, or else at the end.
pub(super) fn insert(text: &[u8], lines: &str) -> Result<Vec<u8>, Broken> {
    if let Some((start, end)) = find(text)? {
        let first = text[start..end].split(|byte| *byte == b'\n').next().unwrap_or(FIRST);
        return Ok([&text[..start], &block(first, lines), &text[end..]].concat());
    }
    let is_ended = text.is_empty() || text.ends_with(b"\n");
    Ok(match is_ended {
        true => [text, &block(FIRST, lines)].concat(),
        false => [text, b"\n", &block(&[FIRST, JOINED].concat(), lines)].concat(),
    })
}

/// Returns the text without the marks and what stands between them; `None` if they are not there.
pub(super) fn remove(text: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
    let Some((start, end)) = find(text)? else { return Ok(None) };
    let had_no_end = text[start + FIRST.len()..].starts_with(JOINED);
    // Whoever wrote a line after ours keeps the break before it.
    let keeps = if had_no_end && end == text.len() { start.saturating_sub(1) } else { start };
    Ok(Some([&text[..keeps], &text[end..]].concat()))
}

fn block(first: &[u8], lines: &str) -> Vec<u8> {
    [first, b"\n", lines.as_bytes(), LAST, b"\n"].concat()
}

/// Returns from where to where our lines reach, the break behind them included.
fn find(text: &[u8]) -> Result<Option<(usize, usize)>, Broken> {
    let Some((start, _)) = line_with(text, 0, FIRST) else { return Ok(None) };
    let (_, end) = line_with(text, start, LAST).ok_or(Broken)?;
    Ok(Some((start, end)))
}

/// Returns where the first line after `from` that begins with `mark` starts and ends.
fn line_with(text: &[u8], from: usize, mark: &[u8]) -> Option<(usize, usize)> {
    let mut start = from;
    for line in text.get(from..)?.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(mark) {
            return Some((start, start + line.len()));
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_the_file_holds_it_is_the_same_after_all(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let once = insert(&text, "one\n").unwrap();
            let twice = insert(&once, "two\nlines\n").unwrap();
            prop_assert!(once.starts_with(&text) && twice.starts_with(&text));
            prop_assert_eq!(twice.windows(FIRST.len()).filter(|bytes| *bytes == FIRST).count(), 1);
            prop_assert_eq!(remove(&twice).unwrap(), Some(text.clone()));
            prop_assert_eq!(remove(&text).unwrap(), None);
        }
    }

    #[test]
    fn what_others_write_behind_it_stays() {
        let text = [insert(b"alias a=b", "one\n").unwrap(), b"alias c=d\n".to_vec()].concat();
        let again = insert(&text, "two\n").unwrap();
        assert!(again.ends_with(b"two\n# <<< stack remind <<<\nalias c=d\n"), "{}", String::from_utf8_lossy(&again));
        assert_eq!(remove(&again).unwrap().unwrap(), b"alias a=b\nalias c=d\n");
    }

    #[test]
    fn half_a_block_is_left_alone() {
        let text = insert(b"", "one\n").unwrap();
        let half = &text[..text.len() - LAST.len() - 1];
        assert_eq!((insert(half, "two\n"), remove(half)), (Err(Broken), Err(Broken)));
    }

    #[test]
    fn words_with_marks_are_quoted() {
        let words = ["/opt/it's/stack".to_owned(), "remind".to_owned()];
        assert!(Shell::Bash.lines(&words).contains(r"'/opt/it'\''s/stack' remind"));
        assert!(Shell::Fish.lines(&words).contains(r"'/opt/it\'s/stack' 'remind'"));
    }
}
