//! What the stack costs by the hour. Unknown prices are said to be unknown, never zero.

mod prices;
mod rate;
mod usage;

pub use prices::{HOURS_A_MONTH, usd_per_hour};
pub use rate::{Line, Rate, rate};
pub use usage::{athena_usd, glue_job_usd};
