//! Which bucket keeps the lease.

use crate::kinds::base::{AnyFound, Cx, Resource};
use crate::kinds::{bucket, lambda};
use crate::model::Address;
use crate::spec::Stack;

use super::ApplyError;

/// Returns the bucket that keeps the lease of a stack: one whose new objects set nothing off, and without versions if
/// there is one, so that renewals leave nothing behind.
pub fn lease_bucket(stack: &Stack) -> Option<&Resource> {
    let triggers = stack.resources.iter().filter_map(|resource| resource.spec::<lambda::Trigger>());
    let watched: Vec<_> = triggers.map(|trigger| trigger.bucket.clone()).collect();
    let buckets = stack.resources.iter().filter_map(|resource| Some((resource, resource.spec::<bucket::Bucket>()?)));
    let order = |(resource, spec): &(&Resource, &bucket::Spec)| {
        (watched.contains(&resource.address), spec.versioning, resource.address.clone())
    };
    buckets.min_by_key(order).map(|(resource, _)| resource)
}

/// Reads one resource from its service.
///
/// # Errors
/// If it cannot be read.
pub async fn read(cx: &Cx, resource: &Resource) -> Result<Option<AnyFound>, ApplyError> {
    let read = super::perform::read(cx, resource.kind, &resource.address, resource.identity());
    read.await.map_err(|source| ApplyError::call("read", resource.address.clone(), source, None))
}

/// Reads a declared resource that has no name of its own by an id that a person gave.
///
/// # Errors
/// If it cannot be read.
pub async fn read_named(stack: &Stack, cx: &Cx, address: &Address, id: &str) -> Result<Option<AnyFound>, ApplyError> {
    let Some(resource) = stack.resource(address) else { return Ok(None) };
    let read = super::perform::read(cx, resource.kind, address, Some(id.to_owned()));
    read.await.map_err(|source| ApplyError::call("read", address.clone(), source, None))
}
