//! What is checked after the plan and before the first write.

use super::session::{Session, one};
use crate::apply::{self, Obstacle};
use crate::diag::{Class, Diagnostic, Severity};
use crate::plan::Plan;
use crate::ui::{Ui, render_diagnostic};

/// Shows warnings and refuses on errors.
pub(super) async fn check_before(ui: Ui, session: &Session, plan: &Plan) -> Result<(), Vec<Diagnostic>> {
    let obstacles = apply::preflight(plan, &session.cx, &session.caller).await.map_err(one)?;
    let found = obstacles.into_iter().map(|obstacle| describe(session, obstacle));
    let (errors, warnings): (Vec<_>, Vec<_>) = found.partition(|one| one.severity == Severity::Error);
    for warning in &warnings {
        ui.note(&render_diagnostic(warning, ui.color));
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn describe(session: &Session, obstacle: Obstacle) -> Diagnostic {
    match obstacle {
        Obstacle::Denied { action, resource } => {
            let message = format!("you may not `{action}` on `{resource}`");
            let mut error = Diagnostic::error(Class::Refused, message);
            error.causes.push(format!("IAM's simulation denies it for `{}`", session.caller.arn));
            error.hint("`stack iam-policy` prints what this stack needs")
        }
        Obstacle::Finding { address, finding } => {
            let place = session.stack.resource(&address).map(|resource| {
                let at = resource.origin.join(&finding.at);
                if finding.at.is_empty() {
                    session.stack.document.key_place(&at, "")
                } else {
                    session.stack.document.place(&at, "")
                }
            });
            let message = format!("`{address}`: {}", finding.message);
            let diagnostic = match finding.warning {
                true => Diagnostic::warning(Class::Refused, message),
                false => Diagnostic::error(Class::Refused, message),
            };
            let diagnostic = diagnostic.at(place);
            match finding.hint {
                Some(hint) => diagnostic.hint(hint),
                None => diagnostic,
            }
        }
    }
}
