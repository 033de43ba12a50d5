//! The definition of the state machine: one state or a few for each step, in the order of the steps.

use serde_json::{Map, Value, json};

use super::names::{Names, output};
use super::states::Piece;
use super::{crawl, hops, servers};
use crate::kinds::base::KindError;
use crate::pipeline::StepTable;
use crate::pipeline::hop::Hop;
use crate::pipeline::steps::Check;
use crate::sql;

/// The longest that a run may take, in seconds; a run of the next day would otherwise meet it.
const LIMIT: u32 = 23 * 3600;

/// The state at the end of everything.
pub(super) const DONE: &str = "done";

/// The state at the end of the steps; names are unique in the whole machine.
const LAST: &str = "all steps done";

/// Returns whether a step can be done in the cloud alone.
pub(super) fn is_in_cloud(step: &StepTable) -> bool {
    let sql = step.sql.as_ref().is_some_and(|sql| sql.on == Hop::Warehouse);
    let same = matches!(step.check, Some(Check::Same(_)));
    let others = [step.crawl.is_some(), step.job.is_some(), step.athena.is_some()];
    sql || same || others.contains(&true) || step.copy.is_some() || step.unload.is_some()
}

/// Returns the steps that the machine does, in their order.
pub(super) fn steps<'a>(names: &Names<'a>) -> Vec<&'a StepTable> {
    let ordered = names.pipeline.ordered();
    ordered.iter().map(|planned| planned.table).filter(|step| is_in_cloud(step)).collect()
}

/// Returns the definition. Texts such as `${redshift.warehouse.secret_arn}` stand for what is known only later.
///
/// # Errors
/// If a file with SQL cannot be read.
pub(super) fn definition(names: &Names<'_>) -> Result<Value, KindError> {
    let steps = steps(names);
    let mut states = Map::from_iter([(LAST.to_owned(), json!({ "Type": "Succeed" }))]);
    let mut next = LAST.to_owned();
    for (position, step) in steps.iter().enumerate().rev() {
        let mut piece = Piece::new(&step.name, position + 1, step.severity, &next);
        add(&mut piece, names, step)?;
        next = piece.state("");
        states.extend(piece.into_states());
    }
    let servers = servers::needed(names, &steps);
    let states = servers::around(&servers, json!({ "StartAt": next, "States": states }));
    let comment = format!("The scheduled run of the stack {}", names.entry.stack);
    Ok(json!({
        "Comment": comment, "StartAt": servers::first(&servers), "States": states, "TimeoutSeconds": LIMIT,
    }))
}

fn add(piece: &mut Piece, names: &Names<'_>, step: &StepTable) -> Result<(), KindError> {
    let role = |name: &str| output("role", name, "arn");
    if let Some(crawl) = &step.crawl {
        crawl::crawl(piece, &names.crawler(&crawl.crawler));
    } else if let Some(job) = &step.job {
        crawl::job(piece, &names.job(&job.job));
    } else if let Some(copy) = &step.copy {
        hops::statements(piece, names, &copy.statements(copy.from.as_str(), &role(&copy.role)));
    } else if let Some(unload) = &step.unload {
        hops::statements(piece, names, &[unload.statement(unload.to.as_str(), &role(&unload.role))]);
    } else if let Some(sql) = &step.sql {
        hops::statements(piece, names, &sql::statements(&sql.source().text(names.entry.all)?));
    } else if let Some(athena) = &step.athena {
        hops::queries(piece, names, &sql::statements(&athena.source().text(names.entry.all)?));
    } else if let Some(Check::Same(Hop::Staging)) = &step.check {
        hops::check_staging(piece, names);
    } else {
        hops::check_warehouse(piece, names);
    }
    Ok(())
}
