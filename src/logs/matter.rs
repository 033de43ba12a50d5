//! The few lines of a failed run's log that say why it failed. Pure.

use serde_json::Value;

use super::frames::{Trace, traces};
use super::line::plain;

/// Most lines that are picked.
const MOST_LINES: usize = 8;

/// Most stack traces: what ended the run, and what led to it.
const MOST_TRACES: usize = 2;

/// Most characters of one line.
const MOST_CHARACTERS: usize = 300;

/// What says of itself that it ended a run, wherever it stands.
const FATAL: [&str; 7] = [
    "Task timed out after",
    "Error: Runtime exited",
    "java.lang.OutOfMemoryError",
    "Container killed by YARN",
    "exceeding memory limits",
    "No space left on device",
    "MemoryError",
];

/// What says nothing about a failure.
const NOISE: [&str; 9] = [
    "Setting default log level",
    "To adjust logging level",
    " WARN ",
    " INFO ",
    "INIT_START ",
    "START RequestId",
    "END RequestId",
    "REPORT RequestId",
    "LAMBDA_WARNING",
];

/// Picks the lines that matter out of the log of a failed job, function or crawler, the most important one first: what
/// was raised with its place in the script, what Java gives as the root cause, time limits and memory, errors of a
/// crawler. A log that says nothing of the kind gives its last lines. At most eight lines.
pub fn what_matters(log: &str) -> Vec<String> {
    let log = plain(log);
    let lines: Vec<&str> = log.lines().map(str::trim_end).collect();
    let mut picked = Picked::default();
    for trace in last_traces(&lines) {
        picked.add(&trace.error);
        if let Some(place) = &trace.place {
            picked.add(&format!("  at {place}"));
        }
    }
    if let Some(cause) = lines.iter().rev().find(|line| line.trim_start().starts_with("Caused by: ")) {
        picked.add(cause.trim_start());
    }
    for line in lines.iter().filter(|line| FATAL.iter().any(|sign| line.contains(sign))) {
        picked.add(without_request(line));
    }
    lines.iter().filter_map(|line| full_memory(line)).for_each(|line| picked.add(&line));
    lines.iter().filter_map(|line| of_json(line)).for_each(|line| picked.add(&line));
    if picked.0.is_empty() {
        let errors = lines.iter().filter_map(|line| of_level(line)).collect::<Vec<_>>();
        errors.iter().rev().take(3).rev().for_each(|line| picked.add(line));
    }
    if picked.0.is_empty() {
        let told = lines.iter().filter(|line| !line.trim().is_empty() && !NOISE.iter().any(|it| line.contains(it)));
        told.collect::<Vec<_>>().iter().rev().take(3).rev().for_each(|line| picked.add(line));
    }
    picked.0
}

/// The lines so far; what is in one of them already is not said again.
#[derive(Default)]
struct Picked(Vec<String>);

impl Picked {
    fn add(&mut self, line: &str) {
        let line = match line.char_indices().nth(MOST_CHARACTERS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.to_owned(),
        };
        let said = line.trim_start_matches("Caused by: ").trim();
        let is_new = !said.is_empty() && !self.0.iter().any(|known| known.contains(said));
        if is_new && self.0.len() < MOST_LINES {
            self.0.push(line);
        }
    }
}

/// Returns the last stack traces that differ, the last one first.
fn last_traces(lines: &[&str]) -> Vec<Trace> {
    let mut last: Vec<Trace> = vec![];
    for trace in traces(lines).into_iter().rev() {
        // The worker's exception is logged by the worker, the executor and the driver, each with a name before it.
        if !last.iter().any(|known| known.place == trace.place) && last.len() < MOST_TRACES {
            last.push(trace);
        }
    }
    last
}

/// Takes Lambda's moment and the id of the request away, which say nothing about the failure.
fn without_request(line: &str) -> &str {
    let begins = ["Task timed out after", "Error: Runtime exited"];
    begins.iter().find_map(|sign| line.find(sign).map(|at| &line[at..])).unwrap_or(line.trim_start())
}

/// Returns a sentence if the report of an invocation says that it used all of its memory.
fn full_memory(line: &str) -> Option<String> {
    let megabytes = |name: &str| -> Option<u64> { line.split_once(name)?.1.split_whitespace().next()?.parse().ok() };
    let (size, used) = (megabytes("Memory Size: ")?, megabytes("Max Memory Used: ")?);
    (used >= size).then(|| format!("it used all of its memory: {used} MB of {size} MB"))
}

/// Returns what an error in Lambda's JSON format says.
fn of_json(line: &str) -> Option<String> {
    let at = line.find('{').filter(|_| line.contains("\"errorMessage\""))?;
    let entry: Value = serde_json::from_str(&line[at..]).ok()?;
    let (kind, message) = (entry["errorType"].as_str().unwrap_or("error"), entry["errorMessage"].as_str()?);
    Some(format!("{kind}: {message}"))
}

