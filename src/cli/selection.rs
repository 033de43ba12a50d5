//! Parts of a plan: `--only` and `--except`.

use clap::Args;

use crate::diag::{Class, Diagnostic};
use crate::plan::{Change, Plan};

/// Which changes are meant.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Selection {
    /// Only this resource or table, and what it needs; can be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub only: Vec<String>,
    /// Not this resource or table, nor what builds on it; can be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub except: Vec<String>,
}

impl Selection {
    /// Cuts a plan down to what is meant.
    pub(super) fn of(&self, plan: Plan) -> Result<Plan, Vec<Diagnostic>> {
        let unknown = self.only.iter().chain(&self.except).filter(|wanted| {
            let is_meant = |change: &Change| means(wanted, change);
            !plan.changes.iter().any(is_meant)
        });
        let unknown: Vec<Diagnostic> = unknown
            .map(|address| {
                let error = Diagnostic::error(Class::Usage, format!("there is no resource `{address}` in this plan"));
                error.hint("an address is a kind and a name, such as `mysql.sales`; `stack status` lists them")
            })
            .collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let mut plan = plan;
        if !self.only.is_empty() {
            plan = plan.only(&|change| self.only.iter().any(|wanted| means(wanted, change)));
        }
        if !self.except.is_empty() {
            plan = plan.except(&|change| self.except.iter().any(|wanted| means(wanted, change)));
        }
        Ok(plan)
    }
}

/// An address names a resource, or a table and with it every resource that the table stands for.
pub(super) fn means(wanted: &str, change: &Change) -> bool {
    let origin = change.resource.as_ref().map(|resource| resource.origin.to_string());
    change.address.to_string() == wanted || origin.as_deref() == Some(wanted)
}
