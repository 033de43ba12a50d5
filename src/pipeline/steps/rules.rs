//! What the rows of a hop must be like, and the SQL that finds those that are not.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::checked_table::{SAMPLE, Table};
use crate::kinds::base::Finding;
use crate::pipeline::hop::Hop;
use crate::pipeline::{Dataset, PipelineError, Problem, StepCx, Tally};
use crate::sql::{Row, literal};

/// `check = { on, … }`: every key but `on`, `table`, `where` and `expect` is a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    /// The hop.
    pub on: Option<Hop>,
    /// Another table of that hop than the pipeline's own.
    table: Option<String>,
    /// Only the rows for which this SQL holds.
    r#where: Option<String>,
    /// Columns that always have a value.
    #[serde(default)]
    not_null: Vec<String>,
    /// Columns that together have different values in every row.
    #[serde(default)]
    unique: Vec<String>,
    /// Columns with the only values that they may have.
    #[serde(default)]
    in_set: BTreeMap<String, Vec<Scalar>>,
    /// Columns with their lowest and highest value.
    #[serde(default)]
    range: BTreeMap<String, Range>,
    /// How many rows there are.
    rows: Option<Range>,
    /// A column whose newest moment is not older than this.
    fresh: Option<Fresh>,
    /// A query; its first value must be what `expect` says.
    sql: Option<String>,
    /// What the query must answer.
    expect: Option<Scalar>,
    /// Questions to several hops that must have the same answer.
    #[serde(default)]
    equal: Vec<Question>,
}

/// A text or a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Whole(i64),
    Number(f64),
    Text(String),
}

/// Both ends may be left open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    min: Option<f64>,
    max: Option<f64>,
}

/// `fresh = { column, within }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fresh {
    column: String,
    /// Such as `36h`.
    within: String,
}

