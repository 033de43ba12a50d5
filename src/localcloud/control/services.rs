//! Opening the control plane.

use std::sync::Arc;

use super::cloudwatch::CloudWatch;
use super::ec2::Ec2;
use super::iam::Iam;
use super::logs::Logs;
use super::sts::Sts;
use crate::localcloud::cloud::Context;
use crate::localcloud::service::Service;

/// Opens every service that has no engine.
///
/// # Errors
/// If a saved state cannot be read.
pub(in super::super) fn open(context: &Context) -> std::io::Result<Vec<Arc<dyn Service>>> {
    Ok(vec![
        Arc::new(CloudWatch::open(&context.home)?),
        Arc::new(Ec2::open(context)?),
        Arc::new(Iam::open(&context.home)?),
        Arc::new(Logs::open(&context.home)?),
        Arc::new(Sts::new(context)),
    ])
}
