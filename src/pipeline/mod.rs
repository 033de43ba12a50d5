//! The ETL: typed steps, the runner that orders them by what they read and write, and the proof of every hop.
//!
//! A new step is one file in `steps/` and its key in [`table::StepTable`].

mod error;
mod event;
mod facts;
mod profile;
mod rights;
mod runner;
pub mod sample;
mod step;
mod steps;
mod table;
mod warehouse;

pub use error::PipelineError;
pub use event::{StepEvent, StepEvents, StepReport};
pub use facts::{Facts, Load};
pub use profile::{Distinct, Profile};
pub use rights::{RightsCx, permissions};
pub use runner::{Outcome, run};
pub use step::{Dataset, StepCx, Tally};
pub use table::{Pipeline, PipelineTable};
pub use warehouse::warehouse;
