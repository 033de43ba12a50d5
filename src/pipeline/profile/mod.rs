//! The content of a hop in a few figures: rows, exact sums, fingerprints.
//!
//! A fingerprint of a column is the sum over all rows of the first 32 bits of the MD5 of the value's text. It does not
//! depend on the order of rows, every database here can compute it, and a changed value changes it. The fingerprint of
//! the whole row does the same for all texts joined by `|`, so that values cannot change places between rows.

mod compare;
mod dialect;
mod figures;
mod file;
mod measure;

pub(super) use compare::differences;
pub use figures::{Distinct, Profile};
pub(super) use file::{check_header, open, profile_files};
pub(super) use measure::{of_mysql, of_staging, of_warehouse};
