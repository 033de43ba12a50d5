//! The operations of the services whose protocol names none: method and path say it.

use http::Method;

/// One operation: method, path with `{}` for any word, and AWS's name.
type Route = (&'static str, &'static str, &'static str);

/// The operations of Lambda.
const LAMBDA: &[Route] = &[
    ("POST", "/2015-03-31/functions", "CreateFunction"),
    ("GET", "/2015-03-31/functions", "ListFunctions"),
    ("GET", "/2015-03-31/functions/{}", "GetFunction"),
    ("DELETE", "/2015-03-31/functions/{}", "DeleteFunction"),
    ("GET", "/2015-03-31/functions/{}/configuration", "GetFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{}/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{}/code", "UpdateFunctionCode"),
    ("GET", "/2015-03-31/functions/{}/versions", "ListVersionsByFunction"),
    ("POST", "/2015-03-31/functions/{}/versions", "PublishVersion"),
    ("POST", "/2015-03-31/functions/{}/invocations", "Invoke"),
    ("POST", "/2014-11-13/functions/{}/invoke-async", "InvokeAsync"),
    ("POST", "/2015-03-31/functions/{}/policy", "AddPermission"),
    ("GET", "/2015-03-31/functions/{}/policy", "GetPolicy"),
    ("DELETE", "/2015-03-31/functions/{}/policy/{}", "RemovePermission"),
    ("PUT", "/2017-10-31/functions/{}/concurrency", "PutFunctionConcurrency"),
    ("GET", "/2019-09-30/functions/{}/concurrency", "GetFunctionConcurrency"),
    ("DELETE", "/2017-10-31/functions/{}/concurrency", "DeleteFunctionConcurrency"),
    ("PUT", "/2019-09-25/functions/{}/event-invoke-config", "PutFunctionEventInvokeConfig"),
    ("POST", "/2019-09-25/functions/{}/event-invoke-config", "UpdateFunctionEventInvokeConfig"),
    ("GET", "/2019-09-25/functions/{}/event-invoke-config", "GetFunctionEventInvokeConfig"),
    ("DELETE", "/2019-09-25/functions/{}/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    ("GET", "/2018-10-31/layers", "ListLayers"),
    ("POST", "/2018-10-31/layers/{}/versions", "PublishLayerVersion"),
    ("GET", "/2018-10-31/layers/{}/versions", "ListLayerVersions"),
    ("GET", "/2018-10-31/layers/{}/versions/{}", "GetLayerVersion"),
    ("DELETE", "/2018-10-31/layers/{}/versions/{}", "DeleteLayerVersion"),
    ("POST", "/2017-03-31/tags/{}", "TagResource"),
    ("DELETE", "/2017-03-31/tags/{}", "UntagResource"),
    ("GET", "/2017-03-31/tags/{}", "ListTags"),
    ("GET", "/2016-08-19/account-settings", "GetAccountSettings"),
];

/// The operations of EventBridge Scheduler.
const SCHEDULER: &[Route] = &[
    ("POST", "/schedules/{}", "CreateSchedule"),
    ("GET", "/schedules/{}", "GetSchedule"),
    ("PUT", "/schedules/{}", "UpdateSchedule"),
    ("DELETE", "/schedules/{}", "DeleteSchedule"),
    ("GET", "/schedules", "ListSchedules"),
    ("POST", "/schedule-groups/{}", "CreateScheduleGroup"),
    ("GET", "/schedule-groups/{}", "GetScheduleGroup"),
    ("DELETE", "/schedule-groups/{}", "DeleteScheduleGroup"),
    ("GET", "/schedule-groups", "ListScheduleGroups"),
    ("POST", "/tags/{}", "TagResource"),
    ("DELETE", "/tags/{}", "UntagResource"),
    ("GET", "/tags/{}", "ListTagsForResource"),
];

/// Returns the operation of a request, if its service has such a path.
pub(super) fn operation(service: &str, method: &Method, path: &str) -> Option<&'static str> {
    let fits = |route: &&Route| route.0 == method.as_str() && words_of(route.1, path).is_some();
    routes(service).iter().find(fits).map(|(_, _, name)| *name)
}

/// Returns the first word of the path that names something.
pub(super) fn target(service: &str, path: &str) -> Option<String> {
    let words = routes(service).iter().find_map(|route| words_of(route.1, path).filter(|words| !words.is_empty()))?;
    let word = percent_encoding::percent_decode_str(words[0]).decode_utf8_lossy().into_owned();
    Some(word.rsplit_once("function:").map_or(word.clone(), |(_, name)| name.to_owned()))
}

fn routes(service: &str) -> &'static [Route] {
    match service {
        "lambda" => LAMBDA,
        "scheduler" => SCHEDULER,
        _ => &[],
    }
}

/// Returns the words that stand at the `{}` of a pattern, if the path fits. The last one takes the rest of the path,
/// as ARNs have slashes that some callers do not encode.
fn words_of<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut found = Vec::new();
    let mut rest = path.trim_end_matches('/');
    let mut pieces = pattern.split("{}").peekable();
    rest = rest.strip_prefix(pieces.next()?)?;
    while let Some(piece) = pieces.next() {
        let end = if pieces.peek().is_none() && piece.is_empty() && pattern.contains("/tags/") {
            rest.len()
        } else {
            rest.find('/').unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return None;
        }
        found.push(word);
        rest = after.strip_prefix(piece)?;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_lambda_are_told_apart() {
        let name = |method: Method, path: &str| operation("lambda", &method, path);
        assert_eq!(name(Method::POST, "/2015-03-31/functions"), Some("CreateFunction"));
        assert_eq!(name(Method::GET, "/2015-03-31/functions/"), Some("ListFunctions"));
        assert_eq!(name(Method::GET, "/2015-03-31/functions/reader"), Some("GetFunction"));
        assert_eq!(name(Method::PUT, "/2015-03-31/functions/reader/code"), Some("UpdateFunctionCode"));
        assert_eq!(name(Method::DELETE, "/2015-03-31/functions/reader/policy/s3"), Some("RemovePermission"));
        assert_eq!(name(Method::POST, "/2017-03-31/tags/arn:aws:lambda:r:1:function:a/b"), Some("TagResource"));
        assert_eq!(name(Method::PATCH, "/2015-03-31/functions/reader"), None);
        assert_eq!(target("lambda", "/2015-03-31/functions/reader/code").as_deref(), Some("reader"));
        assert_eq!(target("lambda", "/2015-03-31/functions"), None);
    }
}
