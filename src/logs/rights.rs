//! What a person must be allowed to do to read the logs of a stack.

use super::cloudwatch::{CRAWLERS, FILTER, JOBS, RUNS};
use super::servers::{LIST, READ};
use super::{Writer, sources};
use crate::kinds::base::{Meta, Permission};
use crate::spec::Stack;

/// Returns the permissions to read every log of a stack.
pub fn permissions(stack: &Stack, meta: &Meta) -> Vec<Permission> {
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:{}:{}:{rest}", meta.region, meta.account);
    let group = |name: &str| Permission::new(arn("logs", &format!("log-group:{name}:*")), &[FILTER]);
    let all = sources(stack, None).unwrap_or_default();
    let of_source = all.iter().flat_map(|source| match &source.writer {
        Writer::Function { group: name } => vec![group(name)],
        Writer::Job { name } => {
            let runs = Permission::new(arn("glue", &format!("job/{name}")), &[RUNS]);
            vec![group(&format!("{JOBS}/*")), runs]
        }
        Writer::Crawler { .. } => vec![group(CRAWLERS)],
        Writer::Server { identifier } => {
            vec![Permission::new(arn("rds", &format!("db:{identifier}")), &[LIST, READ])]
        }
    });
    of_source.collect()
}
