//! What a stack costs: by the hour, by the month for three habits, and for one run of its pipeline.

use std::fmt::Write;

use serde_json::{Value, json};

use super::money::at_least;
use super::prices_view::source_line;
use crate::billing::{ByUse, Habit, Line, NIGHTS_A_MONTH, Prices, Rate};
use crate::pipeline::{Basis, RunCost};

/// How long a night's run is taken to last in a stack without a pipeline, in hours.
const NIGHT_WITHOUT_PIPELINE_HOURS: f64 = 1.0;

/// What is shown of the cost of a stack.
#[derive(Debug)]
pub struct CostView<'a> {
    /// The name of the stack.
    pub stack: &'a str,
    /// What things cost.
    pub prices: &'a Prices,
    /// What the stack costs by the hour, as it is declared.
    pub rate: &'a Rate,
    /// What one run costs, if there is a pipeline.
    pub run: Option<&'a RunCost>,
    /// What is billed by use.
    pub by_use: &'a [ByUse],
}

/// A table: its head, and its rows with as many cells.
struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// The columns that hold texts, which begin at the left.
    texts: Vec<usize>,
}

impl CostView<'_> {
    fn habits(&self) -> [Habit; 3] {
        let hours = self.run.map_or(NIGHT_WITHOUT_PIPELINE_HOURS, RunCost::hours);
        [Habit::AlwaysOn, Habit::Weekdays, Habit::Nightly { hours }]
    }

    /// Returns the screen.
    pub fn text(&self) -> String {
        let mut text = format!("`{}` in {}, as the file declares it\n", self.stack, self.prices.region());
        text.push_str(&aligned(&self.resources()));
        if let Some(run) = self.run {
            let _ = writeln!(text, "\n{}", run_head(run));
            text.push_str(&aligned(&run_table(run)));
        }
        for (head, lines) in self.remarks() {
            let _ = writeln!(text, "\n{head}");
            for line in lines {
                let _ = writeln!(text, "  {line}");
            }
        }
        let _ = writeln!(text, "\n{}", source_line(self.prices));
        text
    }

    /// Returns the same for a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("### Cost of `{}` in {}\n\n", self.stack, self.prices.region());
        text.push_str(&marked(&self.resources()));
        if let Some(run) = self.run {
            let _ = writeln!(text, "\n{}\n", run_head(run));
            text.push_str(&marked(&run_table(run)));
        }
        for (head, lines) in self.remarks() {
            let _ = writeln!(text, "\n{head}\n");
            for line in lines {
                let _ = writeln!(text, "- {line}");
            }
        }
        let _ = writeln!(text, "\n{}", source_line(self.prices));
        text
    }

    fn resources(&self) -> Table {
        let habits = self.habits();
        let row = |line: &Line| {
            let mut row = vec![format!("`{}`", line.address), hourly(line.running), hourly(line.stopped)];
            row.extend(habits.map(|habit| monthly(habit.usd_per_month(line))));
            row
        };
        let mut rows: Vec<Vec<String>> = self.rate.lines.iter().map(row).collect();
        let mut nightly = habits[2].total(&self.rate.lines);
        if let Some(run) = self.run {
            let (usd, has_unknown) = run.steps_usd();
            nightly = (nightly.0 + usd * NIGHTS_A_MONTH, nightly.1 || has_unknown);
            let mut row = vec!["the runs themselves".to_owned()];
            row.resize(habits.len() + 2, String::new());
            row.push(least(usd * NIGHTS_A_MONTH, has_unknown, 2));
            rows.push(row);
        }
        let total = |(usd, has_unknown): (f64, bool), decimals| least(usd, has_unknown, decimals);
        let mut all = vec!["all".to_owned(), total(self.rate.running(), 4), total(self.rate.stopped(), 4)];
        all.extend(habits[..2].iter().map(|habit| total(habit.total(&self.rate.lines), 2)));
        all.push(total(nightly, 2));
        rows.push(all);
        let head =
            vec!["resource", "$/h running", "$/h stopped", "$/month always on", "8 h on weekdays", "one run a night"];
        Table { head, rows, texts: vec![0] }
    }

    /// Returns what must be known to read the figures: a head, and its lines.
    fn remarks(&self) -> Vec<(&'static str, Vec<String>)> {
        let by_use = |one: &ByUse| {
            let unit = one.unit.map(|unit| format!(" per {}", unit.name())).unwrap_or_default();
            let usd = one.usd.map_or("price unknown".to_owned(), |usd| format!("${usd}{unit}"));
            format!("{}: {usd}", one.item)
        };
        let by_use: Vec<String> = self.by_use.iter().map(by_use).collect();
        let unknown = self.unknown();
        let mut remarks = vec![];
        if !by_use.is_empty() {
            remarks.push(("billed by what is kept and used, on top of the resources:", by_use));
        }
        if !unknown.is_empty() {
            remarks.push(("unknown prices, in no figure above:", unknown));
        }
        remarks
    }

    fn unknown(&self) -> Vec<String> {
        let parts = self.rate.lines.iter().flat_map(|line| line.parts.iter().map(move |part| (line, part)));
        let unpriced = parts.filter(|(_, part)| part.usd_per_hour.is_none());
        let mut all: Vec<String> = unpriced.map(|(line, part)| format!("{}: `{}`", part.name, line.address)).collect();
        let steps = self.run.into_iter().flat_map(|run| &run.steps).filter(|step| step.basis == Basis::Unknown);
        all.extend(steps.map(|step| format!("step {}: {}", step.name, step.why.as_deref().unwrap_or_default())));
        all
    }

    /// Returns the same for programs.
    pub fn json(&self) -> Value {
        let habits = self.habits();
        let month = |of: &dyn Fn(Habit) -> Value| json!({ "always_on": of(habits[0]), "weekdays_8h": of(habits[1]), "one_run_a_night": of(habits[2]) });
        let line = |line: &Line| {
            let parts = line.parts.iter().map(|part| {
                json!({
                    "sku": part.item.sku, "item": part.name, "units": part.item.units,
                    "stops": part.item.stops, "usd_per_hour": part.usd_per_hour,
                })
            });
            json!({
                "address": line.address.to_string(),
                "usd_per_hour": { "running": line.running, "stopped": line.stopped },
                "usd_per_month": month(&|habit| json!(habit.usd_per_month(line))),
                "parts": parts.collect::<Vec<_>>(),
            })
        };
        let run = self.run.map(|run| {
            let (usd, has_unknown) = run.usd();
            let servers = run.servers.iter().map(|one| json!({ "address": one.address.to_string(), "usd": one.usd }));
            json!({
                "usd": usd, "has_unknown": has_unknown, "seconds": run.seconds, "time": run.time, "runs": run.runs,
                "steps": run.steps, "resources": servers.collect::<Vec<_>>(),
            })
        });
        let steps = self.run.map_or((0.0, false), RunCost::steps_usd);
        let total = |habit: Habit| {
            let runs = if matches!(habit, Habit::Nightly { .. }) { steps.0 * NIGHTS_A_MONTH } else { 0.0 };
            json!(habit.total(&self.rate.lines).0 + runs)
        };
        json!({
            "version": 1,
            "stack": self.stack,
            "region": self.prices.region(),
            "resources": self.rate.lines.iter().map(line).collect::<Vec<_>>(),
            "usd_per_hour": { "running": self.rate.running().0, "stopped": self.rate.stopped().0 },
            "usd_per_month": month(&total),
            "has_unknown": self.rate.running().1 || steps.1,
            "unknown": self.unknown(),
            "run": run,
            "by_use": self.by_use,
            "prices": { "fetched": self.prices.fetched(), "source": source_line(self.prices) },
        })
    }
}

