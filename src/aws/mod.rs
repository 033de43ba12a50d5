//! The way to AWS: clients, the caller's identity, and the sorting of every SDK failure into [`AwsError`].
//! No other room names `SdkError`.

mod caller;
mod clients;
mod clock;
mod error;
mod limits;
mod regions;

pub use caller::{Caller, CallerError, caller_address, reach};
pub use clients::{Clients, Target};
pub use clock::{Clock, moment};
pub use error::{AwsError, Sorted, Trouble};
pub use limits::Counter;
pub use regions::{enabled_regions, usual_region};
