//! Checks the data: a hop against MySQL, or the rows of a hop against rules.

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

use super::rules::Rules;
use crate::kinds::base::{Entry, Finding, Permission, Reference};
use crate::pipeline::hop::Hop;
use crate::pipeline::profile::{differences, of_mysql, of_staging, of_warehouse};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};

/// `check = "staging"`, `check = "warehouse"`, or `check = { on, … }` with rules.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    /// The hop must hold what MySQL holds: rows, exact sums, and the fingerprint of every column.
    Same(Hop),
    /// The rows must keep rules.
    Rules(Box<Rules>),
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
    }
}

/// Tells the two forms apart, so that what is wrong in either is told in its own words.
struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Check;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("`\"staging\"`, `\"warehouse\"` or a table with `on` and rules")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Check, E> {
        match text {
            "staging" => Ok(Check::Same(Hop::Staging)),
            "warehouse" => Ok(Check::Same(Hop::Warehouse)),
            other => Err(E::unknown_variant(other, &["staging", "warehouse"])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Check, A::Error> {
        Rules::deserialize(MapAccessDeserializer::new(map)).map(|rules| Check::Rules(Box::new(rules)))
    }
}

#[async_trait]
impl Step for Check {
    fn reads(&self) -> Vec<Dataset> {
        match self {
            Self::Same(hop) => [vec![Dataset::MYSQL], hop.reads()].concat(),
            Self::Rules(rules) => rules.reads(),
        }
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![]
    }

    fn gates(&self) -> Option<Dataset> {
        match self {
            Self::Same(hop) => Some(hop.dataset()),
            Self::Rules(rules) => rules.on.map(Hop::dataset),
        }
    }

    fn references(&self) -> Vec<Reference> {
        vec![]
    }

    fn check(&self, _entry: Entry<'_>) -> Vec<Finding> {
        match self {
            Self::Same(_) => vec![],
            Self::Rules(rules) => rules.check(),
        }
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        match self {
            Self::Same(hop) => cx.hop(*hop).into_iter().chain([cx.mysql()]).collect(),
            Self::Rules(rules) => rules.hops().flat_map(|hop| cx.hop(hop)).collect(),
        }
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        match self {
            Self::Same(hop) => same(cx, *hop).await,
            Self::Rules(rules) => rules.hold(cx).await,
        }
    }
}

async fn same(cx: &StepCx<'_>, hop: Hop) -> Result<Tally, PipelineError> {
    let known = cx.facts.lock().await.profiles.get(&Dataset::MYSQL).cloned();
    let mysql = match known {
        Some(profile) => profile,
        None => of_mysql(cx, None).await?,
    };
    let (found, bytes) = match hop {
        Hop::Staging => of_staging(cx).await?,
        Hop::Mysql | Hop::Warehouse => (of_warehouse(cx).await?, None),
    };
    let differences = differences(&mysql, &found);
    if !differences.is_empty() {
        let (left, right) = (Dataset::MYSQL.to_string(), hop.dataset().to_string());
        return Err(PipelineError::Differs { left, right, differences });
    }
    let rows = found.rows;
    let mut facts = cx.facts.lock().await;
    facts.profiles.insert(Dataset::MYSQL, mysql);
    facts.profiles.insert(hop.dataset(), found);
    let usd = bytes.and_then(|bytes| cx.prices.athena_usd(bytes));
    Ok(Tally { bytes, usd, ..Tally::through(rows) })
}
