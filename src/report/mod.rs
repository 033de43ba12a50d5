//! Figures for people.

mod sales;

pub use sales::{Best, Period, Sales, sales};
