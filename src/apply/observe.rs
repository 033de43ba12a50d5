//! One look at the world: a listing a kind, all kinds side by side.

use std::collections::BTreeMap;

use futures::future::try_join_all;

use super::ApplyError;
use crate::kinds::KINDS;
use crate::kinds::base::{AnyFound, AnyKind, Cx, Scope, Shared};
use crate::ownership::Tags;
use crate::plan::Observed;
use crate::spec::Stack;

/// How sure a look must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Few calls: the index of tags is believed where it confirms what is expected.
    Batched,
    /// Every resource is asked for its tags itself, so that nothing of ours is missed.
    Thorough,
}

/// Lists every kind.
///
/// # Errors
/// If a listing fails.
pub async fn observe(stack: &Stack, cx: &Cx, look: Look) -> Result<Observed, ApplyError> {
    let shared = Shared::default();
    let mut names: BTreeMap<&str, BTreeMap<String, Tags>> = BTreeMap::new();
    for resource in &stack.resources {
        if let Some(name) = resource.identity() {
            names.entry(resource.kind.name()).or_default().insert(name, resource.tags(&cx.known));
        }
    }
    let listings = KINDS.iter().map(|kind| {
        let scope = Scope {
            stack: stack.name.clone(),
            names: names.remove(kind.name()).unwrap_or_default(),
            trusts_index: look == Look::Batched,
            shared: shared.clone(),
        };
        list(*kind, cx, scope)
    });
    let listings = try_join_all(listings.collect::<Vec<_>>()).await?;
    let mut observed = Observed::default();
    for (kind, listing) in KINDS.iter().zip(listings) {
        observed.sort(stack, *kind, listing);
    }
    Ok(observed)
}

async fn list(kind: &'static dyn AnyKind, cx: &Cx, scope: Scope) -> Result<Vec<AnyFound>, ApplyError> {
    kind.list(cx, &scope).await.map_err(|source| ApplyError::List { kind: kind.name(), source })
}
