//! The laws, checked on one case.

use std::collections::BTreeSet;

use stack::apply::{Event, Look};
use stack::model::{Action, Address};
use stack::plan::{self, Plan, Work};

use super::case::{Case, Shape};
use super::cloud::{Run, World, source};

/// How many times a person would run the command again before giving up.
const RUNS: usize = 6;

/// Checks all laws.
pub(super) async fn check(case: &Case) -> Result<(), String> {
    let world = World::new().await;
    let foreign = Foreign::make(&world).await;
    let outcome = laws(&world, case, &foreign).await;
    world.cloud.stop().await;
    outcome
}

async fn laws(world: &World, case: &Case, foreign: &Foreign) -> Result<(), String> {
    world.set(&case.faults);
    converge(world, &case.first, case.killed_after).await.map_err(|why| format!("first apply: {why}"))?;
    world.set(&[]);
    settled(world, &case.first).await.map_err(|why| format!("after the first apply: {why}"))?;
    if case.is_stopped {
        foreign.stop_databases(world).await;
        settled(world, &case.first).await.map_err(|why| format!("while stopped: {why}"))?;
    }
    world.set(&case.later_faults);
    converge(world, &case.second, case.change_killed_after).await.map_err(|why| format!("change: {why}"))?;
    world.set(&[]);
    settled(world, &case.second).await.map_err(|why| format!("after the change: {why}"))?;
    foreign.is_untouched(world).await?;
    world.set(&case.later_faults);
    destroy(world, &case.second).await.map_err(|why| format!("destroy: {why}"))?;
    world.set(&[]);
    let stack = world.load(&case.second);
    let left = world.observe(&stack, Look::Thorough).await?;
    if !left.is_empty() {
        let orphans: Vec<String> = left.orphans.iter().map(|one| one.address.to_string()).collect();
        return Err(format!("left after destroy: {:?} {orphans:?}", left.ours.keys()));
    }
    foreign.is_untouched(world).await
}

/// Applies until a run is complete; the first one may be killed.
async fn converge(world: &World, shape: &Shape, killed_after: Option<u64>) -> Result<(), String> {
    let stack = world.load(shape);
    let mut last = String::new();
    for attempt in 0..RUNS {
        let (observed, plan) = world.plan(&stack).await?;
        let run = world.carry_out(&stack, (&observed, &plan), killed_after.filter(|_| attempt == 0)).await;
        follows_the_graph(&plan, &run)?;
        if run.summary.as_ref().is_some_and(stack::apply::Summary::is_complete) {
            return Ok(());
        }
        last = format!("{}: {}", describe(&plan), failures(&run));
    }
    Err(format!("no end after {RUNS} runs: {last}"))
}

async fn destroy(world: &World, shape: &Shape) -> Result<(), String> {
    let stack = world.load(shape);
    let mut last = String::new();
    for _ in 0..RUNS {
        let observed = world.observe(&stack, Look::Thorough).await?;
        let plan = plan::destroy(&stack, &observed);
        let run = world.carry_out(&stack, (&observed, &plan), None).await;
        follows_the_graph(&plan, &run)?;
        if run.summary.as_ref().is_some_and(stack::apply::Summary::is_complete) {
            return Ok(());
        }
        last = failures(&run);
    }
    Err(format!("not gone after {RUNS} runs: {last}"))
}

/// A second apply changes nothing: the plan is empty, there is no twin, and everything declared is there.
async fn settled(world: &World, shape: &Shape) -> Result<(), String> {
    let stack = world.load(shape);
    let (observed, plan) = world.plan(&stack).await?;
    if !plan.is_empty() {
        return Err(format!("the next plan is not empty: {}", describe(&plan)));
    }
    let there: BTreeSet<&Address> = observed.ours.keys().collect();
    let declared: BTreeSet<&Address> = stack.resources.iter().map(|one| &one.address).collect();
    if there != declared {
        return Err(format!("declared {declared:?}, there {there:?}"));
    }
    if let Some(orphan) = observed.orphans.first() {
        return Err(format!("`{}` exists twice or is left: {}", orphan.address, orphan.found.name));
    }
    Ok(())
}