/// Returns what a line of the level ERROR says, of Spark or of a crawler.
fn of_level(line: &str) -> Option<&str> {
    ["] ERROR : ", " ERROR ", "[ERROR] "].iter().find_map(|sign| line.split_once(sign)).map(|(_, said)| said)
}

#[cfg(test)]
mod tests {
    use super::what_matters;

    /// The frames that stand above those of the script in every run of a job.
    const RUNNER: &str = r#"Setting default log level to "WARN".
26/11/23 08:58:13 WARN NativeCodeLoader: Unable to load native-hadoop library for your platform
Traceback (most recent call last):
  File "/tmp/glue-1/library/run_job.py", line 105, in run
    runpy.run_path(options.script, run_name="__main__")
  File "<frozen runpy>", line 291, in run_path
"#;

    fn of_job(rest: &str) -> Vec<String> {
        what_matters(&format!("{RUNNER}{rest}"))
    }

    #[test]
    fn an_exception_is_told_with_its_place_in_the_script() {
        let said = of_job(
            r#"  File "/tmp/glue-1/rates.py", line 12, in <module>
    main()
  File "/tmp/glue-1/rates.py", line 8, in convert
    return amount * rates[currency]
                    ~~~~~^^^^^^^^^^
KeyError: 'EUR'
KeyError: 'EUR'
"#,
        );
        assert_eq!(said, ["KeyError: 'EUR'", "  at rates.py:8 in convert: return amount * rates[currency]"]);
    }

