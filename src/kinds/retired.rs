//! Values that AWS has retired: what, since when, and what to write today. Nothing here looks at a clock.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::base::Finding;
use crate::diag::Replacement;

/// The version of MySQL that RDS recommends.
const MYSQL: &str = "8.4";
/// The runtime that functions and layers should have.
const PYTHON: &str = "python3.13";
/// The release of Glue that jobs should have.
const GLUE: &str = "5.0";
/// The smallest node of Redshift.
const NODE: &str = "ra3.large";

/// Instance classes of RDS and what comes nearest today. `db.t2`, `db.m4` and `db.r4` ended in April 2024 (notice of
/// AWS, quoted in outerbounds/terraform-aws-metaflow#68); the others had ended before.
const CLASSES: [(&str, &str); 35] = [
    ("db.t1.micro", "db.t4g.micro"),
    ("db.t2.micro", "db.t4g.micro"),
    ("db.t2.small", "db.t4g.small"),
    ("db.t2.medium", "db.t4g.medium"),
    ("db.t2.large", "db.t4g.large"),
    ("db.t2.xlarge", "db.t4g.xlarge"),
    ("db.t2.2xlarge", "db.t4g.2xlarge"),
    ("db.m1.small", "db.t4g.small"),
    ("db.m1.medium", "db.t4g.medium"),
    ("db.m1.large", "db.m7g.large"),
    ("db.m1.xlarge", "db.m7g.xlarge"),
    ("db.m2.xlarge", "db.r7g.large"),
    ("db.m2.2xlarge", "db.r7g.xlarge"),
    ("db.m2.4xlarge", "db.r7g.2xlarge"),
    ("db.m3.medium", "db.t4g.medium"),
    ("db.m3.large", "db.m7g.large"),
    ("db.m3.xlarge", "db.m7g.xlarge"),
    ("db.m3.2xlarge", "db.m7g.2xlarge"),
    ("db.m4.large", "db.m7g.large"),
    ("db.m4.xlarge", "db.m7g.xlarge"),
    ("db.m4.2xlarge", "db.m7g.2xlarge"),
    ("db.m4.4xlarge", "db.m7g.4xlarge"),
    ("db.m4.10xlarge", "db.m7g.12xlarge"),
    ("db.m4.16xlarge", "db.m7g.16xlarge"),
    ("db.r3.large", "db.r7g.large"),
    ("db.r3.xlarge", "db.r7g.xlarge"),
    ("db.r3.2xlarge", "db.r7g.2xlarge"),
    ("db.r3.4xlarge", "db.r7g.4xlarge"),
    ("db.r3.8xlarge", "db.r7g.8xlarge"),
    ("db.r4.large", "db.r7g.large"),
    ("db.r4.xlarge", "db.r7g.xlarge"),
    ("db.r4.2xlarge", "db.r7g.2xlarge"),
    ("db.r4.4xlarge", "db.r7g.4xlarge"),
    ("db.r4.8xlarge", "db.r7g.8xlarge"),
    ("db.r4.16xlarge", "db.r7g.16xlarge"),
];

/// Major versions of MySQL: the last day of standard support, and of Extended Support where it was sold.
/// Source: RDS's release calendar by way of <https://endoflife.date/amazon-rds-mysql>, read 2026-08-22.
const MYSQL_VERSIONS: [(&str, Date, Option<Date>); 5] = [
    ("5.5", date(2021, 5, 25), None),
    ("5.6", date(2022, 3, 1), None),
    ("5.7", date(2024, 2, 29), Some(date(2029, 6, 30))),
    ("8.0", date(2026, 7, 31), Some(date(2029, 7, 31))),
    ("8.4", date(2029, 7, 31), Some(date(2032, 7, 31))),
];

