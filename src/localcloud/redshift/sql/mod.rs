//! Redshift SQL, translated to PostgreSQL's.
//!
//! The text is cut into tokens by `sqlparser`'s Redshift dialect and only those are touched that PostgreSQL would
//! refuse or take for something else; all others reach the server as they were written. What cannot be translated is
//! refused by name. Functions that differ only in their name are made in the server (`prelude.sql`).

mod alter;
mod functions;
mod load;
mod pieces;
mod statement;
mod table;

pub(crate) use load::{Copy, Format, Unload};
pub(crate) use statement::{SqlError, Statement, translate};