    #[test]
    fn sparks_own_message_comes_without_its_plan() {
        let said = of_job(
            r#"  File "/tmp/glue-1/sales.py", line 8, in transform
    return frame.select("quantity", "contry").groupBy("country").count()
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/venv/lib/python3.11/site-packages/pyspark/sql/dataframe.py", line 3228, in select
    jdf = self._jdf.select(self._jcols(*cols))
  File "/venv/lib/python3.11/site-packages/pyspark/errors/exceptions/captured.py", line 185, in deco
    raise converted from None
pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column or function parameter with name `contry` cannot be resolved. Did you mean one of the following? [`country`, `quantity`].;
'Project [quantity#0L, 'contry]
+- LogicalRDD [quantity#0L, country#1], false

"#,
        );
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION]"), "{said:?}");
        assert!(said[0].contains("Did you mean") && !said[0].contains("Project"));
        assert!(said[1].starts_with("  at sales.py:8 in transform: return frame.select("));
    }

    #[test]
    fn the_root_of_a_chain_of_java_is_told() {
        let said = of_job(
            r#"  File "/tmp/glue-1/copy.py", line 6, in <module>
    spark.read.format("jdbc").load().show()
  File "/venv/lib/python3.11/site-packages/py4j/protocol.py", line 327, in get_return_value
    raise Py4JJavaError(
py4j.protocol.Py4JJavaError: An error occurred while calling o46.load.
: java.sql.SQLNonTransientConnectionException: Could not connect to address=(host=db)(port=3306)
	at org.mariadb.jdbc.internal.util.exceptions.ExceptionFactory.create(ExceptionFactory.java:73)
Caused by: java.sql.SQLNonTransientConnectionException: Socket fail to connect to host:db, port:3306
	... 29 more
Caused by: java.net.ConnectException: Connection refused
	at java.base/sun.nio.ch.Net.pollConnect(Native Method)
	... 31 more

"#,
        );
        let expected = [
            "Py4JJavaError: An error occurred while calling o46.load: \
             java.sql.SQLNonTransientConnectionException: Could not connect to address=(host=db)(port=3306)",
            "  at copy.py:6: spark.read.format(\"jdbc\").load().show()",
            "Caused by: java.net.ConnectException: Connection refused",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_failure_in_a_worker_is_told_once_and_with_where_it_was_called() {
        let worker = r#"Traceback (most recent call last):
  File "/tmp/glue-1/parse.py", line 9, in parse
    return int(text)
           ^^^^^^^^^
ValueError: invalid literal for int() with base 10: 'x7'

"#;
        let log = format!(
            "26/11/23 08:58:30 ERROR Executor: Exception in task 1.0 in stage 0.0 (TID 1)\n\
             org.apache.spark.api.python.PythonException: {worker}\tat org.apache.spark.Task.run(Task.scala:141)\n\
             Caused by: org.apache.spark.api.python.PythonException: {worker}\t... 1 more\n\
             {RUNNER}  File \"/tmp/glue-1/parse.py\", line 11, in <module>\n    frame.write.csv(path)\n  \
             File \"/venv/lib/python3.11/site-packages/pyspark/sql/readwriter.py\", line 1864, in csv\n    \
             self._jwrite.csv(path)\n\
             pyspark.errors.exceptions.captured.PythonException: \n  An exception was thrown from the Python worker.\n\
             {worker}"
        );
        let said = what_matters(&log);
        let expected = [
            "ValueError: invalid literal for int() with base 10: 'x7'",
            "  at parse.py:9 in parse: return int(text)",
            "PythonException: An exception was thrown from the Python worker.",
            "  at parse.py:11: frame.write.csv(path)",
        ];
        assert_eq!(said[..4], expected, "{said:?}");
        assert!(said.len() <= 5, "{said:?}");
    }

    #[test]
    fn what_an_exception_came_from_is_told_after_it() {
        let log = format!(
            "Traceback (most recent call last):\n  File \"/tmp/glue-1/load.py\", line 8, in load\n    int(\"x\")\n\
             ValueError: invalid literal for int()\n\n\
             The above exception was the direct cause of the following exception:\n\n{RUNNER}  \
             File \"/tmp/glue-1/load.py\", line 10, in load\n    raise RuntimeError(\"no total\") from error\n\
             RuntimeError: the header has no total\n"
        );
        let said = what_matters(&log);
        assert_eq!((said[0].as_str(), said.len()), ("RuntimeError: the header has no total", 4), "{said:?}");
        assert_eq!(said[2..], ["ValueError: invalid literal for int()", "  at load.py:8 in load: int(\"x\")"]);
    }

    #[test]
    fn a_script_that_is_no_python_is_told_with_its_line() {
        let said =
            of_job("  File \"/tmp/glue-1/job.py\", line 2\n    for x in range(3)\n    ^\nSyntaxError: expected ':'\n");
        assert_eq!(said, ["SyntaxError: expected ':'", "  at job.py:2: for x in range(3)"]);
    }

    #[test]
    fn a_function_tells_its_error_its_time_limit_and_its_memory() {
        let error = "START RequestId: b8c4 Version: $LATEST\n[ERROR] KeyError: 'Records'\rTraceback (most recent call \
            last):\r\u{a0}\u{a0}File \"/var/task/handler.py\", line 7, in handle\r\u{a0}\u{a0}\u{a0}\u{a0}return \
            inner(event)\r\u{a0}\u{a0}File \"/opt/python/pymysql/cursors.py\", line 4, in inner\r\u{a0}\u{a0}\u{a0}\
            \u{a0}return event\nEND RequestId: b8c4";
        assert_eq!(what_matters(error), ["KeyError: 'Records'", "  at handler.py:7 in handle: return inner(event)"]);
        let slow = "2026-11-23T08:58:16.385Z 7ae9 Task timed out after 2.00 seconds\nEND RequestId: 7ae9\n\
            REPORT RequestId: 7ae9\tDuration: 2001.16 ms\tMemory Size: 128 MB\tMax Memory Used: 14 MB\tStatus: timeout";
        assert_eq!(what_matters(slow), ["Task timed out after 2.00 seconds"]);
        let memory = "RequestId: b188 Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n\
            REPORT RequestId: b188\tDuration: 209.05 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error";
        let expected =
            ["Error: Runtime exited with error: signal: killed", "it used all of its memory: 128 MB of 128 MB"];
        assert_eq!(what_matters(memory), expected);
        let import = "[ERROR] Runtime.ImportModuleError: Unable to import module 'bad': No module named 'x'\rTraceback \
            (most recent call last):\nEND RequestId: 66dd";
        assert_eq!(
            what_matters(import),
            ["Runtime.ImportModuleError: Unable to import module 'bad': No module named 'x'"]
        );
        let json = "{\"level\": \"ERROR\", \"errorMessage\": \"no rows\", \"errorType\": \"FileProblem\"}";
        assert_eq!(what_matters(json), ["FileProblem: no rows"]);
    }

    #[test]
    fn a_crawler_tells_its_error_and_a_log_without_any_its_end() {
        let crawl = "[5f] BENCHMARK : Running Start Crawl for Crawler rds\n[5f] ERROR : could not read the tables: no \
            such host\n[5f] BENCHMARK : Crawler has finished running and is in state READY";
        assert_eq!(what_matters(crawl), ["could not read the tables: no such host"]);
        let quiet = "Setting default log level to \"WARN\".\nbad rows\nSystemExit: 3\n";
        assert_eq!(what_matters(quiet), ["bad rows", "SystemExit: 3"]);
        assert!(what_matters("").is_empty());
    }

    #[test]
    fn long_lines_are_cut_and_there_are_never_many() {
        let many: String = (0..50).map(|number| format!("java.lang.OutOfMemoryError: {number}\n")).collect();
        assert_eq!(what_matters(&many).len(), 8);
        let long = what_matters(&format!("MemoryError{}", "ä".repeat(1000)));
        assert_eq!(long[0].chars().count(), 301);
    }
}