/// Python runtimes of Lambda: from when they get no patches, and from when AWS refuses to create functions with them.
/// AWS has moved the second day repeatedly. Source: AWS's table by way of cfn-lint, read 2026-08-19.
const RUNTIMES: [(&str, Date, Date); 10] = [
    ("python2.7", date(2021, 7, 15), date(2021, 7, 15)),
    ("python3.6", date(2022, 7, 18), date(2022, 7, 18)),
    ("python3.7", date(2023, 12, 4), date(2024, 1, 9)),
    ("python3.8", date(2024, 10, 14), date(2027, 2, 1)),
    ("python3.9", date(2025, 12, 15), date(2027, 2, 1)),
    ("python3.10", date(2026, 10, 31), date(2027, 2, 1)),
    ("python3.11", date(2027, 6, 30), date(2027, 7, 31)),
    ("python3.12", date(2028, 10, 31), date(2028, 11, 30)),
    ("python3.13", date(2029, 6, 30), date(2029, 7, 31)),
    ("python3.14", date(2029, 6, 30), date(2029, 7, 31)),
];

/// Releases of Glue that have ended, all on one day: no job is created or run any more.
/// Source: AWS Glue version support policy, read 2026-08.
const GLUE_RELEASES: [&str; 3] = ["0.9", "1.0", "2.0"];
const GLUE_END: Date = date(2026, 4, 1);

/// Node types of Redshift, since when AWS refuses them, and what comes nearest today. `dc2`: creation was refused by
/// June 2025 (aws-samples#122, aws-cdk#36516); the others are no values of the API any more (botocore, 2026-08).
const NODES: [(&str, &str, &str); 6] = [
    ("dc1.large", "August 2026 or earlier", NODE),
    ("dc1.8xlarge", "August 2026 or earlier", "ra3.4xlarge"),
    ("dc2.large", "June 2025", NODE),
    ("dc2.8xlarge", "June 2025", "ra3.4xlarge"),
    ("ds2.xlarge", "August 2026 or earlier", "ra3.xlplus"),
    ("ds2.8xlarge", "August 2026 or earlier", "ra3.4xlarge"),
];

/// Server parameters that MySQL has removed, with the version, and the name under which the value lives on.
/// Source: MySQL reference manual, "What Is New in MySQL 8.0" and "8.4", sections on removed features.
const PARAMETERS: [(&str, &str, Option<&str>); 21] = [
    ("innodb_file_format", "8.0", None),
    ("innodb_file_format_max", "8.0", None),
    ("innodb_large_prefix", "8.0", None),
    ("innodb_support_xa", "8.0", None),
    ("log_warnings", "8.0", None),
    ("old_passwords", "8.0", None),
    ("query_cache_limit", "8.0", None),
    ("query_cache_min_res_unit", "8.0", None),
    ("query_cache_size", "8.0", None),
    ("query_cache_type", "8.0", None),
    ("query_cache_wlock_invalidate", "8.0", None),
    ("secure_auth", "8.0", None),
    ("sync_frm", "8.0", None),
    ("tx_isolation", "8.0", Some("transaction_isolation")),
    ("tx_read_only", "8.0", Some("transaction_read_only")),
    ("binlog_transaction_dependency_tracking", "8.4", None),
    ("default_authentication_plugin", "8.4", None),
    ("expire_logs_days", "8.4", Some("binlog_expire_logs_seconds")),
    ("log_bin_use_v1_row_events", "8.4", None),
    ("master_info_repository", "8.4", None),
    ("relay_log_info_repository", "8.4", None),
];

/// The two parameters that `innodb_redo_log_capacity` replaces from MySQL 8.0.30 on.
const LOG_FILE: &str = "innodb_log_file_size";
const LOG_FILES: &str = "innodb_log_files_in_group";
const REDO_LOG: &str = "innodb_redo_log_capacity";

