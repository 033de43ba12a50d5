//! An amount of money a month.

use std::fmt;

use serde::{Serialize, Serializer};

/// An amount in US dollars a month, to the cent. It shows itself as AWS takes it: `50` or `12.50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonthlyLimit {
    cents: u64,
}

impl MonthlyLimit {
    /// Returns the amount, rounded to the cent; `None` if AWS takes no such budget, as none of nothing.
    pub fn from_usd(usd: f64) -> Option<Self> {
        Self::parse(&format!("{usd:.2}")).filter(|limit| limit.cents > 0)
    }

    /// Reads an amount as AWS writes it; `None` if it is none in whole cents.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (dollars, fraction) = text.split_once('.').unwrap_or((text, ""));
        if !fraction.bytes().all(|digit| digit.is_ascii_digit()) || fraction.bytes().skip(2).any(|digit| digit != b'0')
        {
            return None;
        }
        let cents: u64 = format!("{fraction:0<2.2}").parse().ok()?;
        let dollars: u64 = dollars.parse().ok()?;
        Some(Self { cents: dollars.checked_mul(100)?.checked_add(cents)? })
    }
}

impl fmt::Display for MonthlyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.cents / 100, self.cents % 100) {
            (dollars, 0) => write!(f, "{dollars}"),
            (dollars, cents) => write!(f, "{dollars}.{cents:02}"),
        }
    }
}

impl Serialize for MonthlyLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::MonthlyLimit;

    #[test]
    fn amounts_are_the_same_however_aws_writes_them() {
        let read = |text: &str| MonthlyLimit::parse(text).map(|limit| limit.to_string());
        for (text, amount) in [("50", "50"), ("50.0", "50"), ("50.000", "50"), ("12.5", "12.50"), ("0.07", "0.07")] {
            assert_eq!(read(text).as_deref(), Some(amount), "{text}");
        }
        for text in ["", "-1", "50.005", "5e1", "1.x", "99999999999999999999"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn budgets_of_nothing_are_refused() {
        let of = |usd: f64| MonthlyLimit::from_usd(usd).map(|limit| limit.to_string());
        assert_eq!(of(12.499).as_deref(), Some("12.50"));
        for usd in [0.0, 0.004, -5.0, f64::NAN, f64::INFINITY] {
            assert_eq!(of(usd), None, "{usd}");
        }
    }
}