fn run_head(run: &RunCost) -> String {
    let minutes = run.seconds / 60.0;
    let time = match run.time {
        Basis::Runs if run.runs == 1 => format!("{:.0} s as the last run", run.seconds),
        Basis::Runs => format!("{:.0} s as the last {} runs", run.seconds, run.runs),
        Basis::Given => format!("{minutes:.0} minutes as said"),
        _ => format!("{minutes:.0} minutes assumed: no run tells yet"),
    };
    format!("one run of the pipeline: {} ({time})", at_least(run.usd(), 4))
}

fn run_table(run: &RunCost) -> Table {
    let mut rows = vec![];
    for step in &run.steps {
        let usd = match step.basis {
            Basis::Nothing => String::new(),
            _ => hourly(step.usd),
        };
        let why = match (step.basis, &step.why) {
            (Basis::Runs, _) => "as the runs before".to_owned(),
            (Basis::Estimate, Some(why)) => format!("estimate: {why}"),
            (_, why) => why.clone().unwrap_or_default(),
        };
        let seconds = step.seconds.map(|seconds| format!("{seconds:.1}")).unwrap_or_default();
        rows.push(vec![step.name.clone(), seconds, usd, why]);
    }
    for server in &run.servers {
        let seconds = format!("{:.1}", run.seconds);
        rows.push(vec![format!("`{}`", server.address), seconds, hourly(server.usd), "while the run goes on".into()]);
    }
    Table { head: vec!["part", "seconds", "$", "how it is known"], rows, texts: vec![0, 3] }
}

fn hourly(usd: Option<f64>) -> String {
    usd.map_or("unknown".to_owned(), |usd| format!("{usd:.4}"))
}

fn monthly(usd: Option<f64>) -> String {
    usd.map_or("unknown".to_owned(), |usd| format!("{usd:.2}"))
}

fn least(usd: f64, has_unknown: bool, decimals: usize) -> String {
    let least = if has_unknown { "at least " } else { "" };
    format!("{least}{usd:.decimals$}")
}

