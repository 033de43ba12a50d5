//! The network part of EC2: VPCs, subnets, gateways, routes, endpoints, security groups and their rules.
//!
//! There are no instances and no packets; what is kept is what `stack` and the console show of a network, with the
//! order of deletion that AWS enforces. The databases, clusters and functions of the local cloud count as network
//! interfaces in their subnets and groups.

mod block;
mod endpoints;
mod filters;
mod gateways;
mod groups;
mod interfaces;
mod occupants;
mod permissions;
mod regions;
mod routes;
mod rules;
mod service;
mod state;
mod subnets;
mod tags;
mod transitions;
mod vpcs;

pub(super) use service::Ec2;
