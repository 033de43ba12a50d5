//! Which steps of a pipeline a run is to do: all, or `--from`, `--only` and `--until` one.

use std::collections::BTreeSet;

use super::Planned;

/// A part of a pipeline. Without any of them it is the whole.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// This step and all that follow from it.
    pub from: Option<String>,
    /// These steps alone.
    pub only: Vec<String>,
    /// This step and all that it needs.
    pub until: Option<String>,
}

impl Parts {
    /// Returns the positions of the steps that are meant.
    ///
    /// # Errors
    /// The name that no step has.
    pub fn of(&self, steps: &[Planned<'_>]) -> Result<BTreeSet<usize>, String> {
        let find = |name: &String| {
            let found = steps.iter().position(|step| step.table.name == *name);
            found.ok_or_else(|| name.clone())
        };
        let mut meant: BTreeSet<usize> = (0..steps.len()).collect();
        if let Some(from) = &self.from {
            let first = find(from)?;
            let mut following = BTreeSet::from([first]);
            // Steps stand behind all that they need, so one pass finds all that follow.
            for (at, step) in steps.iter().enumerate().skip(first) {
                if step.needs.iter().any(|need| following.contains(need)) {
                    following.insert(at);
                }
            }
            meant.retain(|at| following.contains(at));
        }
        if let Some(until) = &self.until {
            let mut needed = BTreeSet::from([find(until)?]);
            for at in (0..steps.len()).rev() {
                if needed.contains(&at) {
                    needed.extend(&steps[at].needs);
                }
            }
            meant.retain(|at| needed.contains(at));
        }
        if !self.only.is_empty() {
            let only = self.only.iter().map(find).collect::<Result<BTreeSet<usize>, String>>()?;
            meant.retain(|at| only.contains(at));
        }
        Ok(meant)
    }
}
