//! `stack unlock`.

use serde_json::json;

use super::args::Global;
use super::session::{Session, ask, one};
use super::{Exit, Outcome};
use crate::apply;
use crate::ownership::Lease;
use crate::ui::Ui;

/// Tells who holds the lease of the stack, and ends it after asking.
pub(super) async fn run(ui: Ui, global: &Global) -> Outcome {
    let session = Session::open(ui, global).await?;
    let free = json!({ "version": 1, "ended": null });
    let Some(bucket) = apply::lease_bucket(&session.stack).and_then(crate::kinds::base::Resource::identity) else {
        ui.answer("this stack has no bucket, so nobody holds a lease", &free);
        return Ok(Exit::Done);
    };
    let holder = match Lease::holder(&session.cx.aws, &bucket).await {
        Err(error) if error.is_not_found() => None,
        outcome => outcome.map_err(one)?,
    };
    let Some(holder) = holder else {
        ui.answer("nobody holds the lease of this stack", &free);
        return Ok(Exit::Done);
    };
    let who = format!("`{}` (process {}), `stack {}`", holder.who, holder.process, holder.command);
    let since = holder.since.strftime("%F %T UTC");
    // Who only asks who it is must be told, too.
    ui.note(&format!("{who} holds the lease since {since}"));
    if !ask(global, "end this lease? Only do so if that run is dead")? {
        ui.note("nothing was changed");
        return Ok(Exit::Failed);
    }
    Lease::end(&session.cx.aws, &bucket).await.map_err(one)?;
    ui.answer(&format!("ended the lease of {who}"), &json!({ "version": 1, "ended": holder }));
    Ok(Exit::Done)
}
