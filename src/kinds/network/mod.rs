//! `[network]`: the VPC and what lies in it.

mod endpoint;
pub(super) mod group_members;
mod interfaces;
mod internet_gateway;
mod route;
mod route_table;
mod rule;
mod security_group;
mod subnet;
mod table;
mod tags;
mod vpc;

pub use endpoint::Endpoint;
pub use internet_gateway::InternetGateway;
pub use route_table::RouteTable;
pub use security_group::SecurityGroup;
pub use subnet::Subnet;
pub use table::{Network, subnets};
pub use vpc::Vpc;

/// The logical name of everything that the one `[network]` table stands for.
pub const NAME: &str = "main";

/// Why a subnet group is made anew with its network.
pub(super) const NETWORK_IS_FIXED: &str = "its network is made anew";
