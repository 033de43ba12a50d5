//! The regions of AWS, as a new account sees them.

use super::super::glob::glob;
use super::super::query::{Params, list, text};
use super::super::refusal::Refusal;

/// The regions that every account can use.
const ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The regions that an account must ask for.
const ON_DEMAND: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// Answers `DescribeRegions`. Who works in a region on demand has asked for it.
pub(super) fn describe_regions(own: &str, params: &Params) -> Result<String, Refusal> {
    let status = |name: &str| match name {
        _ if ENABLED.contains(&name) => "opt-in-not-required",
        _ if name == own => "opted-in",
        _ => "not-opted-in",
    };
    let mut names: Vec<&str> = ENABLED.iter().chain(&ON_DEMAND).copied().collect();
    if !names.contains(&own) {
        names.push(own);
    }
    names.sort_unstable();
    let (every, wanted) = (params.flag("AllRegions") == Some(true), params.texts("RegionName"));
    if let Some(odd) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(Refusal::bad("InvalidParameterValue", format!("Invalid region provided: [{odd}]")));
    }
    let filters = params.list("Filter");
    let mut shown = vec![];
    for name in names {
        let endpoint = format!("ec2.{name}.amazonaws.com");
        let mut passes = wanted.is_empty() || wanted.iter().any(|one| one == name);
        passes &= every || status(name) != "not-opted-in";
        for filter in &filters {
            let value = match filter.text("Name").unwrap_or_default() {
                "region-name" => name,
                "endpoint" => endpoint.as_str(),
                "opt-in-status" => status(name),
                other => {
                    return Err(Refusal::bad("InvalidParameterValue", format!("The filter '{other}' is invalid")));
                }
            };
            passes &= filter.texts("Value").iter().any(|pattern| glob(pattern, value));
        }
        if passes {
            let status = text("optInStatus", status(name));
            shown.push(text("regionName", name) + &text("regionEndpoint", &endpoint) + &status);
        }
    }
    Ok(list("regionInfo", "item", shown))
}
