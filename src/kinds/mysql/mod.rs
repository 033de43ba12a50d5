//! `[mysql.NAME]`: a MySQL instance on RDS with its subnet group, parameter group, database and schema.

mod billing;
mod change;
mod class;
mod events;
mod instance;
mod observed;
mod parameter_group;
mod parameters;
mod permissions;
mod preflight;
mod rds_tags;
mod removal;
mod schema;
mod snapshots;
mod subnet_group;
mod table;
mod version;

pub use class::{Class, class};
pub use instance::Instance;
pub use parameter_group::ParameterGroup;
pub use schema::Schema;
pub use subnet_group::SubnetGroup;
pub use table::{Mysql, MysqlTable};
pub use version::has_redo_log_capacity;
