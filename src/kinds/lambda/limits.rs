//! What an account may keep in Lambda, asked before the first write.

use aws_sdk_lambda::operation::get_account_settings::GetAccountSettingsOutput;

use super::zip;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Finding, KindError};

/// AWS's own limits of a zip file that is sent directly, packed and unpacked, in bytes; used where they cannot be read.
const PACKED: i64 = 50 * 1024 * 1024;
const UNPACKED: i64 = 250 * 1024 * 1024;

/// Checks whether Lambda takes the zip file of what stands at `at`.
///
/// # Errors
/// If Lambda cannot be asked, or the zip file cannot be read.
pub(super) async fn check(cx: &Cx, at: &str, content: &[u8]) -> Result<Vec<Finding>, KindError> {
    let settings = match cx.aws.lambda.get_account_settings().send().await.named("lambda:GetAccountSettings") {
        Ok(settings) => Some(settings),
        Err(error) if error.trouble == Trouble::Denied => None,
        Err(error) => return Err(error.into()),
    };
    let packed = i64::try_from(content.len()).unwrap_or(i64::MAX);
    Ok(compare(at, packed, zip::unpacked_bytes(content)?, settings.as_ref()))
}

fn compare(at: &str, packed: i64, unpacked: i64, settings: Option<&GetAccountSettingsOutput>) -> Vec<Finding> {
    const MIB: i64 = 1024 * 1024;
    let limit = settings.and_then(GetAccountSettingsOutput::account_limit);
    let positive = |value: i64, default: i64| if value > 0 { value } else { default };
    let most_packed = limit.map_or(PACKED, |limit| positive(limit.code_size_zipped, PACKED));
    let most_unpacked = limit.map_or(UNPACKED, |limit| positive(limit.code_size_unzipped, UNPACKED));
    let mut findings = vec![];
    if packed > most_packed {
        let message = format!("{} MiB packed; Lambda takes {} MiB", packed / MIB, most_packed / MIB);
        findings.push(Finding::error(at, message).hint("leave out what the functions do not import"));
    }
    if unpacked > most_unpacked {
        let message = format!("{} MiB unpacked; Lambda takes {} MiB", unpacked / MIB, most_unpacked / MIB);
        findings.push(Finding::error(at, message).hint("the limit is for a function with all its layers"));
    }
    let used = settings.and_then(GetAccountSettingsOutput::account_usage).map_or(0, |usage| usage.total_code_size);
    let most = limit.map_or(i64::MAX, |limit| positive(limit.total_code_size, i64::MAX));
    if used.saturating_add(packed) > most {
        let message = format!("the account keeps {} MiB of code; Lambda takes {} MiB", used / MIB, most / MIB);
        findings.push(Finding::error(at, message).hint("delete old versions of functions and layers"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{AccountLimit, AccountUsage};

    use super::*;

    #[test]
    fn each_limit_is_told_apart() {
        assert_eq!(compare("code", PACKED, UNPACKED, None), []);
        assert!(compare("code", PACKED + 1, 0, None)[0].message.contains("packed; Lambda takes 50 MiB"));
        assert!(compare("code", 0, UNPACKED + 1, None)[0].message.contains("unpacked; Lambda takes 250 MiB"));
        let full = GetAccountSettingsOutput::builder()
            .account_limit(AccountLimit::builder().total_code_size(10).build())
            .account_usage(AccountUsage::builder().total_code_size(10).build())
            .build();
        assert_eq!(compare("code", 1, 1, Some(&full)).len(), 1);
    }
}
