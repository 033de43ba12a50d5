//! A request as faults and the journal see it.

use bytes::Bytes;
use http::Method;
use percent_encoding::percent_decode;

use super::book::Verdict;
use super::journal::CallRecord;
use super::names;
use crate::localcloud::Call;

/// What is known of a request before it is carried out.
#[derive(Debug, Clone)]
pub(in super::super) struct Asked {
    pub(super) service: String,
    pub(super) region: String,
    /// AWS's name of the operation.
    pub(super) operation: String,
    /// The name of the thing that it is about.
    pub(super) target: Option<String>,
    line: String,
    body: Bytes,
}

impl Asked {
    /// Looks at a call whose body was read.
    pub(in super::super) fn of(call: &Call) -> Self {
        Self {
            service: call.service.clone(),
            region: call.region.clone(),
            operation: names::operation(call),
            target: names::target(call),
            line: call.target.clone(),
            body: call.body.clone(),
        }
    }

    /// Looks at a request to S3, whose body is still on its way.
    pub(in super::super) fn of_s3<B>(request: &http::Request<B>, region: &str) -> Self {
        let copies = request.headers().contains_key("x-amz-copy-source");
        let line = request.uri().path_and_query().map_or("/", |line| line.as_str()).to_owned();
        let method: &Method = request.method();
        Self {
            service: "s3".to_owned(),
            region: region.to_owned(),
            operation: names::s3_operation(method, &line, copies),
            target: names::s3_target(&line),
            line,
            body: Bytes::new(),
        }
    }

    /// Writes down what became of it; the journal gives the number.
    pub(in super::super) fn record(&self, status: Option<u16>, carried_out: bool, verdict: &Verdict) -> CallRecord {
        CallRecord {
            number: 0,
            service: self.service.clone(),
            region: self.region.clone(),
            operation: self.operation.clone(),
            target: self.target.clone(),
            status,
            carried_out,
            fault: verdict.names(),
        }
    }

    /// Returns whether a piece of text stands in the request, as it was sent or decoded.
    pub(super) fn mentions(&self, piece: &str) -> bool {
        let stands_in = |text: &[u8]| {
            String::from_utf8_lossy(text).contains(piece) || percent_decode(text).decode_utf8_lossy().contains(piece)
        };
        stands_in(self.line.as_bytes()) || stands_in(&self.body)
    }

    /// Returns the members of a JSON body.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
