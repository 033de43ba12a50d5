//! Stack traces of Python inside a log. Pure.

/// One stack trace: what was raised, and where in code of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    /// The kind of the exception and what it says.
    pub(super) error: String,
    /// The place, such as `job.py:8 in transform: return frame.select("contry")`.
    pub(super) place: Option<String>,
}

/// A line that begins a stack trace.
const BEGIN: &str = "Traceback (most recent call last):";

/// Folders of code that nobody of the team wrote: libraries, Python itself, and what runs a handler or a script.
const FOREIGN: [&str; 13] = [
    "site-packages/",
    "dist-packages/",
    "<frozen ",
    "<string>",
    "/lib/python",
    "/usr/lib/",
    "/var/lang/",
    "/var/runtime/",
    "/opt/python/",
    // A layer, unpacked.
    "/python/pymysql/",
    "/opt/amazon/",
    "/pyspark/",
    "/library/run_job.py",
];

/// Returns the stack traces of a log in their order.
pub(super) fn traces(lines: &[&str]) -> Vec<Trace> {
    let begins = lines.iter().enumerate().filter(|(_, line)| line.contains(BEGIN));
    begins.filter_map(|(at, _)| trace(lines, at)).collect()
}

fn trace(lines: &[&str], begin: usize) -> Option<Trace> {
    let rest = &lines[begin + 1..];
    let length = rest.iter().take_while(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty()).count();
    // Lambda says what was raised before it says where.
    let before = begin.checked_sub(1).and_then(|at| lines[at].split_once("[ERROR] "));
    let error = match before {
        Some((_, error)) => error.trim().to_owned(),
        None => raised(&rest[length..])?,
    };
    Some(Trace { error: short_name(&error), place: place(&rest[..length]) })
}

/// Returns what was raised: the first line behind the frames, and what goes on in the next one if it says nothing.
fn raised(lines: &[&str]) -> Option<String> {
    let (first, rest) = lines.split_first()?;
    let first = first.trim();
    let next = rest.first().copied().unwrap_or_default();
    let goes_on = match next.strip_prefix(": ") {
        // An exception of Java inside one of Python.
        Some(java) => Some(java),
        None if first.ends_with(':') && next.starts_with(' ') => Some(next.trim()),
        None => None,
    };
    Some(match goes_on {
        Some(more) => format!("{}: {more}", first.trim_end_matches([':', '.'])),
        None => first.to_owned(),
    })
    .filter(|error| !error.is_empty())
}

/// Returns the last frame in code of one's own, else the last of all.
fn place(frames: &[&str]) -> Option<String> {
    let all = || frames.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("File \""));
    let is_own = |line: &str| !FOREIGN.iter().any(|folder| line.contains(folder));
    let (at, line) = all().rfind(|(_, line)| is_own(line)).or_else(|| all().next_back())?;
    let (path, rest) = line.trim_start().strip_prefix("File \"")?.split_once('"')?;
    let number = rest.strip_prefix(", line ")?;
    let (number, function) = number.split_once(", in ").unwrap_or((number, ""));
    let file = path.rsplit('/').next().unwrap_or(path);
    let function = match function.trim() {
        "" | "<module>" => String::new(),
        name => format!(" in {name}"),
    };
    let code = frames.get(at + 1).map(|line| line.trim()).filter(|code| !code.starts_with("File \""));
    let code = code.map(|code| format!(": {code}")).unwrap_or_default();
    Some(format!("{file}:{}{function}{code}", number.trim()))
}

/// Takes the module away from the name of an exception: `AnalysisException` says as much as what stands before it.
fn short_name(error: &str) -> String {
    let (name, rest) = error.split_at(error.find(':').unwrap_or(error.len()));
    let is_python = ["pyspark.", "py4j.", "botocore.", "pymysql.", "builtins."].iter().any(|it| name.starts_with(it));
    match name.rsplit_once('.').filter(|_| is_python) {
        Some((_, short)) => format!("{short}{rest}"),
        None => error.to_owned(),
    }
}
