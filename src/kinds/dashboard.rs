//! `[dashboard.NAME]`: a CloudWatch dashboard over the databases, functions and jobs of the stack.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::base::{Cx, Diff, Entry, Found, Kind, KindError, Known, Outputs, Resource, Scope, Table};
use super::{job, lambda, mysql, redshift};
use crate::aws::Sorted;
use crate::model::{Address, BilledItem};
use crate::ownership::Tags;

/// The kind and the table.
pub struct Dashboard;

/// The keys of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashboardTable {
    /// Its name.
    pub name: String,
}

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    name: String,
    body: Value,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    body: Value,
}

impl Table for Dashboard {
    const NAME: &'static str = "dashboard";
    type Spec = DashboardTable;

    fn unique_name(&self, spec: &DashboardTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &DashboardTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let dashboard = Spec { name: spec.name.clone(), body: body(entry) };
        Ok(vec![Resource::new(&Dashboard, entry.name, entry.origin.clone(), dashboard)])
    }
}

/// Returns one widget a function, database and job, two in a row.
fn body(entry: Entry<'_>) -> Value {
    let mut graphs = vec![];
    for (_, function) in entry.all.all::<lambda::Lambda>() {
        let one = |metric: &str| json!(["AWS/Lambda", metric, "FunctionName", function.name]);
        graphs.push((format!("Lambda {}", function.name), json!([one("Duration"), one("Errors"), one("Invocations")])));
    }
    for (_, server) in entry.all.all::<mysql::Mysql>() {
        let one = |metric: &str| json!(["AWS/RDS", metric, "DBInstanceIdentifier", server.identifier]);
        let metrics = json!([one("CPUUtilization"), one("DatabaseConnections"), one("FreeStorageSpace")]);
        graphs.push((format!("MySQL {}", server.identifier), metrics));
    }
    for (_, cluster) in entry.all.all::<redshift::Redshift>() {
        let one = |metric: &str| json!(["AWS/Redshift", metric, "ClusterIdentifier", cluster.identifier]);
        let metrics = json!([one("CPUUtilization"), one("PercentageDiskSpaceUsed")]);
        graphs.push((format!("Redshift {}", cluster.identifier), metrics));
    }
    for (_, job) in entry.all.all::<job::Job>() {
        let metric = "glue.driver.aggregate.elapsedTime";
        let metrics = json!([["Glue", metric, "JobName", job.name, "JobRunId", "ALL", "Type", "count"]]);
        graphs.push((format!("Glue {}", job.name), metrics));
    }
    let widget = |(position, (title, metrics)): (usize, (String, Value))| {
        json!({
            "type": "metric", "width": 12, "height": 6, "x": position % 2 * 12, "y": position / 2 * 6,
            "properties": { "title": title, "region": entry.region, "stat": "Average", "period": 300, "metrics": metrics },
        })
    };
    json!({ "widgets": graphs.into_iter().enumerate().map(widget).collect::<Vec<_>>() })
}

#[async_trait]
impl Kind for Dashboard {
    const NAME: &'static str = "dashboard";
    const LIMIT: Duration = Duration::from_secs(60);
    const OUTPUTS: &'static [&'static str] = &["name"];
    // The name carries the stack's name; tags of dashboards are not readable through the same service yet.
    const TAGGED: bool = false;
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &Spec) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("body", &want.body, &seen.body)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    fn billing(&self, _want: &Spec) -> Vec<BilledItem> {
        vec![BilledItem::always("cloudwatch:dashboard", 1)]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        for name in &scope.names {
            let call = cx.aws.cloudwatch.get_dashboard().dashboard_name(name);
            match call.send().await.named("cloudwatch:GetDashboard") {
                Ok(answer) => {
                    let body = serde_json::from_str(&answer.dashboard_body.unwrap_or_default()).unwrap_or_default();
                    let seen = Seen { name: name.clone(), body };
                    found.push(Found { name: name.clone(), tags: Tags::default(), seen });
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.cloudwatch.put_dashboard().dashboard_name(&want.name);
        call.dashboard_body(want.body.to_string()).send().await.named("cloudwatch:PutDashboard")?;
        Ok(())
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.cloudwatch.delete_dashboards().dashboard_names(&seen.name);
        match call.send().await.named("cloudwatch:DeleteDashboards") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}
