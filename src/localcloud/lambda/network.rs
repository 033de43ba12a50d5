//! A function's place in a network, and what it leaves there.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_ec2::types::NetworkInterfaceCreationType;
use serde_json::{Map, Value, json};

use super::refused::invalid;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::sdk;

/// Sets the network, with the VPC that the subnets lie in; empty lists take the function out of its network.
///
/// # Errors
/// If a subnet does not exist.
pub(super) async fn apply(
    configuration: &mut Value,
    input: &Value,
    endpoint: &str,
    region: &str,
) -> Result<(), Refusal> {
    let Some(network) = input["VpcConfig"].as_object() else { return Ok(()) };
    let subnets = words(network, "SubnetIds");
    let mut shown = json!({ "SubnetIds": subnets, "SecurityGroupIds": words(network, "SecurityGroupIds") });
    shown["Ipv6AllowedForDualStack"] = network.get("Ipv6AllowedForDualStack").cloned().unwrap_or(json!(false));
    shown["VpcId"] = json!(if subnets.is_empty() { String::new() } else { vpc_of(subnets, endpoint, region).await? });
    configuration["VpcConfig"] = shown;
    Ok(())
}

fn words(network: &Map<String, Value>, member: &str) -> Vec<String> {
    let list = network.get(member).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

async fn vpc_of(subnets: Vec<String>, endpoint: &str, region: &str) -> Result<String, Refusal> {
    let client = Client::new(&sdk::config(endpoint, region).await);
    match client.describe_subnets().set_subnet_ids(Some(subnets)).send().await {
        Ok(found) => Ok(found.subnets().first().and_then(|subnet| subnet.vpc_id()).unwrap_or_default().to_owned()),
        Err(error) => Err(invalid(format!(
            "Error occurred while DescribeSubnets. EC2 Error Code: {}. EC2 Error Message: {}",
            error.code().unwrap_or("InternalError"),
            error.message().unwrap_or_default()
        ))),
    }
}

/// Leaves the interfaces of a configuration behind, which AWS takes away only a while after the function has left its
/// network. EC2 knows how long that is.
pub(super) async fn leave(configuration: &Value, endpoint: &str, region: &str) {
    let Some(network) = configuration["VpcConfig"].as_object() else { return };
    let client = Client::new(&sdk::config(endpoint, region).await);
    let name = configuration["FunctionName"].as_str().unwrap_or_default();
    for subnet in words(network, "SubnetIds") {
        let sent = client
            .create_network_interface()
            .subnet_id(&subnet)
            .set_groups(Some(words(network, "SecurityGroupIds")))
            .description(format!("AWS Lambda VPC ENI-{name}"))
            .interface_type(NetworkInterfaceCreationType::from("lambda"))
            .send()
            .await;
        if let Err(error) = sent {
            tracing::debug!(subnet, error = %DisplayErrorContext(error), "no interface was left");
        }
    }
}

/// Returns whether two configurations are in the same place.
pub(super) fn same_place(left: &Value, right: &Value) -> bool {
    ["SubnetIds", "SecurityGroupIds"].iter().all(|member| left["VpcConfig"][member] == right["VpcConfig"][member])
}
