//! Runs SQL on the stack's databases: MySQL over its own protocol, Redshift over the Data API. Knows no resources.

mod credentials;
mod error;
mod literal;
mod mysql;
mod redshift;
mod script;

pub use credentials::{Credentials, fetch as fetch_credentials};
pub use error::SqlError;
pub use literal::literal;
pub use mysql::{Mysql, MysqlTarget};
pub use redshift::Redshift;
pub use script::statements;

/// A row as text, `None` for NULL.
pub type Row = Vec<Option<String>>;
