//! The subnets of a subnet group, whichever service keeps the group.

use super::NETWORK_IS_FIXED;
use crate::kinds::base::{Cx, Diff, KindError, Known};
use crate::model::{Address, Effect};

/// Compares the declared subnets with those that a group holds.
pub(crate) fn diff(want: &[Address], seen: &[String], known: &Known) -> Diff {
    match want.iter().map(|subnet| known.get(subnet, "id")).collect::<Option<Vec<String>>>() {
        Some(subnets) => Diff::new().unordered("subnets", &subnets, seen),
        None => {
            // Some of them new is another zone; all of them new is another network, and a group cannot move there.
            let moves = want.iter().all(|subnet| known.get(subnet, "id").is_none());
            let effect = if moves { Effect::Replace(NETWORK_IS_FIXED) } else { Effect::InPlace };
            Diff::new().maybe("subnets", None, seen.join(", "), effect)
        }
    }
}

/// Returns the ids of the subnets.
///
/// # Errors
/// If one of them does not exist yet.
pub(crate) fn ids(cx: &Cx, subnets: &[Address]) -> Result<Vec<String>, KindError> {
    subnets.iter().map(|subnet| cx.known.need(subnet, "id")).collect()
}
