//! Faults that refuse calls, delay them or lose their answers, and the journal that tells.

use std::time::{Duration, Instant};

use aws_sdk_rds::error::ProvideErrorMetadata;
use stack::localcloud::{CallRecord, Effect, Fault};

use super::here::{Here, code, create_bucket, create_role, glue_job};

fn facts(calls: &[CallRecord]) -> Vec<(&str, Option<u16>, bool, Option<&str>)> {
    calls.iter().map(|call| (call.operation.as_str(), call.status, call.carried_out, call.fault.as_deref())).collect()
}

#[tokio::test]
async fn latency_delays_the_calls_that_it_is_for() {
    let here = Here::new().await;
    here.cloud.faults().set(vec![
        Fault::new(Effect::Latency { millis: 150 }).on("sts", "GetCallerIdentity").times(1),
        Fault::new(Effect::Latency { millis: 150 }).on("sts", "*").times(1),
        Fault::new(Effect::Latency { millis: 60_000 }).on("sts", "AssumeRole"),
    ]);
    let sts = here.clients().await.sts;
    let begun = Instant::now();
    sts.get_caller_identity().send().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    sts.get_caller_identity().send().await.unwrap();
    let calls = here.cloud.calls().all();
    let expected =
        [("GetCallerIdentity", Some(200), true, Some("latency+latency")), ("GetCallerIdentity", Some(200), true, None)];
    assert_eq!(facts(&calls), expected);
}