/// A query and whom it is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    on: Hop,
    sql: String,
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Rules {
    pub(super) fn hops(&self) -> impl Iterator<Item = Hop> {
        self.on.into_iter().chain(self.equal.iter().map(|question| question.on))
    }

    pub(super) fn reads(&self) -> Vec<Dataset> {
        let mut all: Vec<Dataset> = self.hops().flat_map(Hop::reads).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn check(&self) -> Vec<Finding> {
        let mut findings = vec![];
        let of_rows = !self.not_null.is_empty() || !self.unique.is_empty() || !self.in_set.is_empty();
        let of_rows = of_rows || !self.range.is_empty() || self.rows.is_some();
        let needs_hop = of_rows || self.fresh.is_some() || self.sql.is_some();
        if !needs_hop && self.equal.is_empty() {
            let finding = Finding::error("", "there is no rule");
            findings.push(finding.hint(
                "one of `not_null`, `unique`, `in_set`, `range`, `rows`, `fresh`, `sql` with `expect`, and `equal`",
            ));
        }
        if needs_hop && self.on.is_none() {
            let finding = Finding::error("", "it does not say where the rows are");
            findings.push(finding.hint("write `on = \"mysql\"`, `\"staging\"` or `\"warehouse\"`"));
        }
        if self.sql.is_some() != self.expect.is_some() {
            findings.push(Finding::error("", "`sql` and `expect` belong together"));
        }
        if self.equal.len() == 1 {
            findings.push(Finding::error("equal.0", "one answer is always equal to itself: ask a second question"));
        }
        if let Some(fresh) = &self.fresh
            && span(&fresh.within).is_none()
        {
            let finding = Finding::error("fresh.within", format!("`{}` is no time span", fresh.within));
            findings.push(finding.hint("such as `36h` or `2d`"));
        }
        findings
    }

    /// Asks every rule.
    ///
    /// # Errors
    /// [`PipelineError::Unsound`] with all rules that are broken.
    pub(super) async fn hold(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let mut asked = Asked::default();
        if let Some(hop) = self.on {
            let table = Table::of(cx, hop, self.table.as_deref(), self.r#where.as_deref())?;
            asked.rows = Some(asked.count(cx, hop, &table.count(None)).await?);
            for (what, failing, sample) in self.row_rules(&table) {
                asked.rule(cx, hop, &what, (&failing, &sample)).await?;
            }
            self.whole_rules(cx, (hop, &table), &mut asked).await?;
        }
        self.equal_answers(cx, &mut asked).await?;
        if asked.problems.is_empty() {
            let bytes = (asked.bytes > 0).then_some(asked.bytes);
            let usd = bytes.and_then(|bytes| cx.prices.athena_usd(bytes));
            return Ok(Tally { rows_in: asked.rows, rows_out: asked.rows, bytes, usd, ..Tally::default() });
        }
        let at = self.on.map_or_else(|| "the data".to_owned(), |hop| hop.dataset().to_string());
        Err(PipelineError::Unsound { at, problems: asked.problems })
    }

    /// Returns the rules that single rows break: the rule, the query that counts, the query that shows.
    fn row_rules(&self, table: &Table) -> Vec<(String, String, String)> {
        let by_condition =
            |what: String, condition: String| (what, table.count(Some(&condition)), table.sample(&condition));
        let mut rules = vec![];
        for column in &self.not_null {
            rules.push(by_condition(format!("have no `{column}`"), format!("{} IS NULL", table.value(column))));
        }
        for (column, values) in &self.in_set {
            let list: Vec<String> = values.iter().map(|value| literal(&value.to_string())).collect();
            let condition = format!("{} NOT IN ({})", table.text(column), list.join(", "));
            rules.push(by_condition(format!("have another `{column}` than allowed"), condition));
        }
        for (column, range) in &self.range {
            let number = table.number(column);
            let ends =
                [range.min.map(|min| format!("{number} < {min}")), range.max.map(|max| format!("{number} > {max}"))];
            let condition = ends.into_iter().flatten().collect::<Vec<_>>().join(" OR ");
            if !condition.is_empty() {
                rules.push(by_condition(format!("have `{column}` out of range"), condition));
            }
        }
        if !self.unique.is_empty() {
            let keys: Vec<String> = self.unique.iter().map(|column| table.name(column)).collect();
            let keys = keys.join(", ");
            let twice = format!(
                "SELECT {keys}, COUNT(*) AS times FROM {}{} GROUP BY {keys} HAVING COUNT(*) > 1",
                table.from,
                table.filter(None)
            );
            let what = format!("keys `{}` stand in more than one row", self.unique.join(", "));
            rules.push((what, format!("SELECT COUNT(*) FROM ({twice}) AS twice"), format!("{twice} LIMIT {SAMPLE}")));
        }
        rules
    }

    /// Asks the rules about the whole table.
    async fn whole_rules(
        &self,
        cx: &StepCx<'_>,
        (hop, table): (Hop, &Table),
        asked: &mut Asked,
    ) -> Result<(), PipelineError> {
        if let (Some(range), Some(rows)) = (&self.rows, asked.rows) {
            #[expect(clippy::cast_precision_loss, reason = "tables of 2^52 rows are out of reach")]
            let count = rows as f64;
            if range.min.is_some_and(|min| count < min) || range.max.is_some_and(|max| count > max) {
                let end = |end: Option<f64>| end.map(|end| end.to_string()).unwrap_or_default();
                asked.problem(format!("{rows} rows are not within {}..{}", end(range.min), end(range.max)));
            }
        }
        if let Some(Fresh { column, within }) = &self.fresh {
            let query = format!("SELECT MAX({}) FROM {}{}", table.name(column), table.from, table.filter(None));
            let newest = first(&asked.ask(cx, hop, &query).await?);
            let moment = newest.as_deref().and_then(moment);
            let oldest = span(within).map(|span| Timestamp::now() - span);
            if moment.is_none_or(|moment| oldest.is_some_and(|oldest| moment < oldest)) {
                let newest = newest.unwrap_or_else(|| "nothing".to_owned());
                asked.problem(format!("the newest `{column}` is {newest}, older than {within}"));
            }
        }
        if let (Some(query), Some(expected)) = (&self.sql, &self.expect) {
            let found = first(&asked.ask(cx, hop, query).await?).unwrap_or_else(|| "NULL".to_owned());
            if !is_same(&found, &expected.to_string()) {
                asked.problem(format!("`{query}` answered {found}, expected {expected}"));
            }
        }
        Ok(())
    }

    async fn equal_answers(&self, cx: &StepCx<'_>, asked: &mut Asked) -> Result<(), PipelineError> {
        let mut answers: Vec<(String, String)> = vec![];
        for Question { on, sql } in &self.equal {
            let answer = asked.ask(cx, *on, sql).await?;
            let values = answer.first().map(|row| row.iter().map(|value| value.clone().unwrap_or_default()));
            let text = values.map(|values| values.collect::<Vec<_>>().join(", ")).unwrap_or_default();
            answers.push((on.dataset().to_string(), text));
        }
        let Some((_, expected)) = answers.first() else { return Ok(()) };
        let same = |text: &String| {
            let pairs = text.split(", ").zip(expected.split(", "));
            text.split(", ").count() == expected.split(", ").count()
                && pairs.clone().all(|(one, other)| is_same(one, other))
        };
        if !answers.iter().all(|(_, text)| same(text)) {
            let told: Vec<String> = answers.iter().map(|(hop, text)| format!("{hop} answered {text}")).collect();
            asked.problem(told.join(", "));
        }
        Ok(())
    }
}

/// What was asked so far.
#[derive(Default)]
struct Asked {
    rows: Option<u64>,
    bytes: u64,
    problems: Vec<Problem>,
}

impl Asked {
    async fn ask(&mut self, cx: &StepCx<'_>, hop: Hop, query: &str) -> Result<Vec<Row>, PipelineError> {
        let answer = hop.query(cx, query).await?;
        self.bytes += answer.scanned_bytes.unwrap_or_default();
        Ok(answer.rows)
    }

    async fn count(&mut self, cx: &StepCx<'_>, hop: Hop, query: &str) -> Result<u64, PipelineError> {
        let rows = self.ask(cx, hop, query).await?;
        Ok(first(&rows).and_then(|text| text.parse().ok()).unwrap_or_default())
    }

    async fn rule(
        &mut self,
        cx: &StepCx<'_>,
        hop: Hop,
        what: &str,
        (counts, shows): (&str, &str),
    ) -> Result<(), PipelineError> {
        let failing = self.count(cx, hop, counts).await?;
        if failing == 0 {
            return Ok(());
        }
        let line =
            |row: &Row| row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(", ");
        let sample = self.ask(cx, hop, shows).await?.iter().map(line).collect();
        let subject = if what.starts_with("keys") { String::new() } else { "rows ".to_owned() };
        self.problems.push(Problem { what: format!("{failing} {subject}{what}"), sample });
        Ok(())
    }

    fn problem(&mut self, what: String) {
        self.problems.push(Problem { what, sample: vec![] });
    }
}

fn first(rows: &[Row]) -> Option<String> {
    rows.first()?.first()?.clone()
}

/// Two numbers are the same whatever zeros they are written with.
fn is_same(one: &str, other: &str) -> bool {
    let number = |text: &str| Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok();
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn span(text: &str) -> Option<SignedDuration> {
    // A day has 24 hours here: what counts is how long ago it was, not what the clock says.
    if let Some(days) = text.strip_suffix('d') {
        return days.trim().parse().ok().map(|days: i64| SignedDuration::from_hours(days * 24));
    }
    text.parse::<SignedDuration>().ok()
}

/// Reads a moment as databases write it, by Greenwich.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.split('.').next().unwrap_or(text);
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(value: serde_json::Value) -> Rules {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn rules_that_say_nothing_are_refused() {
        let told = |value| rules(value).check().into_iter().map(|found| found.at).collect::<Vec<_>>();
        assert_eq!(told(serde_json::json!({ "on": "mysql" })), [""]);
        assert_eq!(told(serde_json::json!({ "not_null": ["a"] })), [""]);
        assert_eq!(
            told(serde_json::json!({ "on": "mysql", "fresh": { "column": "a", "within": "soon" } })),
            ["fresh.within"]
        );
        assert_eq!(told(serde_json::json!({ "on": "mysql", "unique": ["a"] })), Vec::<String>::new());
        assert_eq!(told(serde_json::json!({ "equal": [{ "on": "mysql", "sql": "SELECT 1" }] })), ["equal.0"]);
    }

    #[test]
    fn each_database_is_asked_in_its_own_words() {
        let table = |hop, from: &str| Table { hop, from: from.into(), shown: vec![], condition: Some("a > 1".into()) };
        let rules = rules(serde_json::json!({
            "on": "staging", "not_null": ["Country"], "in_set": { "Country": ["It's"] },
            "range": { "Quantity": { "min": -5 } }, "unique": ["LoadId", "LineNumber"],
        }));
        let counts = |table| rules.row_rules(&table).into_iter().map(|(_, counts, _)| counts).collect::<Vec<_>>();
        let asked = counts(table(Hop::Staging, "\"d\".\"t\""));
        assert_eq!(
            asked[0],
            "SELECT COUNT(*) FROM \"d\".\"t\" WHERE (a > 1) AND (NULLIF(CAST(\"country\" AS VARCHAR), '') IS NULL)"
        );
        assert!(asked[1].ends_with("(CAST(\"country\" AS VARCHAR) NOT IN ('It''s'))"), "{}", asked[1]);
        let asked = counts(table(Hop::Mysql, "`t`"));
        assert!(asked[2].ends_with("(`Quantity` < -5)"), "{}", asked[2]);
        assert_eq!(
            asked[3],
            "SELECT COUNT(*) FROM (SELECT `LoadId`, `LineNumber`, COUNT(*) AS times FROM `t` WHERE (a > 1) \
             GROUP BY `LoadId`, `LineNumber` HAVING COUNT(*) > 1) AS twice"
        );
    }

    #[test]
    fn numbers_are_the_same_whatever_their_zeros() {
        assert!(is_same("9747747.9340", "9747747.934") && is_same("1E+2", "100") && !is_same("a", "b"));
    }
}
