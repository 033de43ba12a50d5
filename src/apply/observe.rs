//! One look at the world: a listing a kind, all kinds side by side.

use futures::future::try_join_all;

use super::ApplyError;
use crate::kinds::KINDS;
use crate::kinds::base::{AnyKind, Cx, Scope};
use crate::plan::Observed;
use crate::spec::Stack;

/// Lists every kind.
///
/// # Errors
/// If a listing fails.
pub async fn observe(stack: &Stack, cx: &Cx) -> Result<Observed, ApplyError> {
    let listings = try_join_all(KINDS.iter().map(|kind| list(stack, cx, *kind))).await?;
    let mut observed = Observed::default();
    for (kind, listing) in KINDS.iter().zip(listings) {
        observed.sort(stack, *kind, listing);
    }
    Ok(observed)
}

async fn list(
    stack: &Stack,
    cx: &Cx,
    kind: &'static dyn AnyKind,
) -> Result<Vec<crate::kinds::base::AnyFound>, ApplyError> {
    let of_kind = stack.resources.iter().filter(|resource| resource.address.kind == kind.name());
    let names = of_kind.filter_map(crate::kinds::base::Resource::identity).collect();
    let scope = Scope { stack: stack.name.clone(), names };
    kind.list(cx, &scope).await.map_err(|source| ApplyError::List { kind: kind.name(), source })
}
