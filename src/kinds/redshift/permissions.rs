//! What a person must be allowed to do with a cluster.

use super::cluster::Spec;
use super::events::EVENTS;
use super::{observed, redshift_tags, subnet_group};
use crate::kinds::base::{Meta, Permission};

/// Returns the permissions for one cluster, its password and its final snapshot.
pub(super) fn of_cluster(want: &Spec, meta: &Meta) -> Vec<Permission> {
    let (region, account, identifier) = (&meta.region, &meta.account, &want.identifier);
    let snapshot = redshift_tags::arn(meta, "snapshot", &format!("{identifier}/{identifier}-final-*"));
    vec![
        Permission::new(redshift_tags::arn(meta, "cluster", "*"), &[observed::READ]),
        Permission::new(
            redshift_tags::arn(meta, "cluster", identifier),
            &[
                "redshift:CreateCluster",
                "redshift:ModifyCluster",
                "redshift:ModifyClusterIamRoles",
                "redshift:PauseCluster",
                "redshift:ResumeCluster",
                "redshift:DeleteCluster",
                "redshift:CreateTags",
                "redshift:DeleteTags",
            ],
        ),
        Permission::new(
            redshift_tags::arn(meta, "subnetgroup", &subnet_group::name(identifier)),
            &["redshift:CreateCluster"],
        ),
        Permission::new(snapshot, &["redshift:CreateClusterSnapshot"]),
        Permission::anywhere(&[
            "redshift:DescribeOrderableClusterOptions",
            "redshift:DescribeClusterSnapshots",
            EVENTS,
        ]),
        Permission::new(format!("arn:aws:iam::{account}:role/stack/{}/*", meta.name), &["iam:PassRole"]),
        // Redshift keeps the master password as a secret in the name of the caller.
        Permission::new(
            secret(meta),
            &[
                "secretsmanager:CreateSecret",
                "secretsmanager:TagResource",
                "secretsmanager:DescribeSecret",
                "secretsmanager:UpdateSecret",
                "secretsmanager:RotateSecret",
                "secretsmanager:DeleteSecret",
            ],
        ),
        Permission::anywhere(&["secretsmanager:GetRandomPassword"]),
        Permission::new(format!("arn:aws:kms:{region}:{account}:key/*"), &["kms:DescribeKey"]),
        Permission::new(
            format!("arn:aws:iam::{account}:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift"),
            &["iam:CreateServiceLinkedRole"],
        ),
    ]
}

/// Returns the ARN of the secrets in which Redshift keeps master passwords.
pub(super) fn secret(meta: &Meta) -> String {
    format!("arn:aws:secretsmanager:{}:{}:secret:redshift!*", meta.region, meta.account)
}
