//! The table `[bucket.NAME]` and the rules for names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Bucket;
use crate::kinds::base::{Entry, Finding, KindError, Resource, Table};

/// Its keys and, at once, its declared fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its name, unique among all AWS accounts.
    pub name: String,
    /// Whether overwritten and deleted objects are kept as older versions.
    #[serde(default)]
    pub versioning: bool,
    /// Whether all four public access blocks are on.
    #[serde(default = "yes")]
    pub block_public_access: bool,
    /// Tags of its own.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

impl Table for Bucket {
    const NAME: &'static str = "bucket";
    type Spec = Spec;

    fn check(&self, spec: &Spec, _entry: Entry<'_>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = name_problem(&spec.name).into_iter().collect();
        if !spec.block_public_access {
            let message = "objects of this bucket can be made public; since April 2023 AWS blocks that by default";
            let warning = Finding::warning("block_public_access", message);
            findings.push(warning.hint("write `block_public_access = true`: nothing in the stack needs it off"));
        }
        findings
    }

    fn unique_name(&self, spec: &Spec) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &Spec, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![Resource::new(&Bucket, entry.name, entry.origin.clone(), spec.clone())])
    }
}

/// Checks the rules of the S3 user guide, "Bucket naming rules".
fn name_problem(name: &str) -> Option<Finding> {
    let problem = |text: &str| Some(Finding::error("name", format!("`{name}` is no valid bucket name: {text}")));
    if name.chars().any(|letter| letter.is_ascii_uppercase()) {
        // Only us-east-1 allowed them, and not since 2018-03-01 (S3 user guide, "Bucket naming rules").
        let lower = name.to_lowercase().replace('_', "-");
        let found = problem("no region allows upper-case letters since 2018-03-01");
        return found.map(|found| if name_problem(&lower).is_none() { found.replace(lower) } else { found });
    }
    if !(3..=63).contains(&name.len()) {
        return problem("it must have 3 to 63 characters");
    }
    if !name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter)) {
        return problem("only a-z, 0-9, `-` and `.` are allowed");
    }
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    if !edge(name.chars().next()) || !edge(name.chars().last()) {
        return problem("it must begin and end with a letter or digit");
    }
    if name.contains("..") {
        return problem("two dots in a row are not allowed");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return problem("it looks like an IP address");
    }
    let reserved = name.starts_with("xn--") || name.ends_with("-s3alias") || name.ends_with("--ol-s3");
    if reserved { problem("it has a prefix or suffix that AWS keeps for itself") } else { None }
}

#[cfg(test)]
mod tests {
    use super::name_problem;

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        for good in ["uk-ecommerce-data-input", "a.b", "123"] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for bad in ["uk-ecommerce-data-Input", "ab", "a_b", "-ab", "a..b", "192.168.0.1", "xn--a", "a-s3alias"] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
        assert_eq!(name_problem("My-Data").unwrap(), name_problem("My-Data").unwrap().replace("my-data"));
    }
}
