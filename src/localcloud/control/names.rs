//! Names that a service gives: ids that nobody has had before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

static GIVEN: AtomicU64 = AtomicU64::new(0);

/// Returns that many hexadecimal digits, at most 64, which were not returned before.
pub(super) fn digits(count: usize) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let number = GIVEN.fetch_add(1, Ordering::Relaxed);
    let digest = Sha256::digest(format!("{now} {number} {}", std::process::id()).as_bytes());
    hex::encode(digest)[..count].to_owned()
}

/// Returns an id of EC2, such as `vpc-0a1b2c3d4e5f60718`.
pub(super) fn id(prefix: &str) -> String {
    format!("{prefix}-0{}", digits(16))
}

/// Returns a request id.
pub(super) fn request_id() -> String {
    let digits = digits(32);
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}
