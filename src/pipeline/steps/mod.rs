//! The steps, one file each.

mod athena;
mod check;
mod checked_table;
mod command;
mod copy;
mod crawl;
mod job;
mod load;
mod report;
mod rules;
mod sql;
mod statements;
mod unload;
mod upload;

pub(super) use athena::Athena;
pub(super) use check::Check;
pub(super) use command::Command;
pub(super) use copy::Copy;
pub(super) use crawl::Crawl;
pub(super) use job::Job;
pub(super) use load::WaitForLoad;
pub(super) use report::Report;
pub(super) use sql::Sql;
pub(super) use unload::Unload;
pub(super) use upload::UploadStep;
