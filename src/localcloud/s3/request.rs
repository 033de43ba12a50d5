//! What is particular to signed requests: presigned addresses, framed bodies, and the signature that nobody checks.

use bytes::Bytes;
use futures::TryStreamExt;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyStream;
use hyper::body::Incoming;
use jiff::Timestamp;
use s3s::{S3Result, s3_error};

use super::chunked::{BodyError, Trailers, decode};

/// Returns whether a presigned address is past its time.
pub(super) fn expired(uri: &http::Uri) -> bool {
    let words: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let word = |word: &str| words.iter().find(|(name, _)| name == word).map(|(_, value)| value.as_str());
    let (Some(date), Some(seconds)) = (word("X-Amz-Date"), word("X-Amz-Expires")) else { return false };
    let signed =
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
    let (Ok(signed), Ok(seconds)) = (signed, seconds.parse::<i64>()) else { return true };
    Timestamp::now().as_second() > signed.timestamp().as_second() + seconds
}

pub(super) fn is_framed(headers: &HeaderMap) -> bool {
    let hash = headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    hash.starts_with("STREAMING-")
}

/// Takes away what the protocol layer would try to check: nobody's secrets are known here.
pub(super) fn strip_signature(parts: &mut http::request::Parts) {
    parts.headers.remove(AUTHORIZATION);
    if is_framed(&parts.headers) {
        if let Some(length) = parts.headers.remove("x-amz-decoded-content-length") {
            parts.headers.insert(CONTENT_LENGTH, length);
        }
        let left: Vec<String> = parts
            .headers
            .get(CONTENT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .map(|value| {
                value.split(',').map(|word| word.trim().to_owned()).filter(|word| word != "aws-chunked").collect()
            })
            .unwrap_or_default();
        parts.headers.remove(CONTENT_ENCODING);
        if let Ok(value) = HeaderValue::from_str(&left.join(","))
            && !left.is_empty()
        {
            parts.headers.insert(CONTENT_ENCODING, value);
        }
    }
    parts.headers.remove("x-amz-content-sha256");
    let words: Vec<&str> = parts.uri.query().unwrap_or_default().split('&').collect();
    let signature = ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"];
    let is_kept = |word: &&&str| {
        let name = word.split('=').next().unwrap_or_default();
        !name.strip_prefix("X-Amz-").is_some_and(|name| signature.contains(&name))
    };
    let kept: Vec<&str> = words.iter().filter(is_kept).copied().collect();
    let query = kept.join("&");
    let target = if query.is_empty() { parts.uri.path().to_owned() } else { format!("{}?{query}", parts.uri.path()) };
    if let Ok(uri) = target.parse() {
        parts.uri = uri;
    }
}

pub(super) fn data(body: Incoming) -> impl futures::Stream<Item = Result<Bytes, BodyError>> + Send + Unpin + 'static {
    let frames = TryStreamExt::map_err(BodyStream::new(body), BodyError::from);
    Box::pin(frames.try_filter_map(|frame| async { Ok(frame.into_data().ok()) }))
}

/// Takes the framing off a body that was read whole.
pub(super) async fn unframed(headers: &HeaderMap, body: Bytes) -> S3Result<Bytes> {
    if !is_framed(headers) {
        return Ok(body);
    }
    let body = futures::stream::iter([Ok(body)]);
    let pieces: Result<Vec<Bytes>, BodyError> = decode(body, Trailers::default()).try_collect().await;
    pieces.map(|pieces| pieces.concat().into()).map_err(|_| s3_error!(IncompleteBody))
}
