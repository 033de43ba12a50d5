//! Compares a hop with MySQL: rows, exact sums, and the fingerprint of every column.

use async_trait::async_trait;
use serde::Deserialize;

use crate::kinds::base::Permission;
use crate::pipeline::profile::{differences, of_mysql, of_staging, of_warehouse};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};

/// `check = "staging"` or `check = "warehouse"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Check {
    /// The staging files, through Athena.
    Staging,
    /// The Redshift table, through the Data API.
    Warehouse,
}

impl Check {
    fn dataset(self) -> Dataset {
        match self {
            Self::Staging => Dataset::Staging,
            Self::Warehouse => Dataset::Warehouse,
        }
    }
}

#[async_trait]
impl Step for Check {
    fn reads(&self) -> &[Dataset] {
        match self {
            Self::Staging => &[Dataset::Mysql, Dataset::Staging, Dataset::StagingTable],
            Self::Warehouse => &[Dataset::Mysql, Dataset::Warehouse],
        }
    }

    fn writes(&self) -> &[Dataset] {
        &[]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let hop = match self {
            Self::Staging => cx.staging(),
            Self::Warehouse => cx.warehouse(),
        };
        hop.into_iter().chain([cx.mysql()]).collect()
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let known = cx.facts.lock().await.profiles.get(&Dataset::Mysql).cloned();
        let mysql = match known {
            Some(profile) => profile,
            None => of_mysql(cx, None).await?,
        };
        let hop = match self {
            Self::Staging => of_staging(cx).await?,
            Self::Warehouse => of_warehouse(cx).await?,
        };
        let differences = differences(&mysql, &hop);
        if !differences.is_empty() {
            let (left, right) = (Dataset::Mysql.to_string(), self.dataset().to_string());
            return Err(PipelineError::Differs { left, right, differences });
        }
        let rows = hop.rows;
        let mut facts = cx.facts.lock().await;
        facts.profiles.insert(Dataset::Mysql, mysql);
        facts.profiles.insert(self.dataset(), hop);
        Ok(Tally::through(rows))
    }
}
