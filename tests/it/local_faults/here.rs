//! A local cloud within the test, and how to make things in it.

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use stack::aws::{Clients, Target};
use stack::localcloud::{Cloud, Home, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(super) const REGION: &str = "us-east-2";

/// A local cloud within the test, without engines.
pub(super) struct Here {
    pub(super) cloud: Cloud,
    folder: tempfile::TempDir,
}

impl Here {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloud = Cloud::start(Options::in_process(Home::new(folder.path()))).await.unwrap();
        Self { cloud, folder }
    }

    /// Stops it, and starts another one on the same folder.
    pub(super) async fn again(self) -> Self {
        self.cloud.stop().await;
        let cloud = Cloud::start(Options::in_process(Home::new(self.folder.path()))).await.unwrap();
        Self { cloud, folder: self.folder }
    }

    /// The clients of the program, which try a call up to eight times.
    pub(super) async fn clients(&self) -> Clients {
        let endpoint_url = Some(self.cloud.endpoint().to_owned());
        Clients::connect(Target {
            region: REGION.to_owned(),
            profile: None,
            endpoint_url,
            any_credentials: true,
            retry_pause: None,
        })
        .await
    }

    /// Settings of clients that try a call once.
    pub(super) fn once(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(self.cloud.endpoint())
            .region(Region::new(REGION))
            .retry_config(RetryConfig::disabled())
            .build()
    }

    pub(super) fn s3_once(&self) -> aws_sdk_s3::Client {
        let settings = aws_sdk_s3::config::Builder::from(&self.once()).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(settings)
    }

    /// Sends a request of no service, and returns status and body.
    pub(super) async fn ask(&self, method: &str, path: &str, extra: &str, body: &str) -> (u16, String) {
        let address = self.cloud.endpoint().trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{extra}");
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

/// The code of an error, as the SDK reads it from the wire.
pub(super) fn code<T, E: ProvideErrorMetadata>(answer: Result<T, E>) -> String {
    answer.err().and_then(|error| error.code().map(str::to_owned)).unwrap_or_else(|| "no error code".to_owned())
}

pub(super) async fn create_bucket(s3: &aws_sdk_s3::Client, name: &str) -> Result<(), aws_sdk_s3::Error> {
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::UsEast2).build();
    s3.create_bucket().bucket(name).create_bucket_configuration(place).send().await?;
    Ok(())
}

pub(super) fn create_instance(
    rds: &aws_sdk_rds::Client,
    name: &str,
) -> aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder {
    let asked = rds.create_db_instance().db_instance_identifier(name).engine("mysql").allocated_storage(20);
    asked.db_instance_class("db.t4g.micro").master_username("admin").manage_master_user_password(true)
}

pub(super) async fn instance_status(rds: &aws_sdk_rds::Client, name: &str) -> Option<String> {
    let described = rds.describe_db_instances().db_instance_identifier(name).send().await.ok()?;
    described.db_instances().first()?.db_instance_status().map(str::to_owned)
}

/// Asks again and again until the answer is `wanted`.
#[track_caller]
pub(super) fn becomes<'a, F: Future<Output = Option<String>> + 'a>(
    wanted: Option<&'a str>,
    mut ask: impl FnMut() -> F + 'a,
) -> impl Future<Output = Duration> + 'a {
    let begun = Instant::now();
    async move {
        loop {
            let found = ask().await;
            if found.as_deref() == wanted {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "is {found:?}, not {wanted:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(super) fn role_document(service: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

/// Makes a role and returns its ARN.
pub(super) async fn create_role(clients: &Clients, name: &str, service: &str) -> String {
    let asked = clients.iam.create_role().role_name(name).assume_role_policy_document(role_document(service));
    asked.send().await.unwrap().role.unwrap().arn
}

pub(super) fn glue_job(
    glue: &aws_sdk_glue::Client,
    name: &str,
    role: &str,
) -> aws_sdk_glue::operation::create_job::builders::CreateJobFluentBuilder {
    let command = aws_sdk_glue::types::JobCommand::builder().name("glueetl").script_location("s3://b/job.py").build();
    glue.create_job().name(name).role(role).command(command)
}

pub(super) async fn create_function(
    lambda: &aws_sdk_lambda::Client,
    name: &str,
    role: &str,
) -> Result<(), aws_sdk_lambda::Error> {
    let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(empty_zip().into()).build();
    let asked = lambda.create_function().function_name(name).role(role).handler("a.b").code(code);
    asked.runtime("python3.13".into()).send().await?;
    Ok(())
}

/// The smallest archive: nothing but the record at its end.
pub(super) fn empty_zip() -> Vec<u8> {
    let mut bytes = b"PK\x05\x06".to_vec();
    bytes.resize(22, 0);
    bytes
}
