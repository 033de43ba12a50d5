//! The faults and the journal of the local cloud, and the cloud without engines, as tests and benches use them.

mod here;
mod strikes;
mod transitions;
mod without_engines;