/// Returns a table with aligned columns.
fn aligned(table: &Table) -> String {
    let length = |text: &str| text.chars().count();
    let width = |column: usize| {
        let cells = table.rows.iter().map(|row| length(&row[column]));
        cells.chain([length(table.head[column])]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..table.head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let cells = cells.into_iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if table.texts.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let rows = table.rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    line(table.head.clone()) + &rows.collect::<String>()
}

/// Returns a table in Markdown.
fn marked(table: &Table) -> String {
    let marks = (0..table.head.len()).map(|column| if table.texts.contains(&column) { "---|" } else { "---:|" });
    let marks: String = marks.collect();
    let rows = table.rows.iter().map(|row| format!("| {} |\n", row.join(" | ")));
    format!("| {} |\n|{marks}\n{}", table.head.join(" | "), rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, BilledItem};
    use crate::pipeline::{ServerCost, StepCost};

    #[test]
    fn what_is_unknown_is_listed_and_makes_totals_least_amounts() {
        let prices = Prices::of_table("us-east-1").on(jiff::civil::date(2026, 11, 22));
        let line = |name: &str, items| Line::of(&prices, Address::new("mysql", name), None, items);
        let old = vec![
            BilledItem::while_running("rds:db.t3.micro", 1),
            BilledItem::while_running("rds:extended-support:mysql5.7", 2),
            BilledItem::always("rds:gp2-gib", 20),
        ];
        let odd = vec![BilledItem::while_running("rds:db.r9.large", 1), BilledItem::always("rds:io1-gib", 100)];
        let rate = Rate { lines: vec![line("old", old), line("odd", odd)] };
        let step = |name: &str, kind, usd: Option<f64>, basis, why: Option<&str>| StepCost {
            name: name.into(),
            kind,
            seconds: usd.map(|_| 90.0),
            usd,
            basis,
            why: why.map(str::to_owned),
        };
        let run = RunCost {
            steps: vec![
                step("job", "job", Some(0.02), Basis::Runs, None),
                step("own", "command", None, Basis::Unknown, Some("what the program uses is unknown")),
            ],
            servers: vec![ServerCost { address: Address::new("mysql", "odd"), usd: None }],
            seconds: 600.0,
            time: Basis::Given,
            runs: 2,
        };
        let view = CostView { stack: "shop", prices: &prices, rate: &rate, run: Some(&run), by_use: &[] };
        insta::assert_snapshot!(view.text(), @"
        `shop` in us-east-1, as the file declares it
        resource                 $/h running      $/h stopped  $/month always on  8 h on weekdays  one run a night
        `mysql.old`                   0.4202           0.0032             306.71            74.58             4.41
        `mysql.odd`                  unknown          unknown            unknown          unknown          unknown
        the runs themselves                                                                          at least 0.61
        all                  at least 0.4202  at least 0.0032    at least 306.71   at least 74.58    at least 5.02

        one run of the pipeline: at least $0.0200 (10 minutes as said)
        part         seconds        $  how it is known
        job             90.0   0.0200  as the runs before
        own                   unknown  what the program uses is unknown
        `mysql.odd`    600.0  unknown  while the run goes on

        unknown prices, in no figure above:
          rds:db.r9.large: `mysql.odd`
          rds:io1-gib: `mysql.odd`
          step own: what the program uses is unknown

        prices of us-east-1: the table of this `stack` of 2026-11-22, 5 of 30 not checked for this region; `stack prices update` fetches AWS's own
        ");
        insta::assert_snapshot!(view.markdown(), @"
        ### Cost of `shop` in us-east-1

        | resource | $/h running | $/h stopped | $/month always on | 8 h on weekdays | one run a night |
        |---|---:|---:|---:|---:|---:|
        | `mysql.old` | 0.4202 | 0.0032 | 306.71 | 74.58 | 4.41 |
        | `mysql.odd` | unknown | unknown | unknown | unknown | unknown |
        | the runs themselves |  |  |  |  | at least 0.61 |
        | all | at least 0.4202 | at least 0.0032 | at least 306.71 | at least 74.58 | at least 5.02 |

        one run of the pipeline: at least $0.0200 (10 minutes as said)

        | part | seconds | $ | how it is known |
        |---|---:|---:|---|
        | job | 90.0 | 0.0200 | as the runs before |
        | own |  | unknown | what the program uses is unknown |
        | `mysql.odd` | 600.0 | unknown | while the run goes on |

        unknown prices, in no figure above:

        - rds:db.r9.large: `mysql.odd`
        - rds:io1-gib: `mysql.odd`
        - step own: what the program uses is unknown

        prices of us-east-1: the table of this `stack` of 2026-11-22, 5 of 30 not checked for this region; `stack prices update` fetches AWS's own
        ");
        let json = view.json();
        assert_eq!((&json["has_unknown"], &json["run"]["has_unknown"]), (&json!(true), &json!(true)));
        assert_eq!(json["resources"][1]["usd_per_hour"]["running"], Value::Null);
    }
}
