//! One function makes every AWS client, endpoint included.

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use std::time::Duration;

use super::clock::Clock;
use super::limits::{Counter, Limits};

/// The SDK's own attempts for one call: throttling of a busy account needs more than its default of three.
const ATTEMPTS: u32 = 8;

/// The one region in which Budgets and the price list answer, whatever the stack's own is.
const GLOBAL_REGION: &str = "us-east-1";

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
    /// The first pause before the SDK sends a refused call again; without it the SDK's own.
    pub retry_pause: Option<Duration>,
}

/// A client for every service that is used. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Where the calls go.
    pub target: Target,
    /// Athena.
    pub athena: aws_sdk_athena::Client,
    /// Budgets of the account.
    pub budgets: aws_sdk_budgets::Client,
    /// CloudWatch dashboards.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// EC2: the network.
    pub ec2: aws_sdk_ec2::Client,
    /// EC2 without the SDK's repeats: for creates that make a twin if they are sent again after a lost reply.
    pub ec2_once: aws_sdk_ec2::Client,
    /// Glue.
    pub glue: aws_sdk_glue::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Lambda without the SDK's repeats: publishing a layer again makes another version.
    pub lambda_once: aws_sdk_lambda::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// The price list of AWS.
    pub pricing: aws_sdk_pricing::Client,
    /// RDS.
    pub rds: aws_sdk_rds::Client,
    /// Redshift clusters.
    pub redshift: aws_sdk_redshift::Client,
    /// The Redshift Data API.
    pub redshift_data: aws_sdk_redshiftdata::Client,
    /// S3, with path-style addresses where the endpoint is not AWS's own.
    pub s3: aws_sdk_s3::Client,
    /// EventBridge Scheduler.
    pub scheduler: aws_sdk_scheduler::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Step Functions.
    pub states: aws_sdk_sfn::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// The Resource Groups Tagging API.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    /// How many requests were sent.
    pub counter: Counter,
    /// What time it is at AWS.
    pub clock: Clock,
}

impl Clients {
    /// Reads the AWS configuration files and environment, and builds the clients. Makes no call.
    pub async fn connect(target: Target) -> Self {
        let config = load(&target).await;
        let counter = Counter::default();
        let clock = Clock::default();
        let limits = Limits::new(counter.clone(), clock.clone());
        // AWS limits calls by account, region and service. Few numbers are published: Lambda takes 15 changes a second,
        // EC2 refills 20 reads a second; IAM and Glue refuse bursts earlier than S3 ever does.
        let of = |at_once: usize| config.clone().into_builder().http_client(limits.of(at_once)).build();
        let once = |at_once: usize| of(at_once).into_builder().retry_config(RetryConfig::disabled()).build();
        let global = of(5).into_builder().region(Region::new(GLOBAL_REGION)).build();
        let (ec2, glue, iam, lambda, s3) = (of(20), of(20), of(10), of(10), of(64));
        let s3 = aws_sdk_s3::config::Builder::from(&s3).force_path_style(target.endpoint_url.is_some()).build();
        Self {
            athena: aws_sdk_athena::Client::new(&of(10)),
            budgets: aws_sdk_budgets::Client::new(&global),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&of(10)),
            ec2: aws_sdk_ec2::Client::new(&ec2),
            ec2_once: aws_sdk_ec2::Client::new(&once(10)),
            glue: aws_sdk_glue::Client::new(&glue),
            iam: aws_sdk_iam::Client::new(&iam),
            lambda: aws_sdk_lambda::Client::new(&lambda),
            lambda_once: aws_sdk_lambda::Client::new(&once(5)),
            logs: aws_sdk_cloudwatchlogs::Client::new(&of(10)),
            pricing: aws_sdk_pricing::Client::new(&global),
            rds: aws_sdk_rds::Client::new(&of(10)),
            redshift: aws_sdk_redshift::Client::new(&of(10)),
            redshift_data: aws_sdk_redshiftdata::Client::new(&of(10)),
            s3: aws_sdk_s3::Client::from_conf(s3),
            scheduler: aws_sdk_scheduler::Client::new(&of(10)),
            secrets: aws_sdk_secretsmanager::Client::new(&of(10)),
            states: aws_sdk_sfn::Client::new(&of(10)),
            sts: aws_sdk_sts::Client::new(&of(10)),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&of(10)),
            target,
            counter,
            clock,
        }
    }
}

async fn load(target: &Target) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(10)).build();
    let mut retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    if let Some(pause) = target.retry_pause {
        retries = retries.with_initial_backoff(pause);
    }
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(target.region.clone()))
        .retry_config(retries)
        // A call that waits for its place sends nothing, which the SDK would take for a stalled upload.
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().upload_enabled(false).build())
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
