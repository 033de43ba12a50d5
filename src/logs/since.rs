//! The beginning of what is read: `30m`, `2h`, `1d`, or a moment.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// A moment, or a time before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Ago(SignedDuration),
    /// At this moment.
    At(Timestamp),
}

/// A text that is neither a length of time nor a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a length of time such as `30m`, `2h` or `1d`, or a moment such as `2026-11-22T06:00:00Z`")]
pub struct SinceError;

impl Since {
    /// Returns the moment that it means at the moment `now`.
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(length) => now.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH),
        }
    }
}

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        let text = text.trim();
        let Some((at, unit)) = text.char_indices().last().filter(|(at, _)| *at > 0) else { return Err(SinceError) };
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return text.parse().map(Self::At).map_err(|_| SinceError),
        };
        // Digits alone: `+1h` and `-1h` would both be read as numbers.
        let number = Some(&text[..at]).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number: i64 = number.and_then(|digits| digits.parse().ok()).ok_or(SinceError)?;
        let length = number.checked_mul(seconds).filter(|length| *length > 0).ok_or(SinceError)?;
        Ok(Self::Ago(SignedDuration::from_secs(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_moments_are_read() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let begin = |text: &str| text.parse::<Since>().map(|since| since.before(now).to_string());
        assert_eq!(begin("90s").as_deref(), Ok("2026-11-22T11:58:30Z"));
        assert_eq!(begin("30m").as_deref(), Ok("2026-11-22T11:30:00Z"));
        assert_eq!(begin("1d").as_deref(), Ok("2026-11-21T12:00:00Z"));
        assert_eq!(begin("2026-11-22T08:00:00+02:00").as_deref(), Ok("2026-11-22T06:00:00Z"));
        assert_eq!(begin("99999999w").as_deref(), Ok("1970-01-01T00:00:00Z"));
        for wrong in ["", "h", "1", "-1h", "0h", "1y", "yesterday", "1.5h", "99999999999999999999d", "ä"] {
            assert_eq!(begin(wrong), Err(SinceError), "{wrong}");
        }
    }
}
