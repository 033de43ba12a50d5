//! What would be done: declared and observed in, plan out. Pure: no call, no clock, no AWS.

mod adopt;
mod change;
mod decide;
mod deletes;
mod fields;
mod observed;
mod order;
#[expect(clippy::module_inception, reason = "the room and its noun have one name")]
mod plan;
mod wake;

pub use adopt::adopt;
pub use change::{Change, Deed, Foreign, Reason, Retag, Work};
pub use decide::{Refusal, up};
pub use deletes::destroy;
pub use observed::{Observed, Orphan, Readdressed};
pub use plan::{Plan, Proposal};
