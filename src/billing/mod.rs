//! What the stack costs by the hour. Unknown prices are said to be unknown, never zero.

mod auto_stop;
mod meter;
mod prices;
mod rate;
mod table;
mod usage;

pub use auto_stop::{extend, push_on, stops_at};
pub use meter::{Meter, Reading};
pub use prices::{HOURS_A_MONTH, lambda_usd, usd_per_hour};
pub use rate::{Line, Rate, rate};
pub use table::{AfterRun, Billing, BillingTable, Covers, parse_span};
pub use usage::{athena_usd, glue_job_usd};
