//! What would be done: declared and observed in, plan out. Pure: no call, no clock, no AWS.

mod decide;
mod observed;
mod plan;

pub use decide::{destroy, up};
pub use observed::{Observed, Orphan};
pub use plan::{Change, Foreign, Plan, Reason};
