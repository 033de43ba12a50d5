//! What would be lost with what is deleted.

use clap::Args;
use futures::future::try_join_all;
use jiff::Timestamp;

use super::session::{Session, one};
use crate::apply::ApplyError;
use crate::diag::{Class, Diagnostic};
use crate::model::Action;
use crate::plan::{Change, Plan};

/// What may happen to data.
#[derive(Debug, Clone, Args)]
pub(super) struct DeletionArgs {
    /// Delete buckets with their objects and databases with their data, too; of databases a final snapshot is kept
    #[arg(long)]
    delete_data: bool,
    /// Keep no final snapshot of deleted databases
    #[arg(long, requires = "delete_data")]
    no_final_snapshot: bool,
}

impl DeletionArgs {
    /// Returns the end of the names of final snapshots, unless none is wanted.
    pub(super) fn final_snapshot(&self) -> Option<String> {
        (!self.no_final_snapshot).then(|| Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string())
    }
}

/// Refuses a plan that would lose data which are nowhere else.
pub(super) async fn protect_data(session: &Session, plan: &Plan, args: &DeletionArgs) -> Result<(), Vec<Diagnostic>> {
    if args.delete_data {
        return Ok(());
    }
    let holding = holding(session, plan).await?;
    if holding.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = holding.iter().map(|change| format!("`{}`", change.address)).collect();
    let message = format!("{} would be deleted with all data", names.join(", "));
    let mut error = Diagnostic::error(Class::Refused, message);
    for change in holding.iter().filter(|change| change.is_part_of_replacement()) {
        let why = change.diff.replacement().unwrap_or("something that it is built on is made anew");
        error.causes.push(format!("`{}` would be made anew: {why}", change.address));
    }
    let error = error.hint("`stack down` stops the costs and keeps the data");
    let error = error.hint("to keep it, put it back into the stack file as it was");
    Err(vec![error.hint("`--delete-data` goes on; of databases a final snapshot is kept")])
}

async fn holding<'a>(session: &Session, plan: &'a Plan) -> Result<Vec<&'a Change>, Vec<Diagnostic>> {
    let deletes = plan.pending().filter(|change| change.action == Action::Delete && change.kind.holds_data());
    let looks = deletes.map(async |change| {
        let Some(found) = &change.found else { return Ok(None) };
        let has_data = change.kind.has_data(&session.cx, found).await;
        let has_data =
            has_data.map_err(|source| ApplyError::Look { address: change.address.clone(), source }).map_err(one)?;
        Ok(has_data.then_some(change))
    });
    let found: Result<Vec<Option<&Change>>, Vec<Diagnostic>> = try_join_all(looks).await;
    Ok(found?.into_iter().flatten().collect())
}