/// Nothing begins before all that it waits for has ended, and nothing at all after one of them failed.
fn follows_the_graph(plan: &Plan, run: &Run) -> Result<(), String> {
    let mut ended: BTreeSet<Work> = BTreeSet::new();
    let work = |address: &Address, action: Action| {
        let of_address = plan.pending().filter(|change| change.address == *address);
        of_address.filter(|change| change.action == action).map(stack::plan::Change::work).next()
    };
    let planned: BTreeSet<Work> = plan.pending().map(stack::plan::Change::work).collect();
    for event in &run.events {
        match event {
            Event::Began { address, action } => {
                let change = plan.pending().find(|change| change.address == *address && change.action == *action);
                let change = change.ok_or_else(|| format!("{action:?} of `{address}` was not planned"))?;
                let early = change
                    .after
                    .iter()
                    .find(|need| **need != change.work() && planned.contains(need) && !ended.contains(need));
                if let Some(early) = early {
                    return Err(format!("`{address}` began before {early:?}"));
                }
            }
            Event::Done { address, action, .. } => ended.extend(work(address, *action)),
            // What is started for a change is stopped again even if the change failed.
            Event::Failed { address, action, .. } => {
                let stops = plan.pending().filter(|change| change.action == Action::Stop);
                let failed = work(address, *action);
                if stops.flat_map(|stop| &stop.after).any(|need| Some(need) == failed.as_ref()) {
                    ended.extend(failed);
                }
            }
            Event::Waiting { .. } | Event::Interrupted => {}
        }
    }
    Ok(())
}

fn failures(run: &Run) -> String {
    let Some(summary) = &run.summary else { return "killed".into() };
    if summary.failed.is_empty() {
        return format!("never begun: {:?}", summary.not_begun);
    }
    let failed = summary.failed.iter().map(|(_, _, error)| format!("{error}: {}", source(error)));
    failed.collect::<Vec<_>>().join("; ")
}

fn describe(plan: &Plan) -> String {
    let change = |change: &stack::plan::Change| {
        let fields =
            change.fields().into_iter().map(|field| format!("{}: {} -> {:?}", field.field, field.seen, field.want));
        let fields = fields.collect::<Vec<_>>().join(", ");
        format!("{:?} {} ({}) [{fields}] {:?}", change.action, change.address, change.reason.text(), change.retag)
    };
    plan.pending().map(change).collect::<Vec<_>>().join("; ")
}

/// Things of other people: some beside ours, all without our tags.
struct Foreign;

const BUCKET: &str = "somebody-elses-bucket";
const GROUP: &str = "/aws/lambda/somebody-elses";
const DATABASE: &str = "somebody_elses";

impl Foreign {
    async fn make(world: &World) -> Self {
        let aws = &world.aws;
        let place = aws_sdk_s3::types::CreateBucketConfiguration::builder();
        let place = place.location_constraint(aws_sdk_s3::types::BucketLocationConstraint::UsEast2).build();
        aws.s3.create_bucket().bucket(BUCKET).create_bucket_configuration(place).send().await.unwrap();
        aws.logs.create_log_group().log_group_name(GROUP).tags("stack:name", "another").send().await.unwrap();
        let input = aws_sdk_glue::types::DatabaseInput::builder().name(DATABASE).description("mine").build().unwrap();
        aws.glue.create_database().database_input(input).send().await.unwrap();
        aws.ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap();
        Self
    }

    async fn is_untouched(&self, world: &World) -> Result<(), String> {
        let aws = &world.aws;
        let touched = |what: &str| format!("somebody else's {what} was touched");
        aws.s3.head_bucket().bucket(BUCKET).send().await.map_err(|_| touched("bucket"))?;
        let groups = aws.logs.describe_log_groups().log_group_name_prefix(GROUP).send().await;
        let groups = groups.map_err(|_| touched("log group"))?.log_groups.unwrap_or_default();
        if groups.iter().all(|group| group.log_group_name.as_deref() != Some(GROUP)) {
            return Err(touched("log group"));
        }
        let database = aws.glue.get_database().name(DATABASE).send().await.map_err(|_| touched("database"))?;
        if database.database.and_then(|one| one.description).as_deref() != Some("mine") {
            return Err(touched("database"));
        }
        let vpcs = aws.ec2.describe_vpcs().send().await.map_err(|_| touched("VPC"))?.vpcs.unwrap_or_default();
        let is_there = vpcs.iter().any(|vpc| vpc.cidr_block.as_deref() == Some("10.9.0.0/16"));
        is_there.then_some(()).ok_or_else(|| touched("VPC"))
    }

    /// Stops what runs, as a person would in the console.
    async fn stop_databases(&self, world: &World) {
        let aws = &world.aws;
        drop(aws.rds.stop_db_instance().db_instance_identifier("laws-mysql").send().await);
        drop(aws.redshift.pause_cluster().cluster_identifier("laws-redshift").send().await);
        for _ in 0..100 {
            let instances = aws.rds.describe_db_instances().send().await.unwrap().db_instances.unwrap_or_default();
            if instances.iter().all(|one| one.db_instance_status.as_deref() == Some("stopped")) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}
