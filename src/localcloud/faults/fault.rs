//! What a fault is: which calls it strikes, how often, and what it does to them.

use serde::{Deserialize, Serialize};

/// A failure that the local cloud makes on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The signing name of the service, such as `s3`; any if left out or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// AWS's name of the operation, such as `CreateBucket`; any if left out or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// A piece of the request, such as the name of the resource; any request if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How many matching calls are let through first.
    #[serde(default)]
    pub skip: u64,
    /// How many calls are struck; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens to a call that is struck.
    pub does: Effect,
}

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// The call waits before it goes on.
    Latency {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// The call is refused as the service refuses what comes too fast.
    Throttle,
    /// The call is refused with an error of the caller's choice.
    Error {
        /// The HTTP status; 500 if left out.
        #[serde(default = "internal_error")]
        status: u16,
        /// The code on the wire; the service's own for an internal error if left out.
        #[serde(default)]
        code: Option<String>,
        /// What a person reads.
        #[serde(default)]
        message: Option<String>,
    },
    /// The connection is closed without an answer, before the call is carried out.
    Reset,
    /// The call is carried out, then the connection is closed without an answer.
    LostReply,
    /// The call is refused because the caller may not do it.
    Denied,
    /// A call that needs a role is refused while the role is young, as if it were not known everywhere yet.
    NotPropagated {
        /// How long after the role was created, in milliseconds.
        millis: u64,
    },
    /// What the call begins stays under way for longer.
    Slow {
        /// How much longer, in milliseconds.
        millis: u64,
    },
    /// What the call begins ends in the failed state that AWS has for it.
    Fail {
        /// Another failed state than the usual one, such as `incompatible-network`.
        #[serde(default)]
        state: Option<String>,
        /// Why, where the service tells.
        #[serde(default)]
        reason: Option<String>,
    },
}

const fn internal_error() -> u16 {
    500
}

impl Fault {
    /// Builds a fault that strikes every call.
    pub fn new(does: Effect) -> Self {
        Self { service: None, operation: None, target: None, skip: 0, times: None, does }
    }

    /// Strikes one operation of one service only; `*` is any.
    #[must_use]
    pub fn on(mut self, service: &str, operation: &str) -> Self {
        self.service = Some(service.to_owned());
        self.operation = Some(operation.to_owned());
        self
    }

    /// Strikes only requests in which `target` stands.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Lets matching calls through first.
    #[must_use]
    pub fn skip(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }

    /// Strikes that often only.
    #[must_use]
    pub fn times(mut self, calls: u64) -> Self {
        self.times = Some(calls);
        self
    }
}

impl Effect {
    /// Returns the word by which JSON and the journal call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Throttle => "throttle",
            Self::Error { .. } => "error",
            Self::Reset => "reset",
            Self::LostReply => "lost_reply",
            Self::Denied => "denied",
            Self::NotPropagated { .. } => "not_propagated",
            Self::Slow { .. } => "slow",
            Self::Fail { .. } => "fail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_what_the_types_have_and_nothing_else() {
        let fault: Fault =
            serde_json::from_str(r#"{"service":"s3","times":1,"does":{"latency":{"millis":5}}}"#).unwrap();
        let again = serde_json::from_value(serde_json::to_value(&fault).unwrap()).unwrap();
        assert_eq!((fault.times, &fault.does), (Some(1), &Effect::Latency { millis: 5 }));
        assert_eq!(fault, again);
        let error: Fault = serde_json::from_str(r#"{"does":{"error":{}}}"#).unwrap();
        assert_eq!(error.does, Effect::Error { status: 500, code: None, message: None });
        assert!(serde_json::from_str::<Fault>(r#"{"does":"throttle","sevrice":"s3"}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"does":{"slow":{"seconds":1}}}"#).is_err());
    }
}
