//! Metrics that somebody put, and their statistics by period.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::speech::time;
use super::state::{Metrics, Point, Series};

/// The most points that are kept of a metric; the oldest go first.
const MOST_POINTS: usize = 10_000;

impl Metrics {
    /// Answers `PutMetricData`.
    pub(super) fn put(&mut self, request: &Value) -> Result<Value, Refusal> {
        let namespace = request["Namespace"].as_str().unwrap_or_default();
        if namespace.is_empty() || namespace.starts_with(':') {
            return Err(Refusal::bad("MissingParameter", "The parameter Namespace is required."));
        }
        for datum in request["MetricData"].as_array().into_iter().flatten() {
            let name = datum["MetricName"].as_str().unwrap_or_default();
            if name.is_empty() {
                return Err(Refusal::bad(
                    "MissingParameter",
                    "The parameter MetricData.member.1.MetricName is required.",
                ));
            }
            let dimensions = dimensions(&datum["Dimensions"]);
            let unit = datum["Unit"].as_str().unwrap_or("None");
            let series = self.series_of(namespace, name, dimensions, unit);
            series.points.extend(points(datum));
            let surplus = series.points.len().saturating_sub(MOST_POINTS);
            series.points.drain(..surplus);
        }
        Ok(json!({}))
    }

    /// Answers `ListMetrics`.
    pub(super) fn list(&self, request: &Value) -> Value {
        let wanted = request["Dimensions"].as_array().cloned().unwrap_or_default();
        let is_wanted = |series: &&Series| {
            request["Namespace"].as_str().is_none_or(|namespace| namespace == series.namespace)
                && request["MetricName"].as_str().is_none_or(|name| name == series.name)
                && wanted.iter().all(|dimension| {
                    let value = series.dimensions.get(dimension["Name"].as_str().unwrap_or_default());
                    value.is_some_and(|value| dimension["Value"].as_str().is_none_or(|wanted| wanted == value))
                })
        };
        let shown = self.series.iter().filter(is_wanted).map(|series| {
            let dimensions = series.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value }));
            json!({
                "Namespace": series.namespace,
                "MetricName": series.name,
                "Dimensions": dimensions.collect::<Vec<_>>(),
            })
        });
        json!({ "Metrics": shown.collect::<Vec<_>>() })
    }

    /// Answers `GetMetricStatistics`.
    pub(super) fn statistics(&self, request: &Value) -> Result<Value, Refusal> {
        let period = number(&request["Period"]).filter(|period| *period > 0.0);
        let period = period.ok_or_else(|| Refusal::bad("MissingParameter", "The parameter Period is required."))?;
        let (start, end) = (instant(&request["StartTime"]), instant(&request["EndTime"]));
        let name = request["MetricName"].as_str().unwrap_or_default();
        let wanted = dimensions(&request["Dimensions"]);
        let found = self.series.iter().find(|series| {
            request["Namespace"] == series.namespace && series.name == name && series.dimensions == wanted
        });
        let mut periods: BTreeMap<i64, Point> = BTreeMap::new();
        for point in found.into_iter().flat_map(|series| &series.points) {
            if start.is_none_or(|start| point.at >= start) && end.is_none_or(|end| point.at < end) {
                let place = (point.at / period).floor() as i64;
                periods.entry(place).and_modify(|sum| sum.add(point)).or_insert(*point);
            }
        }
        let unit = found.map_or("None", |series| series.unit.as_str());
        let asked = request["Statistics"].as_array().cloned().unwrap_or_default();
        let shown = periods.into_iter().map(|(place, point)| {
            let mut shown = json!({ "Timestamp": time(place as f64 * period), "Unit": unit });
            for statistic in asked.iter().filter_map(Value::as_str) {
                shown[statistic] = json!(point.statistic(statistic));
            }
            shown
        });
        Ok(json!({ "Label": name, "Datapoints": shown.collect::<Vec<_>>() }))
    }

    fn series_of(
        &mut self,
        namespace: &str,
        name: &str,
        dimensions: BTreeMap<String, String>,
        unit: &str,
    ) -> &mut Series {
        let is_same =
            |series: &Series| series.namespace == namespace && series.name == name && series.dimensions == dimensions;
        let place = self.series.iter().position(is_same).unwrap_or_else(|| {
            self.series.push(Series {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                dimensions: dimensions.clone(),
                unit: unit.to_owned(),
                points: Vec::new(),
            });
            self.series.len() - 1
        });
        &mut self.series[place]
    }
}

impl Point {
    fn add(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    fn statistic(&self, name: &str) -> f64 {
        match name {
            "Sum" => self.sum,
            "SampleCount" => self.count,
            "Minimum" => self.least,
            "Maximum" => self.most,
            _ => self.sum / self.count,
        }
    }
}

/// Reads a datum: one value, many values with their counts, or a summary of them.
fn points(datum: &Value) -> Vec<Point> {
    let at = instant(&datum["Timestamp"]).unwrap_or_else(|| jiff::Timestamp::now().as_millisecond() as f64 / 1000.0);
    let of = |value: f64, count: f64| Point { at, sum: value * count, count, least: value, most: value };
    if let Some(value) = number(&datum["Value"]) {
        return vec![of(value, 1.0)];
    }
    let set = &datum["StatisticValues"];
    if let (Some(sum), Some(count)) = (number(&set["Sum"]), number(&set["SampleCount"])) {
        let (least, most) = (number(&set["Minimum"]), number(&set["Maximum"]));
        return vec![Point { at, sum, count, least: least.unwrap_or(sum), most: most.unwrap_or(sum) }];
    }
    let values = datum["Values"].as_array().cloned().unwrap_or_default();
    let counts = datum["Counts"].as_array().cloned().unwrap_or_default();
    let count = |place: usize| counts.get(place).and_then(number).unwrap_or(1.0);
    values.iter().enumerate().filter_map(|(place, value)| Some(of(number(value)?, count(place)))).collect()
}

fn dimensions(value: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    value.as_array().into_iter().flatten().map(|one| (text(&one["Name"]), text(&one["Value"]))).collect()
}

/// Reads a number, which the query form writes as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Reads a time in seconds since 1970, which the query form writes as a date.
fn instant(value: &Value) -> Option<f64> {
    let date = || value.as_str()?.parse::<jiff::Timestamp>().ok();
    number(value).or_else(|| date().map(|time| time.as_millisecond() as f64 / 1000.0))
}
