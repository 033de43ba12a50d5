//! A monthly AWS Budget with alerts by email. It costs nothing, and it brakes nothing: AWS looks at it about once a day.

mod alerts;
mod calls;
mod kind;
mod limit;
mod observed;

pub use kind::{Budget, Covers, MOST_ADDRESSES, Spec, name};
pub use limit::MonthlyLimit;
