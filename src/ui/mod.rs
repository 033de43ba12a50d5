//! The only room that writes to a terminal or asks. Data go to stdout, all else to stderr.

mod cost_view;
mod diagnostics;
mod logs_view;
mod money;
mod numbers;
mod plan_json;
mod plan_text;
mod prices_view;
mod progress;
mod prompt;
mod runs_view;
mod sales_view;
mod status_view;
mod steps_view;
mod terminal;
mod trial_view;
mod tune_view;

pub use cost_view::CostView;
pub use diagnostics::{diagnostics_json, render_diagnostic, render_failures, summary_json};
pub use logs_view::LogsView;
pub use money::{money_line, running_line};
pub use numbers::grouped;
pub use plan_json::plan_json;
pub use plan_text::{moved_lines, plan_markdown, plan_text};
pub use prices_view::{Refreshed, prices_json, prices_text, refreshed_json, refreshed_text};
pub use progress::follow_apply;
pub use prompt::{confirm, is_interactive};
pub use runs_view::{forecast_text, run_json, run_text, runs_json, runs_text};
pub use sales_view::sales_text;
pub use status_view::{StatusLine, status_json, status_text};
pub use steps_view::{follow_steps, profile_text, steps_text};
pub use terminal::Ui;
pub use trial_view::{trial_json, trial_line, trial_svg, trial_text};
pub use tune_view::suggestions_text;
