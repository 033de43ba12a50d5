//! The local cloud without engines: many of them, with many resources, and nothing left behind.

use std::time::{Duration, Instant};

use aws_sdk_rds::error::ProvideErrorMetadata;
use stack::localcloud::{Effect, Fault};
use tokio::io::AsyncWriteExt;

use super::here::{
    Here, REGION, becomes, create_bucket, create_function, create_instance, create_role, instance_status,
};

#[tokio::test]
async fn without_engines_databases_have_their_states_and_nothing_runs() {
    let here = Here::new().await;
    let clients = here.clients().await;
    create_instance(&clients.rds, "sales").port(3310).send().await.unwrap();
    becomes(Some("available"), || instance_status(&clients.rds, "sales")).await;
    let described = clients.rds.describe_db_instances().send().await.unwrap();
    let instance = &described.db_instances()[0];
    assert_eq!(instance.endpoint().unwrap().port(), Some(3310));
    let secret = instance.master_user_secret().unwrap().secret_arn().unwrap();
    assert!(clients.secrets.get_secret_value().secret_id(secret).send().await.unwrap().secret_string().is_some());
    clients.rds.stop_db_instance().db_instance_identifier("sales").send().await.unwrap();
    becomes(Some("stopped"), || instance_status(&clients.rds, "sales")).await;
    let here = here.again().await;
    let clients = here.clients().await;
    assert_eq!(instance_status(&clients.rds, "sales").await.as_deref(), Some("stopped"));
    let role = create_role(&clients, "reader", "lambda").await;
    create_function(&clients.lambda, "reader", &role).await.unwrap();
    let state = || async {
        let found = clients.lambda.get_function_configuration().function_name("reader").send().await.ok()?;
        found.state().map(|state| state.as_str().to_owned())
    };
    becomes(Some("Active"), state).await;
    let refused = clients.lambda.invoke().function_name("reader").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("EnginesOff"));
    assert_eq!(here.cloud.calls().all().last().unwrap().status, Some(501));
}

#[tokio::test]
async fn a_call_is_carried_out_to_its_end_also_if_the_caller_hangs_up() {
    let here = Here::new().await;
    here.cloud.faults().set(vec![Fault::new(Effect::Slow { millis: 200 }).on("rds", "CreateDBInstance")]);
    let address = here.cloud.endpoint().trim_start_matches("http://").to_owned();
    let body = "Action=CreateDBInstance&DBInstanceIdentifier=sales&Engine=mysql&AllocatedStorage=20\
                &DBInstanceClass=db.t4g.micro&MasterUsername=admin&ManageMasterUserPassword=true";
    let scope = format!("AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/rds/aws4_request");
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nAuthorization: {scope}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    drop(stream);
    let rds = here.clients().await.rds;
    becomes(Some("available"), || instance_status(&rds, "sales")).await;
    let secrets = here.clients().await.secrets.list_secrets().send().await.unwrap();
    assert_eq!(secrets.secret_list().len(), 1);
}

#[tokio::test]
async fn large_states_are_whole_after_a_stop_and_lists_come_in_pages() {
    let here = Here::new().await;
    let clients = here.clients().await;
    for number in 0..230 {
        let name = format!("/aws/glue/a-log-group-with-a-long-name/{number:04}");
        clients.logs.create_log_group().log_group_name(name).send().await.unwrap();
    }
    let here = here.again().await;
    let logs = here.clients().await.logs;
    let (mut sizes, mut token) = (vec![], None);
    loop {
        let page = logs.describe_log_groups().set_next_token(token).send().await.unwrap();
        sizes.push(page.log_groups().len());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [50, 50, 50, 50, 30]);
}

#[tokio::test]
async fn many_clouds_live_side_by_side_and_leave_nothing_behind() {
    let (mut clouds, mut starts) = (vec![], vec![]);
    for _ in 0..12 {
        let begun = Instant::now();
        clouds.push(Here::new().await);
        starts.push(begun.elapsed());
    }
    starts.sort();
    // About 10 ms on an idle machine.
    assert!(starts[6] < Duration::from_millis(250), "{starts:?}");
    for (place, here) in clouds.iter().enumerate() {
        create_bucket(&here.clients().await.s3, &format!("bucket-{place}")).await.unwrap();
    }
    for here in &clouds {
        assert_eq!(here.clients().await.s3.list_buckets().send().await.unwrap().buckets().len(), 1);
    }
    let address = clouds[0].cloud.endpoint().trim_start_matches("http://").to_owned();
    drop(clouds);
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(10), "somebody still listens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
