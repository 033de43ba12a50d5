//! What only AWS knows of a cluster that is about to be made or changed. Reads only.

use super::cluster::Spec;
use super::observed;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Finding, KindError};
use crate::kinds::present::readable;

/// Finds what AWS would refuse.
pub(super) async fn of_cluster(cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
    let now = readable(observed::cluster(cx, &want.identifier).await)?.flatten();
    let seen = now.map(|cluster| observed::found(cx, &cluster).seen);
    let is_as_it_is = seen.is_some_and(|seen| seen.node_type == want.node_type && seen.nodes == want.nodes);
    if is_as_it_is { Ok(vec![]) } else { Ok(node_type(cx, want).await?.into_iter().collect()) }
}

/// Asks whether the node type is sold, and for this number of nodes.
async fn node_type(cx: &Cx, want: &Spec) -> Result<Option<Finding>, AwsError> {
    let call = cx.aws.redshift.describe_orderable_cluster_options().node_type(&want.node_type);
    let mut pages = call.into_paginator().items().send();
    let form = if want.nodes == 1 { "single-node" } else { "multi-node" };
    let (mut is_sold, mut is_sold_so) = (false, false);
    while let Some(option) = pages.next().await {
        let Some(option) = readable(option.named("redshift:DescribeOrderableClusterOptions"))? else { return Ok(None) };
        is_sold |= option.node_type() == Some(&want.node_type);
        is_sold_so |= option.node_type() == Some(&want.node_type) && option.cluster_type() == Some(form);
    }
    let region = &cx.known.stack.region;
    Ok(match (is_sold, is_sold_so) {
        (_, true) => None,
        (true, false) => {
            let message = format!("AWS makes no {form} clusters of `{}` in {region}", want.node_type);
            Some(Finding::error("nodes", message).hint("a single node can be `ra3.large`"))
        }
        (false, false) => {
            let message = format!("AWS does not offer `{}` in {region}", want.node_type);
            Some(Finding::error("node_type", message).hint("the smallest that it offers is `ra3.large`"))
        }
    })
}
