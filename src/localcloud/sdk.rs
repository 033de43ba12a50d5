//! How the parts of the local cloud reach each other: as a customer would, through the endpoint and the AWS SDK.

use std::sync::LazyLock;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The key that the parts of the local cloud sign with, by which their calls are told from those of customers.
pub(super) const OWN_KEY: &str = "LOCALCLOUDITSELF";

/// One pool of connections for all parts and clouds of this process: clients are made for every call, and each would
/// have to make its own.
static CONNECTIONS: LazyLock<SharedHttpClient> =
    LazyLock::new(|| Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https());

/// Returns the settings of SDK clients that speak to `endpoint` for `region`.
///
/// It reads neither the environment nor `~/.aws`, so that a customer's profile never changes what the local cloud
/// says to itself.
pub(super) async fn config(endpoint: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new(OWN_KEY, OWN_KEY, None, None, "local-cloud");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(CONNECTIONS.clone())
        .region(Region::new(region.to_owned()))
        .build()
}

/// Returns an S3 client that speaks path-style, as an endpoint without wildcard DNS needs it.
pub(super) async fn s3(endpoint: &str, region: &str) -> aws_sdk_s3::Client {
    let shared = config(endpoint, region).await;
    let settings = aws_sdk_s3::config::Builder::from(&shared).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(settings)
}
