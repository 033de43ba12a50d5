//! The paths by which faults are set, and calls are read, from outside of the process.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::book::Faults;
use super::fault::Fault;
use super::journal::Calls;
use crate::localcloud::Reply;

/// What stands behind one of the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum OwnPath {
    /// `/_stack/faults`.
    Faults,
    /// `/_stack/calls`.
    Calls,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    faults: Vec<Fault>,
}

/// Returns what stands behind a path, if it is one of these.
pub(in super::super) fn own_path(path: &str) -> Option<OwnPath> {
    match path {
        "/_stack/faults" => Some(OwnPath::Faults),
        "/_stack/calls" => Some(OwnPath::Calls),
        _ => None,
    }
}

impl OwnPath {
    /// Answers a request for the path.
    pub(in super::super) fn answer(self, method: &Method, body: &[u8], faults: &Faults, calls: &Calls) -> Reply {
        match (self, method) {
            (Self::Faults, &Method::GET) => told(faults),
            (Self::Faults, &Method::PUT) => match serde_json::from_slice::<Wanted>(body) {
                Ok(wanted) => {
                    faults.set(wanted.faults);
                    told(faults)
                }
                Err(error) => json_reply(StatusCode::BAD_REQUEST, &json!({ "error": error.to_string() })),
            },
            (Self::Faults, &Method::DELETE) => {
                faults.clear();
                told(faults)
            }
            (Self::Calls, &Method::GET) => {
                json_reply(StatusCode::OK, &json!({ "calls": calls.all(), "dropped": calls.dropped() }))
            }
            (Self::Calls, &Method::DELETE) => {
                calls.clear();
                json_reply(StatusCode::OK, &json!({ "calls": [], "dropped": 0 }))
            }
            _ => {
                let error = "there are `GET`, `PUT` and `DELETE /_stack/faults`, `GET` and `DELETE /_stack/calls`";
                json_reply(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": error }))
            }
        }
    }
}

fn told(faults: &Faults) -> Reply {
    json_reply(StatusCode::OK, &json!({ "faults": faults.standing() }))
}

fn json_reply(status: StatusCode, body: &serde_json::Value) -> Reply {
    Reply::new(status.as_u16(), "application/json", body.to_string())
}
