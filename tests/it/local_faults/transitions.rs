//! Faults of what takes time on AWS: roles that are not known yet, things that are slow, things that fail in the end.

use std::time::Duration;

use aws_sdk_rds::error::ProvideErrorMetadata;
use stack::aws::Clients;
use stack::localcloud::{Effect, Fault};

use super::here::{
    Here, REGION, becomes, create_bucket, create_function, create_instance, create_role, glue_job, instance_status,
};

#[tokio::test]
async fn a_young_role_cannot_be_assumed_yet_and_an_older_one_can() {
    let here = Here::new().await;
    let clients = here.clients().await;
    let old = create_role(&clients, "old", "glue").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    here.cloud.faults().set(vec![Fault::new(Effect::NotPropagated { millis: 600 })]);
    let young = create_role(&clients, "young", "glue").await;
    let glue = aws_sdk_glue::Client::new(&here.once());
    glue_job(&glue, "of-old", &old).send().await.unwrap();
    let refused = glue_job(&glue, "of-young", &young).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidInputException"));
    assert!(refused.message().unwrap().contains("should be given assume role permissions for Glue Service"));
    let targets = aws_sdk_glue::types::CrawlerTargets::builder()
        .s3_targets(aws_sdk_glue::types::S3Target::builder().path("s3://b/").build())
        .build();
    let crawler = glue.create_crawler().name("c").role("young").database_name("d").targets(targets.clone());
    let refused = crawler.send().await.unwrap_err();
    assert!(refused.message().unwrap().contains("Service is unable to assume provided role"));
    let lambda_role = create_role(&clients, "young-too", "lambda").await;
    let refused = create_function(&aws_sdk_lambda::Client::new(&here.once()), "f", &lambda_role).await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValueException"));
    assert!(refused.message().unwrap().contains("The role defined for the function cannot be assumed by Lambda"));
    let s3 = here.s3_once();
    create_bucket(&s3, "input").await.unwrap();
    let refused = put_no_notification(&s3).await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidArgument"));
    assert!(refused.message().unwrap().contains("Unable to validate the following destination configurations"));
    tokio::time::sleep(Duration::from_millis(600)).await;
    glue_job(&glue, "of-young", &young).send().await.unwrap();
    put_no_notification(&s3).await.unwrap();
}

async fn put_no_notification(s3: &aws_sdk_s3::Client) -> Result<(), aws_sdk_s3::Error> {
    let nothing = aws_sdk_s3::types::NotificationConfiguration::builder().build();
    s3.put_bucket_notification_configuration().bucket("input").notification_configuration(nothing).send().await?;
    Ok(())
}

#[tokio::test]
async fn databases_stay_under_way_for_as_long_as_a_fault_says() {
    let here = Here::new().await;
    let rds = here.clients().await.rds;
    let slow = Fault::new(Effect::Slow { millis: 700 });
    here.cloud.faults().set(vec![slow.clone().on("rds", "*"), slow.on("redshift", "*")]);
    create_instance(&rds, "one").send().await.unwrap();
    assert_eq!(instance_status(&rds, "one").await.as_deref(), Some("creating"));
    let took = becomes(Some("available"), || instance_status(&rds, "one")).await;
    assert!(took > Duration::from_millis(400), "{took:?}");
    rds.stop_db_instance().db_instance_identifier("one").send().await.unwrap();
    assert_eq!(instance_status(&rds, "one").await.as_deref(), Some("stopping"));
    becomes(Some("stopped"), || instance_status(&rds, "one")).await;
    rds.delete_db_instance().db_instance_identifier("one").skip_final_snapshot(true).send().await.unwrap();
    assert_eq!(instance_status(&rds, "one").await.as_deref(), Some("deleting"));
    becomes(None, || instance_status(&rds, "one")).await;
    let redshift = here.clients().await.redshift;
    create_cluster(&redshift).await;
    assert_eq!(cluster_status(&redshift).await.as_deref(), Some("creating"));
    becomes(Some("available"), || cluster_status(&redshift)).await;
    redshift.pause_cluster().cluster_identifier("dw").send().await.unwrap();
    assert_eq!(cluster_status(&redshift).await.as_deref(), Some("pausing"));
    becomes(Some("paused"), || cluster_status(&redshift)).await;
}

