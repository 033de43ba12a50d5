//! The ETL: typed steps, the runner that orders them by what they read and write, and the proof of every hop.
//!
//! A new step is one file in `steps/` and its key in [`StepTable`].

mod cost;
mod dataset;
mod error;
mod event;
mod facts;
mod forecast;
mod hop;
mod machine;
mod order;
mod parts;
mod profile;
mod record;
mod rights;
mod runner;
pub mod sample;
mod step;
mod step_table;
mod steps;
mod table;
mod warehouse;

pub use cost::{Basis, Costing, RunCost, ServerCost, StepCost};
pub use dataset::Dataset;
pub use error::{PipelineError, Problem};
pub use event::{Happening, StepEvent, StepEvents, StepReport};
pub use facts::{Facts, Load};
pub use forecast::{EARLIER_RUNS, Forecast, ForecastStep};
pub use order::{Planned, order};
pub use parts::Parts;
pub use profile::{Distinct, Profile};
pub use record::{History, Memory, Recorder, RunRecord, State, StepRecord};
pub use rights::{RightsCx, permissions};
pub use runner::{Outcome, Run};
pub use step::{StepCx, Tally};
pub use step_table::{Severity, StepTable};
pub use table::{Pipeline, PipelineTable};
pub use warehouse::warehouse;
