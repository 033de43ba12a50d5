//! The resource kinds: what a person may declare, how it is found, compared, made, changed and deleted.
//!
//! A new kind is one file and its entry in the lists below, nothing else.

mod attribute_table;
#[cfg(test)]
mod attributes;
pub mod base;
pub mod bucket;
pub mod budget;
pub mod dashboard;
mod final_snapshot;
pub mod glue;
pub mod lambda;
mod listening;
pub mod log_group;
pub mod mysql;
pub mod network;
pub mod object;
mod policy;
mod present;
pub mod redshift;
mod references;
pub mod retired;
pub mod role;
mod running;
pub mod schedule;
pub mod schedule_expression;
pub mod schedule_group;
pub mod state_machine;
pub mod workgroup;

pub use attribute_table::attribute_table;
use glue::{classifier, connection, crawler, database, job};
pub use references::template_references;
pub use retired::{MysqlSupport, mysql_support};

use base::{AnyKind, AnyTable};

/// Every resource kind.
pub static KINDS: &[&dyn AnyKind] = &[
    &network::Vpc,
    &network::Subnet,
    &network::InternetGateway,
    &network::RouteTable,
    &network::SecurityGroup,
    &network::Endpoint,
    &bucket::Bucket,
    &object::Object,
    &role::Role,
    &mysql::SubnetGroup,
    &mysql::ParameterGroup,
    &mysql::Instance,
    &mysql::Schema,
    &redshift::SubnetGroup,
    &redshift::Cluster,
    &redshift::Schema,
    &log_group::LogGroup,
    &lambda::Layer,
    &lambda::Function,
    &lambda::Trigger,
    &database::Database,
    &connection::Connection,
    &classifier::Classifier,
    &crawler::Crawler,
    &job::Job,
    &workgroup::Workgroup,
    &dashboard::Dashboard,
    &state_machine::StateMachine,
    &schedule_group::ScheduleGroup,
    &schedule::Schedule,
    &budget::Budget,
];

/// Every table that a person may write.
pub static TABLES: &[&dyn AnyTable] = &[
    &network::Network,
    &bucket::Bucket,
    &role::Role,
    &mysql::Mysql,
    &redshift::Redshift,
    &lambda::Layer,
    &lambda::Lambda,
    &database::Database,
    &connection::Connection,
    &classifier::Classifier,
    &crawler::Crawler,
    &job::Job,
    &workgroup::Workgroup,
    &dashboard::Dashboard,
];
