//! Which regions there are, and which one is meant when nobody says.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;

use super::{AwsError, Clients, Sorted};

/// Returns the regions that are enabled for the account, sorted.
///
/// # Errors
/// If the call fails.
pub async fn enabled_regions(clients: &Clients) -> Result<Vec<String>, AwsError> {
    let answer = clients.ec2.describe_regions().send().await.named("ec2:DescribeRegions")?;
    let regions = answer.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name);
    let mut regions: Vec<String> = regions.collect();
    regions.sort_unstable();
    Ok(regions)
}

/// Returns the region of the environment, or that of the profile. Makes no call: a machine in EC2 is not asked where it
/// stands.
pub async fn usual_region(profile: Option<&str>) -> Option<String> {
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await {
        return Some(region.to_string());
    }
    let mut builder = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        builder = builder.profile_name(profile);
    }
    builder.build().region().await.map(|region| region.to_string())
}
