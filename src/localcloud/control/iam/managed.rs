//! The managed policies of AWS that data stacks use, with the actions that they are about.
//!
//! The real documents are longer; nothing here reads them but people.

/// A managed policy of AWS: its path and name, and its actions on every resource.
pub(super) struct Managed {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) actions: &'static [&'static str],
}

const fn policy(path: &'static str, name: &'static str, actions: &'static [&'static str]) -> Managed {
    Managed { path, name, actions }
}

const LOGS: &[&str] = &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const LOGS_AND_NETWORK: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];
const GLUE: &[&str] = &[
    "glue:*",
    "s3:GetBucketLocation",
    "s3:ListBucket",
    "s3:ListAllMyBuckets",
    "s3:GetBucketAcl",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeRouteTables",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "iam:ListRolePolicies",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "cloudwatch:PutMetricData",
];

/// Every managed policy that can be attached, by ARN order.
pub(super) static MANAGED: &[Managed] = &[
    policy("/", "AdministratorAccess", &["*"]),
    policy("/", "AmazonAthenaFullAccess", &["athena:*", "glue:*", "s3:*"]),
    policy("/", "AmazonEC2FullAccess", &["ec2:*"]),
    policy("/", "AmazonEC2ReadOnlyAccess", &["ec2:Describe*"]),
    policy("/", "AmazonEventBridgeSchedulerFullAccess", &["scheduler:*"]),
    policy("/", "AmazonRDSDataFullAccess", &["rds-data:*", "secretsmanager:GetSecretValue"]),
    policy("/", "AmazonRDSFullAccess", &["rds:*", "cloudwatch:*", "ec2:Describe*", "logs:*"]),
    policy("/", "AmazonRDSReadOnlyAccess", &["rds:Describe*", "rds:ListTagsForResource"]),
    policy("/", "AmazonRedshiftAllCommandsFullAccess", &["s3:*", "glue:*", "redshift:*"]),
    policy("/", "AmazonRedshiftDataFullAccess", &["redshift-data:*", "redshift:GetClusterCredentials"]),
    policy("/", "AmazonRedshiftFullAccess", &["redshift:*", "redshift-data:*", "ec2:Describe*"]),
    policy("/", "AmazonRedshiftQueryEditor", &["redshift:*", "secretsmanager:*"]),
    policy("/", "AmazonRedshiftReadOnlyAccess", &["redshift:Describe*"]),
    policy("/", "AmazonS3FullAccess", &["s3:*", "s3-object-lambda:*"]),
    policy("/", "AmazonS3ReadOnlyAccess", &["s3:Get*", "s3:List*", "s3:Describe*"]),
    policy("/", "AmazonVPCFullAccess", &["ec2:*"]),
    policy("/", "AWSGlueConsoleFullAccess", &["glue:*", "s3:*"]),
    policy("/", "AWSLambda_FullAccess", &["lambda:*"]),
    policy("/", "AWSLambda_ReadOnlyAccess", &["lambda:Get*", "lambda:List*"]),
    policy("/", "AWSLambdaExecute", &["logs:*", "s3:GetObject", "s3:PutObject"]),
    policy("/", "CloudWatchFullAccess", &["cloudwatch:*", "logs:*", "sns:*"]),
    policy("/", "CloudWatchFullAccessV2", &["cloudwatch:*", "logs:*", "sns:*"]),
    policy("/", "CloudWatchLogsFullAccess", &["logs:*", "cloudwatch:GenerateQuery"]),
    policy("/", "CloudWatchLogsReadOnlyAccess", &["logs:Describe*", "logs:Get*", "logs:FilterLogEvents"]),
    policy("/", "CloudWatchReadOnlyAccess", &["cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:Describe*"]),
    policy("/", "IAMFullAccess", &["iam:*"]),
    policy("/", "IAMReadOnlyAccess", &["iam:Get*", "iam:List*"]),
    policy("/", "PowerUserAccess", &["*"]),
    policy("/", "ReadOnlyAccess", &["*:Get*", "*:List*", "*:Describe*"]),
    policy("/", "SecretsManagerReadWrite", &["secretsmanager:*"]),
    policy("/job-function/", "ViewOnlyAccess", &["*:List*", "*:Describe*"]),
    policy("/service-role/", "AmazonRDSEnhancedMonitoringRole", LOGS),
    policy("/service-role/", "AmazonS3ObjectLambdaExecutionRolePolicy", LOGS),
    policy("/service-role/", "AWSGlueServiceNotebookRole", GLUE),
    policy("/service-role/", "AWSGlueServiceRole", GLUE),
    policy("/service-role/", "AWSLambdaBasicExecutionRole", LOGS),
    policy("/service-role/", "AWSLambdaENIManagementAccess", LOGS_AND_NETWORK),
    policy("/service-role/", "AWSLambdaRole", &["lambda:InvokeFunction"]),
    policy("/service-role/", "AWSLambdaSQSQueueExecutionRole", LOGS),
    policy("/service-role/", "AWSLambdaVPCAccessExecutionRole", LOGS_AND_NETWORK),
];

impl Managed {
    /// Returns its ARN.
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }

    /// Returns its document.
    pub(super) fn document(&self) -> String {
        let statement = serde_json::json!({ "Effect": "Allow", "Action": self.actions, "Resource": "*" });
        serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }
}

/// Returns a managed policy by its ARN.
pub(super) fn find(arn: &str) -> Option<&'static Managed> {
    MANAGED.iter().find(|policy| policy.arn() == arn)
}
