//! The steps, one file each.

mod check;
mod crawl;
mod job;
mod load;
mod upload;

pub use check::Check;
pub use crawl::Crawl;
pub use job::Job;
pub use load::WaitForLoad;
pub use upload::UploadStep;
