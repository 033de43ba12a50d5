//! Lambda's paths: which operation a request asks for, and of what.

use http::Method;

use crate::localcloud::Call;

/// The operations that are answered, with the names their paths carry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    CreateFunction,
    ListFunctions,
    GetFunction(String),
    DeleteFunction(String),
    GetConfiguration(String),
    UpdateConfiguration(String),
    UpdateCode(String),
    DownloadCode(String),
    ListVersions(String),
    Invoke(String),
    InvokeAsync(String),
    AddPermission(String),
    GetPolicy(String),
    RemovePermission(String, String),
    Tag(String),
    Untag(String),
    ListTags(String),
    PutConcurrency(String),
    GetConcurrency(String),
    DeleteConcurrency(String),
    PutEventInvoke(String),
    GetEventInvoke(String),
    DeleteEventInvoke(String),
    ListLayers,
    GetLayerByArn(String),
    PublishLayer(String),
    ListLayerVersions(String),
    GetLayer(String, String),
    DeleteLayer(String, String),
    DownloadLayer(String, String),
    AccountSettings,
    Unknown,
}

/// Returns a query value of the request, decoded.
pub(super) fn query(call: &Call, name: &str) -> Option<String> {
    let (_, query) = call.target.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Returns all values of a query name.
pub(super) fn query_all(call: &Call, name: &str) -> Vec<String> {
    let query = call.target.split_once('?').map_or("", |(_, query)| query);
    let values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    values.map(|(_, value)| value.into_owned()).collect()
}

/// Returns the name of the action that a request needs the permission for, without `lambda:`.
pub(in super::super) fn action(call: &Call) -> String {
    let action = match route(call) {
        Route::GetConfiguration(_) => "GetFunctionConfiguration",
        Route::UpdateConfiguration(_) => "UpdateFunctionConfiguration",
        Route::UpdateCode(_) => "UpdateFunctionCode",
        Route::DownloadCode(_) => "GetFunction",
        Route::ListVersions(_) => "ListVersionsByFunction",
        Route::Invoke(_) | Route::InvokeAsync(_) => "InvokeFunction",
        Route::Tag(_) => "TagResource",
        Route::Untag(_) => "UntagResource",
        Route::PutConcurrency(_) => "PutFunctionConcurrency",
        Route::GetConcurrency(_) => "GetFunctionConcurrency",
        Route::DeleteConcurrency(_) => "DeleteFunctionConcurrency",
        Route::PutEventInvoke(_) => "PutFunctionEventInvokeConfig",
        Route::GetEventInvoke(_) => "GetFunctionEventInvokeConfig",
        Route::DeleteEventInvoke(_) => "DeleteFunctionEventInvokeConfig",
        Route::GetLayerByArn(_) | Route::GetLayer(..) | Route::DownloadLayer(..) => "GetLayerVersion",
        Route::PublishLayer(_) => "PublishLayerVersion",
        Route::DeleteLayer(..) => "DeleteLayerVersion",
        Route::AccountSettings => "GetAccountSettings",
        // The others are called as their actions are.
        other => return format!("{other:?}").split('(').next().unwrap_or_default().to_owned(),
    };
    action.to_owned()
}

/// Reads the route of a request.
pub(super) fn route(call: &Call) -> Route {
    let words: Vec<String> = call.path().split('/').filter(|word| !word.is_empty()).skip(1).map(decode).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.split_first() {
        Some((&"functions", rest)) => function_route(call, rest),
        Some((&"layers", rest)) => layer_route(call, rest),
        Some((&"tags", arn)) => tag_route(&call.method, arn.join("/")),
        Some((&"account-settings", [])) => Route::AccountSettings,
        _ => Route::Unknown,
    }
}

fn function_route(call: &Call, rest: &[&str]) -> Route {
    let method = &call.method;
    let name = || rest.first().copied().unwrap_or_default().to_owned();
    match rest.get(1..).unwrap_or_default() {
        [] if rest.is_empty() && method == Method::POST => Route::CreateFunction,
        [] if rest.is_empty() && method == Method::GET => Route::ListFunctions,
        [] if method == Method::GET => Route::GetFunction(name()),
        [] if method == Method::DELETE => Route::DeleteFunction(name()),
        ["configuration"] if method == Method::GET => Route::GetConfiguration(name()),
        ["configuration"] if method == Method::PUT => Route::UpdateConfiguration(name()),
        ["code"] if method == Method::PUT => Route::UpdateCode(name()),
        ["code"] if method == Method::GET => Route::DownloadCode(name()),
        ["versions"] if method == Method::GET => Route::ListVersions(name()),
        ["invocations"] if method == Method::POST => Route::Invoke(name()),
        ["invoke-async"] if method == Method::POST => Route::InvokeAsync(name()),
        ["policy"] if method == Method::POST => Route::AddPermission(name()),
        ["policy"] if method == Method::GET => Route::GetPolicy(name()),
        ["policy", statement] if method == Method::DELETE => Route::RemovePermission(name(), (*statement).to_owned()),
        ["concurrency"] if method == Method::PUT => Route::PutConcurrency(name()),
        ["concurrency"] if method == Method::GET => Route::GetConcurrency(name()),
        ["concurrency"] if method == Method::DELETE => Route::DeleteConcurrency(name()),
        ["event-invoke-config"] if method == Method::GET => Route::GetEventInvoke(name()),
        ["event-invoke-config"] if method == Method::DELETE => Route::DeleteEventInvoke(name()),
        ["event-invoke-config"] => Route::PutEventInvoke(name()),
        _ => Route::Unknown,
    }
}

fn layer_route(call: &Call, rest: &[&str]) -> Route {
    let method = &call.method;
    match rest {
        [] if query(call, "find").as_deref() == Some("LayerVersion") => {
            Route::GetLayerByArn(query(call, "Arn").unwrap_or_default())
        }
        [] => Route::ListLayers,
        [name, "versions"] if method == Method::POST => Route::PublishLayer((*name).to_owned()),
        [name, "versions"] => Route::ListLayerVersions((*name).to_owned()),
        [name, "versions", version] if method == Method::DELETE => {
            Route::DeleteLayer((*name).to_owned(), (*version).to_owned())
        }
        [name, "versions", version] if method == Method::GET => {
            Route::GetLayer((*name).to_owned(), (*version).to_owned())
        }
        [name, "versions", version, "content"] => Route::DownloadLayer((*name).to_owned(), (*version).to_owned()),
        _ => Route::Unknown,
    }
}

fn tag_route(method: &Method, arn: String) -> Route {
    match *method {
        Method::POST => Route::Tag(arn),
        Method::DELETE => Route::Untag(arn),
        _ => Route::ListTags(arn),
    }
}

/// Decodes a path word; a `+` stands for itself there.
fn decode(word: &str) -> String {
    let escaped = word.replace('+', "%2B");
    form_urlencoded::parse(escaped.as_bytes()).next().map(|(key, _)| key.into_owned()).unwrap_or_default()
}

/// Returns the function's name from a name, a partial or a whole ARN, with or without a qualifier.
pub(super) fn function_name(given: &str) -> &str {
    let name = given.rsplit_once("function:").map_or(given, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}
