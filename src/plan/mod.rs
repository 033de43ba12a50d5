//! What would be done: declared and observed in, plan out. Pure: no call, no clock, no AWS.

mod change;
mod decide;
mod observed;

pub use change::{Change, Foreign, Plan, Reason, Work};
pub use decide::{destroy, up};
pub use observed::{Observed, Orphan};
