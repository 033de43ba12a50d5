//! `[redshift.NAME]`: a Redshift cluster with its subnet group, database and schema.

mod change;
mod cluster;
mod events;
mod observed;
mod permissions;
mod preflight;
mod redshift_tags;
mod removal;
mod schema;
mod snapshots;
mod subnet_group;
mod table;

pub use cluster::Cluster;
pub use schema::Schema;
pub use subnet_group::SubnetGroup;
pub use table::{Redshift, RedshiftTable};
