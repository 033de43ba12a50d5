//! The way to the last database of the pipeline.

use super::{PipelineError, PipelineTable};
use crate::kinds::base::Cx;
use crate::model::Address;
use crate::sql::Redshift;

/// Returns the database of the warehouse.
///
/// # Errors
/// If the cluster does not exist.
pub fn warehouse(cx: &Cx, pipeline: &PipelineTable) -> Result<Redshift, PipelineError> {
    let address = Address::new("redshift", &pipeline.warehouse.cluster);
    let output = |name: &str| {
        let value = cx.known.get(&address, name);
        value.ok_or_else(|| PipelineError::Absent { address: address.to_string() })
    };
    Ok(Redshift {
        clients: cx.aws.clone(),
        cluster: output("identifier")?,
        database: output("database")?,
        secret_arn: output("secret_arn")?,
    })
}
