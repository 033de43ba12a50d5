//! AWS's names of what a request asks for, read from the request alone.

use http::Method;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;

use super::rest;
use crate::localcloud::Call;

/// The members of requests that name the thing they are about, the most telling first.
const NAMING: &[&str] = &[
    "DBInstanceIdentifier",
    "DBParameterGroupName",
    "DBSubnetGroupName",
    "ClusterIdentifier",
    "ClusterSubnetGroupName",
    "ClusterParameterGroupName",
    "RoleName",
    "PolicyArn",
    "PolicyName",
    "GroupName",
    "VpcEndpointId",
    "NatGatewayId",
    "RouteTableId",
    "GroupId",
    "SubnetId",
    "InternetGatewayId",
    "VpcId",
    "ResourceName",
    "logGroupName",
    "FunctionName",
    "LayerName",
    "JobName",
    "CrawlerName",
    "ConnectionName",
    "DatabaseName",
    "SecretId",
    "WorkGroup",
    "DashboardName",
    "BudgetName",
    "Name",
    "ResourceArn",
    "resourceArn",
    "stateMachineArn",
    "executionArn",
    "name",
];

/// The members that hold the thing itself, name included.
const HOLDING: &[&str] = &["DatabaseInput", "ConnectionInput", "TableInput"];

/// The largest body in which a name is looked for, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The documents of a bucket by their query words, with the noun that their operations share.
const DOCUMENTS: &[(&str, &str)] = &[
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "BucketAcl"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

/// Returns the operation of a call; method and path where nobody knows its name.
pub(in super::super) fn operation(call: &Call) -> String {
    if !call.operation.is_empty() {
        return call.operation.clone();
    }
    let known = rest::operation(&call.service, &call.method, call.path());
    known.map_or_else(|| format!("{} {}", call.method, call.path()), str::to_owned)
}

/// Returns the name of the thing that a call is about.
pub(super) fn target(call: &Call) -> Option<String> {
    if call.body.len() > LARGEST {
        return rest::target(&call.service, call.path());
    }
    let kind = call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        let form = call.form();
        let named = |name: &&str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        return NAMING.iter().find_map(named);
    }
    if let Some(target) = rest::target(&call.service, call.path()) {
        return Some(target);
    }
    let body = call.json();
    let named = |name: &&str| body[*name].as_str().map(str::to_owned);
    let held = || HOLDING.iter().find_map(|holder| body[*holder]["Name"].as_str().map(str::to_owned));
    held().or_else(|| NAMING.iter().find_map(named))
}

/// Returns the bucket, or the bucket and the key, of a request to S3.
pub(super) fn s3_target(line: &str) -> Option<String> {
    let path = line.split('?').next().unwrap_or_default().trim_matches('/');
    (!path.is_empty()).then(|| percent_decode_str(path).decode_utf8_lossy().into_owned())
}

/// Returns the operation of a request to S3.
pub(super) fn s3_operation(method: &Method, line: &str, copies: bool) -> String {
    let (path, query) = line.split_once('?').unwrap_or((line, ""));
    let words: Vec<String> = form_urlencoded::parse(query.as_bytes()).map(|(word, _)| word.into_owned()).collect();
    let has = |word: &str| words.iter().any(|other| other == word);
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return "ListBuckets".to_owned();
    }
    if !key.is_empty() {
        return object_operation(method, has, copies).to_owned();
    }
    if let Some((_, noun)) = DOCUMENTS.iter().find(|(word, _)| has(word)) {
        return document_operation(method, noun);
    }
    let name = match method.as_str() {
        "PUT" => "CreateBucket",
        "DELETE" => "DeleteBucket",
        "HEAD" => "HeadBucket",
        "POST" if has("delete") => "DeleteObjects",
        "POST" => "PostObject",
        _ if has("versions") => "ListObjectVersions",
        _ if has("uploads") => "ListMultipartUploads",
        _ if has("list-type") => "ListObjectsV2",
        _ => "ListObjects",
    };
    name.to_owned()
}

fn document_operation(method: &Method, noun: &str) -> String {
    let verb = match method.as_str() {
        "PUT" => "Put",
        "DELETE" => "Delete",
        _ => "Get",
    };
    // The one document whose deletion has a shorter name.
    let noun = if verb == "Delete" && noun == "BucketLifecycleConfiguration" { "BucketLifecycle" } else { noun };
    format!("{verb}{noun}")
}

fn object_operation(method: &Method, has: impl Fn(&str) -> bool, copies: bool) -> &'static str {
    match (method.as_str(), copies) {
        ("PUT", _) if has("tagging") => "PutObjectTagging",
        ("PUT", _) if has("acl") => "PutObjectAcl",
        ("PUT", true) if has("partNumber") => "UploadPartCopy",
        ("PUT", false) if has("partNumber") => "UploadPart",
        ("PUT", true) => "CopyObject",
        ("PUT", false) => "PutObject",
        ("POST", _) if has("uploads") => "CreateMultipartUpload",
        ("POST", _) if has("select") => "SelectObjectContent",
        ("POST", _) if has("restore") => "RestoreObject",
        ("POST", _) => "CompleteMultipartUpload",
        ("DELETE", _) if has("uploadId") => "AbortMultipartUpload",
        ("DELETE", _) if has("tagging") => "DeleteObjectTagging",
        ("DELETE", _) => "DeleteObject",
        ("HEAD", _) => "HeadObject",
        _ if has("tagging") => "GetObjectTagging",
        _ if has("acl") => "GetObjectAcl",
        _ if has("attributes") => "GetObjectAttributes",
        _ if has("uploadId") => "ListParts",
        _ => "GetObject",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_s3_have_the_names_that_aws_gives_them() {
        let name = |method: Method, line: &str| s3_operation(&method, line, false);
        assert_eq!(name(Method::GET, "/?x-id=ListBuckets"), "ListBuckets");
        assert_eq!(name(Method::PUT, "/input"), "CreateBucket");
        assert_eq!(name(Method::PUT, "/input/"), "CreateBucket");
        assert_eq!(name(Method::GET, "/input?list-type=2&prefix=a"), "ListObjectsV2");
        assert_eq!(name(Method::GET, "/input?prefix=a"), "ListObjects");
        assert_eq!(name(Method::POST, "/input?delete"), "DeleteObjects");
        assert_eq!(name(Method::PUT, "/input?notification"), "PutBucketNotificationConfiguration");
        assert_eq!(name(Method::DELETE, "/input?lifecycle"), "DeleteBucketLifecycle");
        assert_eq!(name(Method::DELETE, "/input?publicAccessBlock"), "DeletePublicAccessBlock");
        assert_eq!(name(Method::PUT, "/input/a/b.csv?partNumber=1&uploadId=x"), "UploadPart");
        assert_eq!(name(Method::GET, "/input/a?uploadId=x"), "ListParts");
        assert_eq!(s3_operation(&Method::PUT, "/input/a", true), "CopyObject");
        assert_eq!(s3_target("/input/a%20b?x-id=GetObject").as_deref(), Some("input/a b"));
    }
}
