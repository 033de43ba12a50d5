//! What the stack costs by the hour. Unknown prices are said to be unknown, never zero.

mod cache;
mod error;
mod list;
mod price;
mod prices;
mod rate;
mod usage;

pub use cache::{Cache, Fetched, FetchedPrice};
pub use error::BillingError;
pub use price::{HOURS_A_MONTH, Price, Unit};
pub use prices::Prices;
pub use rate::{Line, Part, Rate, rate};
