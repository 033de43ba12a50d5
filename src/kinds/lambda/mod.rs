//! `[lambda.NAME]` and `[layer.NAME]`: functions, what they share, and what sets them off.

mod build;
mod configuration;
mod function;
mod layer;
mod limits;
mod mark;
mod permission;
mod table;
mod trigger;
mod zip;

pub use function::Function;
pub use layer::{Layer, LayerTable};
pub use table::{Lambda, LambdaTable};
pub use trigger::Trigger;
