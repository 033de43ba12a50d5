//! `[lambda.NAME]` and `[layer.NAME]`: functions, what they share, and what sets them off.

mod function;
mod layer;
mod table;
mod trigger;
mod zip;

pub use function::Function;
pub use layer::{Layer, LayerTable};
pub use table::{Lambda, LambdaTable};
pub use trigger::Trigger;
