//! One function makes every AWS client, endpoint included.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use std::time::Duration;

/// The SDK's own attempts for one call: throttling of a busy account needs more than its default of three.
const ATTEMPTS: u32 = 8;

/// Where the calls go.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The region of the stack file or of `--region`.
    pub region: String,
    /// A named profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
    /// Whether the endpoint takes any credentials, so that none need to be configured.
    pub any_credentials: bool,
}

/// A client for every service that is used. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Where the calls go.
    pub target: Target,
    /// Athena.
    pub athena: aws_sdk_athena::Client,
    /// CloudWatch dashboards.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// EC2: the network.
    pub ec2: aws_sdk_ec2::Client,
    /// Glue.
    pub glue: aws_sdk_glue::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// RDS.
    pub rds: aws_sdk_rds::Client,
    /// Redshift clusters.
    pub redshift: aws_sdk_redshift::Client,
    /// The Redshift Data API.
    pub redshift_data: aws_sdk_redshiftdata::Client,
    /// S3, with path-style addresses where the endpoint is not AWS's own.
    pub s3: aws_sdk_s3::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Reads the AWS configuration files and environment, and builds the clients. Makes no call.
    pub async fn connect(target: Target) -> Self {
        let config = load(&target).await;
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(target.endpoint_url.is_some()).build();
        Self {
            athena: aws_sdk_athena::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            glue: aws_sdk_glue::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            rds: aws_sdk_rds::Client::new(&config),
            redshift: aws_sdk_redshift::Client::new(&config),
            redshift_data: aws_sdk_redshiftdata::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            target,
        }
    }
}

async fn load(target: &Target) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(10)).build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(target.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    if let Some(profile) = &target.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &target.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if target.any_credentials {
        let credentials = Credentials::new("local", "local", None, None, "local cloud");
        loader = loader.credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    loader.load().await
}
