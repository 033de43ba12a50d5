//! What is told to people when something is wrong: message, place, causes, hints. Rendering is the job of `ui`.

mod diagnostic;
mod explain;
mod replacement;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use explain::{Class, Explain, Hint};
pub use replacement::{Fix, Replacement};
