//! What a person must be allowed to do to run the pipeline.

use super::PipelineTable;
use super::hop::Hop;
use crate::kinds::base::{Meta, Permission};
use crate::model::Address;
use crate::spec::Stack;

/// What a step knows when it tells its permissions.
pub struct RightsCx<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The pipeline's own table.
    pub pipeline: &'a PipelineTable,
    /// Where the stack is.
    pub meta: &'a Meta,
}

impl RightsCx<'_> {
    /// Returns the name by which AWS knows a declared resource.
    pub(super) fn name(&self, kind: &str, name: &str) -> String {
        let resource = self.stack.resource(&Address::new(kind, name));
        resource.and_then(crate::kinds::base::Resource::identity).unwrap_or_else(|| "*".to_owned())
    }

    /// Returns the ARN of something in the region and account of the stack.
    pub(super) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.meta.region, self.meta.account)
    }

    /// Returns the permissions to ask a hop.
    pub(super) fn hop(&self, hop: Hop) -> Vec<Permission> {
        match hop {
            Hop::Mysql => vec![self.mysql()],
            Hop::Staging => self.staging(),
            Hop::Warehouse => self.warehouse(),
        }
    }

    /// Returns the permissions to read the MySQL server.
    pub(super) fn mysql(&self) -> Permission {
        Permission::new(self.arn("secretsmanager", "secret:rds!db-*"), &["secretsmanager:GetSecretValue"])
    }

    /// Returns the permissions to read the warehouse.
    pub(super) fn warehouse(&self) -> Vec<Permission> {
        let cluster = self.name("redshift", &self.pipeline.warehouse.cluster);
        vec![
            Permission::new(
                self.arn("redshift", &format!("cluster:{cluster}")),
                &["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"],
            ),
            Permission::anywhere(&["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"]),
            Permission::new(self.arn("secretsmanager", "secret:redshift!*"), &["secretsmanager:GetSecretValue"]),
        ]
    }

    /// Returns the permissions to ask Athena about the staging files.
    pub(super) fn staging(&self) -> Vec<Permission> {
        let staging = &self.pipeline.staging;
        let (workgroup, database) =
            (self.name("workgroup", &staging.workgroup), self.name("database", &staging.database));
        let table = self.arn("glue", &format!("table/{database}/*"));
        let catalog = [self.arn("glue", "catalog"), self.arn("glue", &format!("database/{database}")), table];
        let mut all = vec![Permission::new(
            self.arn("athena", &format!("workgroup/{workgroup}")),
            &["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"],
        )];
        let reads = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"];
        all.extend(catalog.into_iter().map(|arn| Permission::new(arn, &reads)));
        let workgroup = self.stack.resource(&Address::new("workgroup", &staging.workgroup));
        let places = workgroup.map(crate::kinds::base::Resource::needs).unwrap_or_default();
        for bucket in places.iter().filter(|place| place.kind == "bucket") {
            let bucket = format!("arn:aws:s3:::{}", self.name("bucket", &bucket.name));
            all.push(Permission::new(format!("{bucket}/*"), &["s3:GetObject", "s3:PutObject"]));
            all.push(Permission::new(bucket, &["s3:GetBucketLocation", "s3:ListBucket"]));
        }
        all
    }
}

/// Returns what the steps of the pipeline need.
pub fn permissions(stack: &Stack, pipeline: &PipelineTable, meta: &Meta) -> Vec<Permission> {
    let cx = RightsCx { stack, pipeline, meta };
    let steps = pipeline.step.iter().filter_map(super::StepTable::step);
    // The report at the end asks the warehouse.
    steps.flat_map(|step| step.permissions(&cx)).chain(cx.warehouse()).collect()
}