/// Returns what is wrong with an instance class of RDS.
pub(super) fn mysql_class(class: &str) -> Option<Finding> {
    let (_, today) = CLASSES.iter().find(|(retired, _)| *retired == class)?;
    let late = ["db.t2.", "db.m4.", "db.r4."].iter().any(|family| class.starts_with(family));
    let since = if late { "April 2024" } else { "before April 2024" };
    Some(Finding::error("class", format!("RDS has not offered `{class}` since {since}")).replace(*today))
}

/// Returns the major version, which names a family of parameters: `8.4` of `8.4.10`.
pub(super) fn major(version: &str) -> &str {
    let end = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
    &version[..end]
}

/// How far RDS supports a release series of MySQL on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MysqlSupport {
    /// It is in standard support, which costs nothing.
    Standard,
    /// It is in the first two years of Extended Support.
    ExtendedYears1And2,
    /// It is in the third year of Extended Support or later.
    ExtendedYear3,
}

/// Returns how far RDS supports a version of MySQL on `today`; `None` if it is not known.
pub fn mysql_support(version: &str, today: Date) -> Option<MysqlSupport> {
    let (_, standard, extended) = MYSQL_VERSIONS.iter().find(|(known, ..)| *known == major(version))?;
    if today <= *standard {
        return Some(MysqlSupport::Standard);
    }
    extended.filter(|last| today <= *last)?;
    let is_early = today <= standard.saturating_add(2.years());
    Some(if is_early { MysqlSupport::ExtendedYears1And2 } else { MysqlSupport::ExtendedYear3 })
}

/// Returns what is wrong with a version of MySQL on `today`.
pub(super) fn mysql_version(version: &str, today: Date) -> Option<Finding> {
    let major = major(version);
    let (_, standard, extended) = MYSQL_VERSIONS.iter().find(|(known, ..)| *known == major)?;
    let message = match mysql_support(version, today) {
        Some(MysqlSupport::Standard) => return None,
        Some(extended) => {
            // The price doubles in the third year of Extended Support.
            let usd = if extended == MysqlSupport::ExtendedYears1And2 { "0.10" } else { "0.20" };
            format!(
                "MySQL {major} is out of standard support since {standard}; Extended Support, ${usd} per vCPU-hour, \
                 is switched off here, so RDS refuses to create it"
            )
        }
        None => format!("RDS does not offer MySQL {major} since {}", extended.unwrap_or(*standard)),
    };
    let finding = Finding::error("version", message);
    Some(if major == MYSQL { finding } else { finding.replace(MYSQL) })
}

/// Returns what is wrong with the server parameters, judged by the version that the file should have.
pub(super) fn mysql_parameters<'a>(
    version: &str,
    today: Date,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<Finding> {
    let version = if mysql_version(version, today).is_some() { MYSQL } else { version };
    let parameters: BTreeMap<&str, &str> = parameters.into_iter().collect();
    let mut findings: Vec<Finding> = parameters
        .iter()
        .filter_map(|(name, value)| {
            let (_, since, successor) = PARAMETERS.iter().find(|(removed, ..)| removed == name)?;
            let message = format!("MySQL has no `{name}` since {since}");
            let finding = Finding::error(format!("parameters.{name}"), message);
            let entry = successor
                .filter(|successor| !parameters.contains_key(successor))
                .and_then(|successor| Some(Replacement::Entry(successor.to_owned(), carried_over(name, value)?)));
            (order(version) >= order(since)).then(|| finding.rewrite(entry.unwrap_or(Replacement::Nothing)))
        })
        .collect();
    if order(version) >= order("8.0.30") {
        findings.extend(redo_log(&parameters));
    }
    findings
}

