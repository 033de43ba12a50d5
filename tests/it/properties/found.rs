//! Cases that once broke a law, each by the name of the bug.

use super::case::{Case, NetworkShape, Shape};
use super::laws;

const NOTHING: Shape = Shape {
    tag: None,
    buckets: vec![],
    databases: vec![],
    role: false,
    job_workers: None,
    crawler: false,
    workgroup: false,
    function: None,
    network: None,
};

fn case(first: Shape, second: Shape) -> Case {
    Case {
        first,
        second,
        faults: vec![],
        later_faults: vec![],
        killed_after: None,
        change_killed_after: None,
        is_stopped: false,
    }
}

#[tokio::test]
async fn a_role_that_nothing_refers_to_has_no_empty_policy() {
    laws::check(&case(Shape { role: true, ..NOTHING }, NOTHING)).await.unwrap();
}

#[tokio::test]
async fn a_function_in_a_stack_without_buckets_is_allowed_nothing_on_none() {
    laws::check(&case(Shape { role: true, function: Some((1, false)), ..NOTHING }, NOTHING)).await.unwrap();
}

#[tokio::test]
async fn what_goes_and_what_comes_never_wait_for_each_other() {
    let databases = NetworkShape { access: false, endpoint: false, mysql: Some((0, Some(1))), redshift: Some(1) };
    let first = Shape { network: Some(databases), ..NOTHING };
    laws::check(&case(first, Shape { role: true, function: Some((1, false)), ..NOTHING })).await.unwrap();
}