#[tokio::test]
async fn each_service_throttles_in_its_own_words() {
    let here = Here::new().await;
    here.cloud.faults().set(vec![Fault::new(Effect::Throttle)]);
    let once = here.once();
    let ec2 = aws_sdk_ec2::Client::new(&once).describe_vpcs().send().await;
    assert_eq!(code(ec2), "RequestLimitExceeded");
    assert_eq!(code(aws_sdk_rds::Client::new(&once).describe_db_instances().send().await), "Throttling");
    assert_eq!(code(aws_sdk_redshift::Client::new(&once).describe_clusters().send().await), "Throttling");
    assert_eq!(code(aws_sdk_iam::Client::new(&once).list_roles().send().await), "Throttling");
    assert_eq!(code(aws_sdk_glue::Client::new(&once).get_jobs().send().await), "ThrottlingException");
    assert_eq!(code(aws_sdk_lambda::Client::new(&once).list_functions().send().await), "TooManyRequestsException");
    assert_eq!(code(aws_sdk_cloudwatch::Client::new(&once).list_dashboards().send().await), "Throttling");
    assert_eq!(code(here.s3_once().list_buckets().send().await), "SlowDown");
    let statuses: Vec<Option<u16>> = here.cloud.calls().all().iter().map(|call| call.status).collect();
    let expected = [503, 400, 400, 400, 400, 429, 400, 503].map(Some);
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn a_throttled_call_is_tried_again_by_the_program() {
    let here = Here::new().await;
    here.cloud.faults().set(vec![Fault::new(Effect::Throttle).on("s3", "CreateBucket").times(1)]);
    create_bucket(&here.clients().await.s3, "input").await.unwrap();
    let calls = here.cloud.calls().all();
    let expected = [("CreateBucket", Some(503), false, Some("throttle")), ("CreateBucket", Some(200), true, None)];
    assert_eq!(facts(&calls), expected);
    assert_eq!(calls[0].target.as_deref(), Some("input"));
}

#[tokio::test]
async fn errors_are_the_services_own_unless_the_fault_says_otherwise() {
    let here = Here::new().await;
    let custom = Effect::Error { status: 409, code: Some("Odd".to_owned()), message: Some("an odd one".to_owned()) };
    let plain = Effect::Error { status: 500, code: None, message: None };
    here.cloud.faults().set(vec![Fault::new(custom).on("glue", "GetJobs"), Fault::new(plain)]);
    let once = here.once();
    let odd = aws_sdk_glue::Client::new(&once).get_jobs().send().await.unwrap_err();
    assert_eq!((odd.code(), odd.message()), (Some("Odd"), Some("an odd one")));
    assert_eq!(code(aws_sdk_glue::Client::new(&once).get_databases().send().await), "InternalServiceException");
    assert_eq!(code(aws_sdk_ec2::Client::new(&once).describe_vpcs().send().await), "InternalError");
    assert_eq!(code(here.s3_once().list_buckets().send().await), "InternalError");
    assert_eq!(code(aws_sdk_rds::Client::new(&once).describe_db_instances().send().await), "InternalFailure");
    here.cloud.faults().set(vec![Fault::new(Effect::Denied)]);
    assert_eq!(code(aws_sdk_ec2::Client::new(&once).describe_vpcs().send().await), "UnauthorizedOperation");
    assert_eq!(code(here.s3_once().list_buckets().send().await), "AccessDenied");
    let denied = aws_sdk_rds::Client::new(&once).describe_db_instances().send().await.unwrap_err();
    assert_eq!(denied.code(), Some("AccessDenied"));
    assert!(denied.message().unwrap().contains("rds:DescribeDBInstances"));
    assert_eq!(code(aws_sdk_glue::Client::new(&once).get_jobs().send().await), "AccessDeniedException");
}

#[tokio::test]
async fn a_reset_call_is_not_carried_out_and_a_lost_reply_belongs_to_one_that_is() {
    let here = Here::new().await;
    let s3 = here.clients().await.s3;
    here.cloud.faults().set(vec![Fault::new(Effect::Reset).on("s3", "CreateBucket").times(1)]);
    create_bucket(&s3, "first").await.unwrap();
    here.cloud.faults().set(vec![Fault::new(Effect::LostReply).on("s3", "CreateBucket").times(1)]);
    let second = create_bucket(&s3, "second").await.unwrap_err();
    assert_eq!(second.code(), Some("BucketAlreadyOwnedByYou"));
    let calls = here.cloud.calls().all();
    let expected = [
        ("CreateBucket", None, false, Some("reset")),
        ("CreateBucket", Some(200), true, None),
        ("CreateBucket", None, true, Some("lost_reply")),
        ("CreateBucket", Some(409), false, None),
    ];
    assert_eq!(facts(&calls), expected);
    assert_eq!(here.cloud.calls().count("CreateBucket"), 2);
    let names: Vec<String> =
        s3.list_buckets().send().await.unwrap().buckets.unwrap().into_iter().filter_map(|bucket| bucket.name).collect();
    assert_eq!(names, ["first", "second"]);
}

#[tokio::test]
async fn a_fault_strikes_the_calls_that_it_names_after_those_that_it_skips() {
    let here = Here::new().await;
    let fault = Fault::new(Effect::Denied).on("logs", "CreateLogGroup").target("/mine/").skip(1).times(2);
    here.cloud.faults().set(vec![fault]);
    let logs = aws_sdk_cloudwatchlogs::Client::new(&here.once());
    let mut codes = vec![];
    for name in ["/theirs/0", "/mine/1", "/theirs/2", "/mine/3", "/mine/4", "/mine/5"] {
        codes.push(code(logs.create_log_group().log_group_name(name).send().await));
    }
    let denied = "AccessDeniedException";
    assert_eq!(codes, ["no error code", "no error code", "no error code", denied, denied, "no error code"]);
    let standing = here.cloud.faults().standing();
    assert_eq!((standing[0].matched, standing[0].struck), (4, 2));
}

#[tokio::test]
async fn what_the_local_cloud_asks_itself_is_neither_struck_nor_written_down() {
    let here = Here::new().await;
    let clients = here.clients().await;
    let role = create_role(&clients, "worker", "glue").await;
    here.cloud.calls().clear();
    here.cloud.faults().set(vec![Fault::new(Effect::Denied).on("iam", "GetRole")]);
    // Glue asks IAM whether it may take the role.
    glue_job(&clients.glue, "job", &role).send().await.unwrap();
    assert_eq!(facts(&here.cloud.calls().all()), [("CreateJob", Some(200), true, None)]);
}

#[tokio::test]
async fn faults_and_calls_are_kept_over_http_too() {
    let here = Here::new().await;
    let body = r#"{"faults":[{"service":"sts","does":{"error":{"status":418}},"times":1}]}"#;
    let (status, answer) = here.ask("PUT", "/_stack/faults", "", body).await;
    assert_eq!((status, answer.contains(r#""struck":0"#)), (200, true));
    let refused = aws_sdk_sts::Client::new(&here.once()).get_caller_identity().send().await;
    assert_eq!(code(refused), "InternalFailure");
    let (_, answer) = here.ask("GET", "/_stack/calls", "", "").await;
    assert!(answer.contains(r#""operation":"GetCallerIdentity""#) && answer.contains(r#""status":418"#), "{answer}");
    here.ask("DELETE", "/_stack/calls", "", "").await;
    assert!(here.cloud.calls().all().is_empty());
    let (status, answer) = here.ask("PUT", "/_stack/faults", "", r#"{"faults":[{"does":"tickle"}]}"#).await;
    assert_eq!((status, answer.contains("unknown variant `tickle`")), (400, true));
    assert_eq!(here.cloud.faults().standing().len(), 1);
    let (status, _) = here.ask("DELETE", "/_stack/faults", "Origin: http://evil.example\r\n", "").await;
    assert_eq!((status, here.cloud.faults().standing().len()), (403, 1));
    here.ask("DELETE", "/_stack/faults", "", "").await;
    assert!(here.cloud.faults().standing().is_empty());
}