fn redo_log(parameters: &BTreeMap<&str, &str>) -> Vec<Finding> {
    let ignored = |name: &str| {
        let message = format!("MySQL does not use `{name}` since 8.0.30, `{REDO_LOG}` has taken its place");
        Finding::warning(format!("parameters.{name}"), message)
    };
    let number = |name: &str| parameters.get(name).and_then(|value| value.parse::<i64>().ok());
    let mut findings = vec![];
    if parameters.contains_key(LOG_FILE) {
        let files = if parameters.contains_key(LOG_FILES) { number(LOG_FILES) } else { Some(2) };
        let bytes = number(LOG_FILE).zip(files).and_then(|(size, files)| size.checked_mul(files));
        let finding = ignored(LOG_FILE);
        findings.push(match bytes {
            _ if parameters.contains_key(REDO_LOG) => finding.rewrite(Replacement::Nothing),
            Some(bytes) => finding.rewrite(Replacement::Entry(REDO_LOG.to_owned(), json!(bytes))),
            None => finding.hint(format!("write `{REDO_LOG}` in bytes: the size of all files together")),
        });
    }
    if parameters.contains_key(LOG_FILES) {
        findings.push(ignored(LOG_FILES).rewrite(Replacement::Nothing));
    }
    findings
}

/// Returns the value that the successor of a removed parameter takes.
fn carried_over(name: &str, value: &str) -> Option<Value> {
    const SECONDS_A_DAY: i64 = 86_400;
    let number = value.parse::<i64>().ok();
    match name {
        "expire_logs_days" => number?.checked_mul(SECONDS_A_DAY).map(Value::from),
        _ => Some(number.map_or_else(|| Value::from(value), Value::from)),
    }
}

/// Returns a version so that greater is newer; what is not said, such as the minor version, is the newest.
fn order(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
    std::array::from_fn(|_| parts.next().unwrap_or(u32::MAX))
}

/// Returns what is wrong with a runtime of a function or a layer on `today`.
pub(super) fn runtime(runtime: &str, today: Date) -> Option<Finding> {
    let (_, deprecated, refused) = RUNTIMES.iter().find(|(known, ..)| *known == runtime)?;
    if today < *deprecated {
        return None;
    }
    let finding = if today >= *refused {
        Finding::error("runtime", format!("AWS refuses new functions with `{runtime}` since {refused}"))
    } else {
        let message = format!("`{runtime}` is deprecated since {deprecated}; from {refused} on AWS refuses it");
        Finding::warning("runtime", message)
    };
    let has_successor = RUNTIMES.iter().any(|(known, end, _)| *known == PYTHON && today < *end);
    Some(if has_successor { finding.replace(PYTHON) } else { finding })
}

/// Returns what is wrong with a release of Glue on `today`.
pub(super) fn glue_version(version: &str, today: Date) -> Option<Finding> {
    if !GLUE_RELEASES.contains(&version) {
        return None;
    }
    let finding = if today >= GLUE_END {
        Finding::error("glue_version", format!("Glue {version} has ended on {GLUE_END}; AWS does not run it any more"))
    } else {
        Finding::warning("glue_version", format!("Glue {version} ends on {GLUE_END}"))
    };
    Some(finding.replace(GLUE))
}

/// Returns what is wrong with a node type of Redshift.
pub(super) fn node_type(node_type: &str) -> Option<Finding> {
    let known = NODES.iter().find(|(retired, ..)| *retired == node_type).map(|(_, since, today)| (*since, *today));
    let (since, today) = match known {
        Some(known) => known,
        // Sizes that no table lists any more are still recognised by their family.
        None if ["dc", "ds", "dw"].iter().any(|family| node_type.starts_with(family)) => {
            ("August 2026 or earlier", NODE)
        }
        None => return None,
    };
    let message = format!("AWS refuses new `{node_type}` clusters since {since}");
    Some(Finding::error("node_type", message).replace(today))
}

