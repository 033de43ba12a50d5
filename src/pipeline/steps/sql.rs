//! Runs SQL on MySQL or Redshift, all statements of a step as one transaction.

use async_trait::async_trait;
use serde::Deserialize;

use super::statements::Source;
use crate::kinds::base::{Entry, Finding, Permission, Reference, Template};
use crate::pipeline::hop::{Hop, connect_mysql};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally, warehouse};

/// `sql = { on, statement }` or `sql = { on, file }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sql {
    /// The database.
    pub on: Hop,
    /// The statements, divided by `;`.
    statement: Option<Template>,
    /// A file with them.
    file: Option<String>,
}

impl Sql {
    pub(in crate::pipeline) fn source(&self) -> Source {
        Source { statement: self.statement.clone(), file: self.file.clone() }
    }
}

#[async_trait]
impl Step for Sql {
    fn reads(&self) -> Vec<Dataset> {
        self.on.reads()
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![self.on.dataset()]
    }

    fn references(&self) -> Vec<Reference> {
        self.source().references()
    }

    fn check(&self, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = self.source().check(entry);
        if self.on == Hop::Staging {
            let finding = Finding::error("on", "staging files are asked through Athena");
            findings.push(finding.hint("write `athena = { statement = \"...\" }` instead of `sql`"));
        }
        findings
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        cx.hop(self.on)
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let statements = self.source().statements(cx)?;
        match self.on {
            Hop::Mysql => {
                let mut mysql = connect_mysql(cx).await?;
                let outcome = mysql.transaction(&statements).await;
                mysql.close().await;
                outcome?;
            }
            Hop::Warehouse | Hop::Staging => warehouse(cx.cx, cx.pipeline)?.transaction(&statements).await?,
        }
        Ok(Tally::default())
    }
}
