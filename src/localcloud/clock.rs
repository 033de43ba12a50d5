//! The time that a local cloud believes it is. It can be moved ahead, so that what happens at night can be seen by day:
//! schedules come due, and executions of state machines that wait go on.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use super::Reply;

/// The longest sleep at a stretch: a computer that was asleep itself must notice that time went by.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);

/// The clock of one local cloud. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    ahead: watch::Sender<SignedDuration>,
}

/// What a customer asks for: one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    now: Option<Timestamp>,
    forward: Option<SignedDuration>,
}

impl Clock {
    /// Returns what time it is.
    pub(super) fn now(&self) -> Timestamp {
        let ahead = *self.ahead.borrow();
        Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Returns what time it is, as answers of HTTP say it.
    pub(super) fn http_date(&self) -> String {
        self.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Waits until a moment has come, by itself or because the clock was moved.
    pub(super) async fn sleep_until(&self, moment: Timestamp) {
        let mut moved = self.ahead.subscribe();
        loop {
            let left = moment.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(LONGEST_SLEEP)) => {}
                // The sender lives as long as this clock.
                _ = moved.changed() => {}
            }
        }
    }

    /// Answers a request for `/_stack/clock`: `GET` tells the time, `PUT` moves it ahead, `DELETE` goes back to the real
    /// one.
    pub(super) fn answer(&self, method: &Method, body: &[u8]) -> Reply {
        match *method {
            Method::GET => {}
            Method::DELETE => drop(self.ahead.send_replace(SignedDuration::ZERO)),
            Method::PUT => {
                if let Err(error) = self.move_ahead(body) {
                    return reply(StatusCode::BAD_REQUEST, &json!({ "error": error }));
                }
            }
            _ => {
                let error = "there are `GET`, `PUT` and `DELETE /_stack/clock`";
                return reply(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": error }));
            }
        }
        let ahead = self.ahead.borrow().as_secs();
        reply(StatusCode::OK, &json!({ "now": self.now().to_string(), "ahead_seconds": ahead }))
    }

    fn move_ahead(&self, body: &[u8]) -> Result<(), String> {
        let wanted: Wanted = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let by = match (wanted.now, wanted.forward) {
            (Some(moment), None) => moment.duration_since(self.now()),
            (None, Some(forward)) => forward,
            _ => return Err("say either `now` or `forward`".to_owned()),
        };
        // A clock that goes back would make things happen twice.
        if by.is_negative() {
            return Err("the clock only goes ahead; `DELETE` brings the real time back".to_owned());
        }
        self.ahead.send_modify(|ahead| *ahead = ahead.saturating_add(by));
        Ok(())
    }
}

fn reply(status: StatusCode, body: &serde_json::Value) -> Reply {
    Reply::new(status.as_u16(), "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved() {
        let clock = Clock::default();
        let day = SignedDuration::from_hours(24);
        let moment = clock.now() + day;
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep_until(moment).await })
        };
        assert!(clock.answer(&Method::PUT, br#"{"forward": "-PT1H"}"#).status.is_client_error());
        assert!(!sleeper.is_finished());
        assert!(clock.answer(&Method::PUT, br#"{"forward": "PT25H"}"#).is_success());
        tokio::time::timeout(Duration::from_secs(5), sleeper).await.unwrap().unwrap();
        assert!(clock.now() > moment);
        assert!(clock.answer(&Method::DELETE, b"").is_success());
        assert!(clock.now() < moment);
    }
}
