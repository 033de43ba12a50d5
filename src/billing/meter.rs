//! The meter: since when what is billed runs, what that has cost, and when it stops or starts by itself. All of it is
//! read from AWS, so that every computer shows the same.

use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::auto_stop::stops_at;
use super::rate::{Rate, sum_known};
use crate::kinds::base::Cx;
use crate::model::{Address, Power, Since};
use crate::plan::Observed;
use crate::spec::Stack;

/// One resource that is billed by the hour.
#[derive(Debug, Clone, Serialize)]
pub struct Reading {
    /// The resource.
    pub address: Address,
    /// The name by which AWS knows it.
    pub name: String,
    /// Whether it runs; absent for what cannot be stopped.
    pub power: Option<Power>,
    /// Since when it runs; absent if it does not, or if AWS does not tell.
    pub since: Option<Since>,
    /// US dollars an hour while it runs; absent if a price is unknown.
    pub usd_per_hour: Option<f64>,
    /// When a schedule of the stack stops it, and every hour after that.
    pub stops_at: Option<Timestamp>,
    /// When AWS starts it by itself.
    pub restarts_at: Option<Timestamp>,
}

impl Reading {
    /// Returns what it has cost since it began to run, in US dollars.
    pub fn usd_until(&self, now: Timestamp) -> Option<f64> {
        Some(self.since?.usd_until(now, self.usd_per_hour?))
    }

    /// Returns whether it can be stopped and is not.
    pub fn is_running(&self) -> bool {
        matches!(self.power, Some(Power::Running | Power::Changing))
    }
}

/// What the meter shows.
#[derive(Debug, Clone, Serialize)]
pub struct Meter {
    /// The moment of the reading, by AWS's clock.
    pub now: Timestamp,
    /// Everything that is billed by the hour.
    pub readings: Vec<Reading>,
    /// Why AWS did not tell since when something runs.
    pub trouble: Option<String>,
}

impl Meter {
    /// Asks since when everything runs that is billed. What AWS does not tell stays unknown: a meter must not keep a
    /// command from its work.
    pub async fn read(stack: &Stack, cx: &Cx, observed: &Observed, rate: &Rate) -> Self {
        let readings = rate.lines.iter().filter_map(|line| {
            let declared = stack.resource(&line.address).zip(observed.ours.get(&line.address));
            let declared = declared.map(|(resource, found)| (resource.kind, found));
            // What left the file is billed all the same.
            let orphan = observed.orphans.iter().find(|orphan| orphan.address == line.address);
            let (kind, found) = declared.or_else(|| orphan.map(|orphan| (orphan.kind, &orphan.found)))?;
            let reading = Reading {
                address: line.address.clone(),
                name: found.name.clone(),
                power: found.power,
                since: None,
                usd_per_hour: line.running,
                stops_at: stops_at(observed, &line.address),
                restarts_at: kind.restarts_at(found),
            };
            Some(async { (kind.running_since(cx, found).await, reading) })
        });
        let answers = join_all(readings.collect::<Vec<_>>()).await;
        let (mut readings, mut trouble) = (vec![], None);
        for (since, mut reading) in answers {
            match since {
                Ok(since) => reading.since = since,
                Err(error) => trouble = Some(error.to_string()),
            }
            readings.push(reading);
        }
        Self { now: cx.aws.clock.now(), readings, trouble }
    }

    /// Returns what can be stopped and is not.
    pub fn running(&self) -> impl Iterator<Item = &Reading> {
        self.readings.iter().filter(|reading| reading.is_running())
    }

    /// Returns what everything that can be stopped has cost since it began to run, and whether some of it is unknown.
    pub fn usd_until(&self, now: Timestamp) -> (f64, bool) {
        sum_known(self.running().map(|reading| reading.usd_until(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_cost_grows_with_the_time() {
        let moment = "2026-11-23T10:00:00Z".parse().unwrap();
        let reading = Reading {
            address: Address::new("redshift", "warehouse"),
            name: "warehouse".into(),
            power: Some(Power::Running),
            since: Some(Since { moment, is_exact: true }),
            usd_per_hour: Some(0.5),
            stops_at: None,
            restarts_at: None,
        };
        let usd = |now: &str| reading.usd_until(now.parse().unwrap()).unwrap();
        assert!((usd("2026-11-23T13:30:00Z") - 1.75).abs() < 1e-9);
        // The clocks of AWS's services may differ by a second.
        assert!(usd("2026-11-23T09:59:59Z").abs() < 1e-9);
        let unknown = Reading { usd_per_hour: None, ..reading.clone() };
        let meter = Meter { now: moment, readings: vec![reading, unknown], trouble: None };
        assert_eq!(meter.usd_until("2026-11-23T11:00:00Z".parse().unwrap()), (0.5, true));
    }
}
