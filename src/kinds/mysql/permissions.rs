//! What a person must be allowed to do with an instance.

use super::events::EVENTS;
use super::instance::Spec;
use super::{observed, rds_tags};
use crate::kinds::base::{Meta, Permission};

/// Returns the permissions for one instance, its password and its final snapshot.
pub(super) fn of_instance(want: &Spec, meta: &Meta) -> Vec<Permission> {
    let (region, account) = (&meta.region, &meta.account);
    let instance = rds_tags::arn(meta, "db", &want.identifier);
    // To make or change an instance is also an action on the groups that it uses.
    let parts = [
        rds_tags::arn(meta, "pg", &want.parameter_group_name()),
        rds_tags::arn(meta, "subgrp", &want.subnet_group_name()),
        rds_tags::arn(meta, "og", "default*"),
    ];
    let changes: &[&str] = &["rds:CreateDBInstance", "rds:ModifyDBInstance"];
    let mut permissions = vec![
        Permission::new(rds_tags::arn(meta, "db", "*"), &[observed::READ]),
        Permission::new(&instance, changes),
        Permission::new(
            &instance,
            &[
                "rds:RebootDBInstance",
                "rds:StartDBInstance",
                "rds:StopDBInstance",
                "rds:DeleteDBInstance",
                "rds:CreateDBSnapshot",
                "rds:AddTagsToResource",
                "rds:RemoveTagsFromResource",
            ],
        ),
        Permission::new(
            rds_tags::arn(meta, "snapshot", &format!("{}-final-*", want.identifier)),
            &["rds:CreateDBSnapshot", "rds:DescribeDBSnapshots", "rds:AddTagsToResource"],
        ),
        Permission::anywhere(&[
            "rds:DescribeDBEngineVersions",
            "rds:DescribeDBMajorEngineVersions",
            "rds:DescribeOrderableDBInstanceOptions",
            "rds:DescribeAccountAttributes",
            EVENTS,
        ]),
        // RDS makes the master password as a secret in the name of the caller.
        Permission::new(
            format!("arn:aws:secretsmanager:{region}:{account}:secret:rds!db-*"),
            &["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
        ),
        Permission::new(format!("arn:aws:kms:{region}:{account}:key/*"), &["kms:DescribeKey"]),
        Permission::new(
            format!("arn:aws:iam::{account}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"),
            &["iam:CreateServiceLinkedRole"],
        ),
    ];
    permissions.extend(parts.into_iter().map(|part| Permission::new(part, changes)));
    permissions
}
