//! What only AWS knows of an instance that is about to be made or changed: versions, classes, quotas. Reads only.

use aws_sdk_rds::types::{DbMajorEngineVersion, LifecycleSupportName};
use jiff::Timestamp;

use super::instance::Spec;
use super::observed;
use super::version::{self, Standing};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, Finding, KindError};
use crate::kinds::present::readable;

const ENGINE: &str = "mysql";

/// Finds what AWS would refuse.
pub(super) async fn of_instance(cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
    let now = readable(observed::instance(cx, &want.identifier).await)?.flatten();
    let now = now.map(|instance| observed::found(&instance).seen);
    let same_version =
        now.as_ref().is_some_and(|seen| version::standing(&want.version, &seen.version) == Standing::AsDeclared);
    let mut findings = vec![];
    if !same_version {
        findings.extend(lifecycle(cx, &want.version).await?);
    }
    let exact = match &now {
        Some(seen) if same_version => Some(Offer::Exact(seen.version.clone())),
        _ => offered(cx, &want.version).await?,
    };
    match exact {
        None => {}
        Some(Offer::None { newest }) => {
            let finding = Finding::error("version", format!("RDS does not offer MySQL {}", want.version));
            let hint = newest.map(|newest| format!("write `version = \"{}\"`", version::series(&newest)));
            findings.push(Finding { hint, ..finding });
        }
        Some(Offer::Exact(exact)) if now.as_ref().is_none_or(|seen| seen.class != want.class || !same_version) => {
            findings.extend(class(cx, want, &exact).await?);
        }
        Some(Offer::Exact(_)) => {}
    }
    if now.is_none() {
        findings.extend(quota(cx, want).await?);
    }
    Ok(findings)
}

enum Offer {
    /// The version, with its patch, that would be made.
    Exact(String),
    /// No such version, but others.
    None { newest: Option<String> },
}

/// Asks which version would be made; nothing if that may not be asked.
async fn offered(cx: &Cx, wanted: &str) -> Result<Option<Offer>, AwsError> {
    let mut pages = cx.aws.rds.describe_db_engine_versions().engine(ENGINE).into_paginator().items().send();
    let mut newest: Option<String> = None;
    let mut exact: Option<String> = None;
    while let Some(one) = pages.next().await {
        let Some(one) = readable(one.named("rds:DescribeDBEngineVersions"))? else { return Ok(None) };
        let Some(offered) = one.engine_version else { continue };
        let is_newer = |than: &Option<String>| {
            than.as_ref().is_none_or(|than| version::sortable(&offered) > version::sortable(than))
        };
        let is_wanted = offered == wanted || offered.starts_with(&format!("{wanted}."));
        if is_wanted && is_newer(&exact) {
            exact = Some(offered.clone());
        }
        if is_newer(&newest) {
            newest = Some(offered);
        }
    }
    Ok(Some(exact.map_or(Offer::None { newest }, Offer::Exact)))
}

/// Asks whether the class is sold for the version.
async fn class(cx: &Cx, want: &Spec, exact: &str) -> Result<Option<Finding>, AwsError> {
    let call = cx.aws.rds.describe_orderable_db_instance_options().engine(ENGINE).engine_version(exact);
    let mut pages = call.db_instance_class(&want.class).into_paginator().items().send();
    let is_sold = match pages.next().await {
        None => Some(false),
        Some(answer) => match answer.named("rds:DescribeOrderableDBInstanceOptions") {
            // AWS refuses a class that it never had instead of answering that it has none.
            Err(error) if error.trouble == Trouble::Invalid && error.code != "InvalidAction" => Some(false),
            answer => readable(answer)?.map(|_| true),
        },
    };
    let message = format!("RDS does not offer `{}` for MySQL {exact} in {}", want.class, cx.known.stack.region);
    let finding = Finding::error("class", message).hint("the smallest that it offers is `db.t4g.micro`");
    Ok((is_sold == Some(false)).then_some(finding))
}

/// Asks whether AWS still supports the release series: without paid Extended Support, which is off, an ended one is
/// refused.
async fn lifecycle(cx: &Cx, wanted: &str) -> Result<Option<Finding>, AwsError> {
    let call = cx.aws.rds.describe_db_major_engine_versions().engine(ENGINE);
    let mut pages = call.into_paginator().items().send();
    let (mut ended, mut supported) = (None, vec![]);
    while let Some(series) = pages.next().await {
        let Some(series) = readable(series.named("rds:DescribeDBMajorEngineVersions"))? else { return Ok(None) };
        let Some(end) = standard_support_ends(&series) else { continue };
        let name = series.major_engine_version.unwrap_or_default();
        if end > Timestamp::now() {
            supported.push(name);
        } else if name == version::series(wanted) {
            ended = Some(end);
        }
    }
    supported.sort_by_key(|series| version::sortable(series));
    Ok(ended.map(|end| {
        let day = end.strftime("%Y-%m-%d");
        let message = format!("the standard support of MySQL {} ended on {day}", version::series(wanted));
        let finding = Finding::error("version", format!("{message}; AWS makes it only with paid Extended Support"));
        Finding { hint: supported.pop().map(|series| format!("write `version = \"{series}\"`")), ..finding }
    }))
}

fn standard_support_ends(series: &DbMajorEngineVersion) -> Option<Timestamp> {
    let mut cycles = series.supported_engine_lifecycles().iter();
    let is_standard = |name: &LifecycleSupportName| matches!(name, LifecycleSupportName::OpenSourceRdsStandardSupport);
    let standard = cycles.find(|cycle| cycle.lifecycle_support_name().is_some_and(is_standard))?;
    Timestamp::from_second(standard.lifecycle_support_end_date()?.secs()).ok()
}

/// Asks whether the account has room for one more.
async fn quota(cx: &Cx, want: &Spec) -> Result<Vec<Finding>, AwsError> {
    let answer = cx.aws.rds.describe_account_attributes().send().await.named("rds:DescribeAccountAttributes");
    let Some(answer) = readable(answer)? else { return Ok(vec![]) };
    let needed = |name: &str| match name {
        "DBInstances" => Some(("identifier", "DB instances", 1)),
        "AllocatedStorage" => Some(("storage_gib", "GiB of storage", i64::from(want.storage_gib))),
        _ => None,
    };
    let full = answer.account_quotas.unwrap_or_default().into_iter().filter_map(|quota| {
        let (at, what, needed) = needed(quota.account_quota_name.as_deref()?)?;
        let (used, most) = (quota.used?, quota.max?);
        let message = format!("the account has {used} of {most} {what} in {}", cx.known.stack.region);
        let finding = Finding::error(at, message).hint("delete some, or ask for more in Service Quotas");
        (used + needed > most).then_some(finding)
    });
    Ok(full.collect())
}
