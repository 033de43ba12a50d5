//! The steps, one file each.

mod check;
mod crawl;
mod job;
mod load;
mod upload;

pub(super) use check::Check;
pub(super) use crawl::Crawl;
pub(super) use job::Job;
pub(super) use load::WaitForLoad;
pub(super) use upload::UploadStep;
