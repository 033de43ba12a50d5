//! What the stack costs by the hour. Unknown prices are said to be unknown, never zero.

mod auto_stop;
mod by_use;
mod cache;
mod error;
mod fleet;
mod habit;
mod list;
mod meter;
mod price;
mod prices;
mod rate;
mod refresh;
mod table;
mod usage;

pub use auto_stop::{Pause, extend, pause_of, push_on, stops_at};
pub use by_use::{ByUse, by_use};
pub use cache::{Cache, Fetched, FetchedPrice};
pub use error::BillingError;
pub use fleet::{Fleet, Machine, Running, fleet, running};
pub use habit::{Habit, NIGHTS_A_MONTH, run_usd};
pub use meter::{Meter, Reading};
pub use price::{HOURS_A_MONTH, Price, Unit};
pub use prices::Prices;
pub use rate::{Line, Part, Rate, rate, sum_known};
pub use refresh::{Told, Untold, fetch};
pub use table::{AfterRun, Billing, BillingTable, parse_span};
pub use usage::{CRAWL_LEAST_SECONDS, JOB_LEAST_SECONDS};
