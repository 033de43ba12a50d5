//! What a stack file is judged by beside its own text.

use jiff::civil::Date;

use crate::kinds::base::AnyTable;

/// What a stack file is judged by beside its own text.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Tables of other rooms, such as the pipeline's.
    pub tables: &'a [&'static dyn AnyTable],
    /// The region that wins over the file's.
    pub region: Option<&'a str>,
    /// The day by which retired values are judged.
    pub today: Date,
}