#[tokio::test]
async fn what_is_to_fail_ends_in_the_failed_state_of_its_service() {
    let here = Here::new().await;
    let clients = here.clients().await;
    let fail = |state: Option<&str>| Effect::Fail {
        state: state.map(str::to_owned),
        reason: Some("no luck today".to_owned()),
    };
    here.cloud.faults().set(vec![
        Fault::new(fail(Some("incompatible-network"))).on("rds", "CreateDBInstance").target("second"),
        Fault::new(fail(None)).on("rds", "*").times(1),
        Fault::new(fail(None)).on("redshift", "CreateCluster"),
        Fault::new(fail(None)).on("lambda", "CreateFunction"),
        Fault::new(fail(None)).on("ec2", "CreateVpcEndpoint"),
    ]);
    create_instance(&clients.rds, "first").send().await.unwrap();
    create_instance(&clients.rds, "second").send().await.unwrap();
    becomes(Some("failed"), || instance_status(&clients.rds, "first")).await;
    becomes(Some("incompatible-network"), || instance_status(&clients.rds, "second")).await;
    create_cluster(&clients.redshift).await;
    becomes(Some("incompatible-network"), || cluster_status(&clients.redshift)).await;
    clients.redshift.delete_cluster().cluster_identifier("dw").skip_final_cluster_snapshot(true).send().await.unwrap();
    becomes(None, || cluster_status(&clients.redshift)).await;
    let role = create_role(&clients, "reader", "lambda").await;
    create_function(&clients.lambda, "reader", &role).await.unwrap();
    let reason = || async {
        let found = clients.lambda.get_function_configuration().function_name("reader").send().await.ok()?;
        (found.state()?.as_str() == "Failed").then(|| found.state_reason().unwrap_or_default().to_owned())
    };
    becomes(Some("no luck today"), reason).await;
    let vpc = clients.ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let asked = clients.ec2.create_vpc_endpoint().vpc_id(vpc).service_name(format!("com.amazonaws.{REGION}.s3"));
    asked.send().await.unwrap();
    becomes(Some("failed"), || endpoint_state(&clients)).await;
}

async fn create_cluster(redshift: &aws_sdk_redshift::Client) {
    let cluster = redshift.create_cluster().cluster_identifier("dw").node_type("ra3.large");
    let cluster = cluster.cluster_type("single-node").master_username("admin").manage_master_password(true);
    cluster.send().await.unwrap();
}

async fn cluster_status(redshift: &aws_sdk_redshift::Client) -> Option<String> {
    let described = redshift.describe_clusters().cluster_identifier("dw").send().await.ok()?;
    described.clusters().first()?.cluster_status().map(str::to_owned)
}

async fn endpoint_state(clients: &Clients) -> Option<String> {
    let described = clients.ec2.describe_vpc_endpoints().send().await.ok()?;
    described.vpc_endpoints().first()?.state().map(|state| state.as_str().to_owned())
}

#[tokio::test]
async fn functions_and_endpoints_can_be_slow() {
    let here = Here::new().await;
    let clients = here.clients().await;
    let role = create_role(&clients, "reader", "lambda").await;
    here.cloud.faults().set(vec![Fault::new(Effect::Slow { millis: 500 })]);
    create_function(&clients.lambda, "reader", &role).await.unwrap();
    let state = || async {
        let found = clients.lambda.get_function_configuration().function_name("reader").send().await.ok()?;
        found.state().map(|state| state.as_str().to_owned())
    };
    assert_eq!(state().await.as_deref(), Some("Pending"));
    becomes(Some("Active"), state).await;
    clients.lambda.delete_function().function_name("reader").send().await.unwrap();
    assert_eq!(state().await.as_deref(), Some("Deleting"));
    becomes(None, state).await;
    let vpc = clients.ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let asked = clients.ec2.create_vpc_endpoint().vpc_id(&vpc).service_name(format!("com.amazonaws.{REGION}.s3"));
    let made = asked.send().await.unwrap().vpc_endpoint.unwrap().vpc_endpoint_id.unwrap();
    assert_eq!(endpoint_state(&clients).await.as_deref(), Some("pending"));
    becomes(Some("available"), || endpoint_state(&clients)).await;
    clients.ec2.delete_vpc_endpoints().vpc_endpoint_ids(made).send().await.unwrap();
    assert_eq!(endpoint_state(&clients).await.as_deref(), Some("deleting"));
    becomes(None, || endpoint_state(&clients)).await;
    clients.ec2.delete_vpc().vpc_id(vpc).send().await.unwrap();
}
