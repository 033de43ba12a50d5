//! What the stack costs by the hour. Unknown prices are said to be unknown, never zero.

mod by_use;
mod cache;
mod error;
mod habit;
mod list;
mod price;
mod prices;
mod rate;
mod refresh;
mod usage;

pub use by_use::{ByUse, by_use};
pub use cache::{Cache, Fetched, FetchedPrice};
pub use error::BillingError;
pub use habit::{Habit, NIGHTS_A_MONTH, run_usd};
pub use price::{HOURS_A_MONTH, Price, Unit};
pub use prices::Prices;
pub use rate::{Line, Part, Rate, rate};
pub use refresh::{Told, Untold, fetch};
pub use usage::{CRAWL_LEAST_SECONDS, JOB_LEAST_SECONDS};