/// Returns every value that is known as retired, with the key under which it stands; server parameters stand as keys.
pub fn every() -> Vec<(&'static str, &'static str)> {
    let classes = CLASSES.iter().map(|(class, _)| ("class", *class));
    let versions =
        MYSQL_VERSIONS.iter().filter(|(version, ..)| *version != MYSQL).map(|(version, ..)| ("version", *version));
    let old_runtimes = RUNTIMES.iter().take_while(|(runtime, ..)| *runtime != "python3.11");
    let runtimes = old_runtimes.map(|(runtime, ..)| ("runtime", *runtime));
    let releases = GLUE_RELEASES.iter().map(|release| ("glue_version", *release));
    let nodes = NODES.iter().map(|(node_type, ..)| ("node_type", *node_type));
    let removed = PARAMETERS.iter().map(|(name, ..)| *name).chain([LOG_FILE, LOG_FILES]);
    let parameters = removed.map(|name| ("parameters", name));
    classes.chain(versions).chain(runtimes).chain(releases).chain(nodes).chain(parameters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = date(2026, 11, 22);

    #[test]
    fn a_runtime_is_warned_of_until_the_day_on_which_it_is_refused() {
        assert_eq!(runtime("python3.8", date(2024, 10, 13)), None);
        assert!(runtime("python3.8", date(2024, 10, 14)).is_some_and(|finding| finding.warning));
        assert!(runtime("python3.8", date(2027, 1, 31)).is_some_and(|finding| finding.warning));
        assert!(runtime("python3.8", date(2027, 2, 1)).is_some_and(|finding| !finding.warning));
        assert_eq!(runtime("python3.13", TODAY), None);
        // Once the suggestion has itself ended there is none.
        assert!(runtime("python3.12", date(2030, 1, 1)).is_some_and(|finding| finding.replacement.is_none()));
    }

    #[test]
    fn extended_support_is_told_with_the_price_of_its_year() {
        let message = |version: &str, today| mysql_version(version, today).map(|finding| finding.message);
        assert!(message("5.7.30", date(2026, 2, 28)).is_some_and(|text| text.contains("$0.10 per vCPU-hour")));
        assert!(message("5.7.30", date(2026, 3, 1)).is_some_and(|text| text.contains("$0.20 per vCPU-hour")));
        assert!(message("5.7", date(2029, 7, 1)).is_some_and(|text| text.contains("does not offer")));
        assert_eq!(message("8.0", date(2026, 7, 31)), None);
        assert!(message("8.0", date(2026, 8, 1)).is_some_and(|text| text.contains("$0.10 per vCPU-hour")));
        assert_eq!(message("8.4", TODAY), None);
    }

    #[test]
    fn the_log_files_become_one_capacity() {
        let replaced = |parameters: &[(&str, &str)]| {
            let findings = mysql_parameters("8.4", TODAY, parameters.iter().copied());
            findings.into_iter().filter_map(|finding| finding.replacement).collect::<Vec<_>>()
        };
        let capacity = |bytes: i64| Replacement::Entry("innodb_redo_log_capacity".into(), json!(bytes));
        assert_eq!(replaced(&[(LOG_FILE, "100")]), [capacity(200)]);
        assert_eq!(replaced(&[(LOG_FILE, "100"), (LOG_FILES, "4")]), [capacity(400), Replacement::Nothing]);
        assert_eq!(replaced(&[(LOG_FILE, "100"), (REDO_LOG, "7")]), [Replacement::Nothing]);
        assert_eq!(replaced(&[(LOG_FILE, "{DBInstanceClassMemory/4}")]), []);
    }

    #[test]
    fn a_parameter_is_judged_by_the_version_that_the_file_should_have() {
        let count = |version, today| mysql_parameters(version, today, [("expire_logs_days", "2")]).len();
        assert_eq!(count("8.0", date(2025, 1, 1)), 0);
        assert_eq!(count("8.0", TODAY), 1);
        let found = mysql_parameters("8.4", TODAY, [("expire_logs_days", "2")]);
        let seconds = Replacement::Entry("binlog_expire_logs_seconds".into(), json!(172_800));
        assert_eq!(found.first().and_then(|finding| finding.replacement.clone()), Some(seconds));
    }
}
