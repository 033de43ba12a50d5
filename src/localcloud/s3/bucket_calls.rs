//! The calls that are about buckets and not about objects.

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use jiff::Timestamp;
use s3s::{S3Error, S3Result, s3_error};

use super::answers::{empty, set, typed, xml};
use super::buckets::{Bucket, FIRST_REGION, check_name};
use super::configuration::{Kind, check_tags, document, kind, set_defaults};
use super::notification::Notification;
use super::objects::Objects;
use super::refusal::bad_request;
use super::store::Store;
use super::xml::Element;
use crate::localcloud::call::escape_xml;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::gateway::Body;

/// What a request for a bucket says.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) bucket: String,
    pub(super) words: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) region: String,
    pub(super) body: Bytes,
}

impl Objects {
    /// Answers what is about buckets and not about objects.
    pub(super) async fn answer(&self, asked: Asked) -> S3Result<Response<Body>> {
        if asked.bucket.is_empty() {
            return if asked.method == Method::GET { self.list(&asked).await } else { Err(method_not_allowed()) };
        }
        if let Some(kind) = kind(&asked.words) {
            return self.configure(kind, asked).await;
        }
        let word = |word: &str| asked.words.iter().any(|(name, _)| name == word);
        if word("location") {
            let region = self.bucket(&asked.bucket).await?.region;
            let constraint = if region == FIRST_REGION { String::new() } else { region };
            return Ok(xml(StatusCode::OK, document("LocationConstraint", &constraint)));
        }
        if word("acl") {
            return self.access_control(&asked).await;
        }
        match asked.method {
            Method::PUT => self.create(asked).await,
            Method::HEAD => {
                let mut response = empty(StatusCode::OK);
                let region = self.bucket(&asked.bucket).await?.region;
                set(&mut response, "x-amz-bucket-region", &region);
                set(&mut response, "x-amz-bucket-arn", &format!("arn:aws:s3:::{}", asked.bucket));
                Ok(response)
            }
            Method::DELETE => {
                self.blocking(move |store| store.drop_bucket(&asked.bucket)).await?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(method_not_allowed()),
        }
    }

    async fn create(&self, asked: Asked) -> S3Result<Response<Body>> {
        check_name(&asked.bucket)?;
        let settings = if asked.body.is_empty() { Some(Element::default()) } else { Element::parse(&asked.body) };
        let settings =
            settings.ok_or_else(|| bad_request("MalformedXML", "The XML you provided was not well-formed"))?;
        let region = location(settings.text_of("LocationConstraint").unwrap_or_default(), &asked.region)?;
        let header = |name: &str| asked.headers.get(name).and_then(|value| value.to_str().ok());
        let ownership = header("x-amz-object-ownership").unwrap_or("BucketOwnerEnforced");
        if ownership == "BucketOwnerEnforced" && header("x-amz-acl").is_some_and(|acl| acl != "private") {
            let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
            return Err(bad_request("InvalidBucketAclWithObjectOwnership", message));
        }
        let created = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        let mut bucket = Bucket { name: asked.bucket.clone(), region, created, ..Bucket::default() };
        set_defaults(&mut bucket, ownership);
        if let Some(tags) = settings.child("Tags") {
            check_tags(&Element { children: vec![tags.clone()], ..Element::default() })?;
            let text = |tag: &Element, name: &str| escape_xml(tag.text_of(name).unwrap_or_default());
            let tag = |tag| format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", text(tag, "Key"), text(tag, "Value"));
            let tags: String = tags.all("Tag").map(tag).collect();
            bucket.documents.insert("tagging".to_owned(), document("Tagging", &format!("<TagSet>{tags}</TagSet>")));
        }
        self.blocking(move |store| store.create(&bucket)).await?;
        let mut response = empty(StatusCode::OK);
        set(&mut response, "location", &format!("/{}", asked.bucket));
        set(&mut response, "x-amz-bucket-arn", &format!("arn:aws:s3:::{}", asked.bucket));
        Ok(response)
    }

    async fn configure(&self, kind: &'static Kind, asked: Asked) -> S3Result<Response<Body>> {
        let bucket = self.bucket(&asked.bucket).await?;
        if asked.method == Method::GET {
            return Ok(typed(kind, StatusCode::OK, kind.get(&bucket)?));
        }
        let mut body = asked.body.clone();
        if asked.method == Method::PUT && kind.word == "notification" {
            let skip = asked.headers.get("x-amz-skip-destination-validation").is_some_and(|value| value == "true");
            let notification = Notification::parse(&body)?;
            notification.validate(&bucket, self.courier.endpoint(), skip).await?;
            body = notification.document().into();
        }
        let method = asked.method.clone();
        self.blocking(move |store| {
            let _guard = store.lock();
            // Read again under the lock, as two documents of one bucket may be put at once.
            let mut bucket = store.describe(&asked.bucket)?;
            match method {
                Method::PUT => kind.put(&mut bucket, &body)?,
                Method::DELETE => kind.delete(&mut bucket),
                _ => return Err(method_not_allowed()),
            }
            store.save(&bucket)
        })
        .await?;
        let quiet = asked.method == Method::DELETE || matches!(kind.word, "tagging" | "policy");
        Ok(empty(if quiet { StatusCode::NO_CONTENT } else { StatusCode::OK }))
    }

    async fn access_control(&self, asked: &Asked) -> S3Result<Response<Body>> {
        let bucket = self.bucket(&asked.bucket).await?;
        if asked.method == Method::GET {
            let owner = format!("<ID>{ACCOUNT}</ID>");
            let grantee = format!(
                "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xsi:type=\"CanonicalUser\">{owner}</Grantee>"
            );
            let grant = format!("<Grant>{grantee}<Permission>FULL_CONTROL</Permission></Grant>");
            let inner = format!("<Owner>{owner}</Owner><AccessControlList>{grant}</AccessControlList>");
            return Ok(xml(StatusCode::OK, document("AccessControlPolicy", &inner)));
        }
        if bucket.documents.get("ownershipControls").is_some_and(|rule| rule.contains("BucketOwnerEnforced")) {
            return Err(bad_request("AccessControlListNotSupported", "The bucket does not allow ACLs"));
        }
        Ok(empty(StatusCode::OK))
    }

    async fn list(&self, asked: &Asked) -> S3Result<Response<Body>> {
        let word = |word: &str| asked.words.iter().find(|(name, _)| name == word).map(|(_, value)| value.clone());
        let (prefix, region) = (word("prefix").unwrap_or_default(), word("bucket-region"));
        let after = word("continuation-token").unwrap_or_default();
        let limit = word("max-buckets").and_then(|limit| limit.parse().ok()).unwrap_or(10_000);
        let mut buckets = self.blocking(Store::all).await?;
        buckets.retain(|bucket| {
            bucket.name.starts_with(&prefix)
                && bucket.name > after
                && region.as_ref().is_none_or(|region| *region == bucket.region)
        });
        let truncated = buckets.len() > limit;
        buckets.truncate(limit);
        let tell = |bucket: &Bucket| {
            let Bucket { name, region, created, .. } = bucket;
            format!(
                "<Bucket><Name>{name}</Name><CreationDate>{created}</CreationDate><BucketRegion>{region}\
                 </BucketRegion><BucketArn>arn:aws:s3:::{name}</BucketArn></Bucket>"
            )
        };
        let mut inner = format!("<Owner><ID>{ACCOUNT}</ID></Owner><Buckets>");
        inner.extend(buckets.iter().map(tell));
        inner.push_str("</Buckets>");
        if let Some(last) = buckets.last().filter(|_| truncated) {
            inner.push_str(&format!("<ContinuationToken>{}</ContinuationToken>", last.name));
        }
        if !prefix.is_empty() {
            inner.push_str(&format!("<Prefix>{}</Prefix>", escape_xml(&prefix)));
        }
        Ok(xml(StatusCode::OK, document("ListAllMyBucketsResult", &inner)))
    }
}

/// Returns the region that a new bucket is to lie in.
fn location(constraint: &str, signed: &str) -> S3Result<String> {
    let illegal = |constraint: &str| {
        let message = format!(
            "The {constraint} location constraint is incompatible for the region specific endpoint this \
                     request was sent to."
        );
        Err(bad_request("IllegalLocationConstraintException", message))
    };
    match (constraint, signed) {
        ("", FIRST_REGION) => Ok(FIRST_REGION.to_owned()),
        ("", _) => illegal("unspecified"),
        (FIRST_REGION, _) => {
            Err(bad_request("InvalidLocationConstraint", "The specified location-constraint is not valid"))
        }
        (constraint, FIRST_REGION) => Ok(constraint.to_owned()),
        (constraint, signed) if constraint == signed => Ok(constraint.to_owned()),
        (constraint, _) => illegal(constraint),
    }
}

fn method_not_allowed() -> S3Error {
    s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource.")
}
