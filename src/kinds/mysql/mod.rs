//! `[mysql.NAME]`: a MySQL instance on RDS with its subnet group, parameter group, database and schema.

mod instance;
mod parameter_group;
mod rds_tags;
mod schema;
mod subnet_group;
mod table;

pub use instance::Instance;
pub use parameter_group::ParameterGroup;
pub use schema::Schema;
pub use subnet_group::SubnetGroup;
pub use table::{Mysql, MysqlTable};
