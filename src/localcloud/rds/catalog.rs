//! What RDS offers: the versions of MySQL and the classes that run them.

use super::service::Request;
use crate::localcloud::query::{Refusal, Xml, page};

/// Minor versions of MySQL, oldest first. Source: RDS for MySQL release calendar, 2026-08.
const VERSIONS: &[&str] = &["8.0.42", "8.0.43", "8.0.44", "8.4.7", "8.4.8", "8.4.9", "8.4.10"];
const DEFAULT_VERSION: &str = "8.4.10";
/// Class families that can be made today; `db.t2`, `db.m4` and `db.r4` no longer can.
const FAMILIES: &[&str] = &[
    "t3", "t4g", "m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m7g", "m7i", "m8g", "r5", "r5b", "r5d", "r6g", "r6gd",
    "r6i", "r6id", "r7g", "r7i", "r8g", "x2g", "x2iedn",
];
const SMALL_SIZES: &[&str] = &["micro", "small", "medium", "large", "xlarge", "2xlarge"];
const SIZES: &[&str] = &["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"];
const RETIRED_FAMILIES: &[&str] = &["t1", "t2", "m1", "m2", "m3", "m4", "r3", "r4", "cr1"];

/// Whether a class can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Sold,
    Retired,
    Unknown,
}

/// Returns the whole version that `wanted` stands for: `8.4` is the newest of 8.4.
pub(super) fn version(wanted: Option<&str>) -> Result<&'static str, Refusal> {
    let Some(wanted) = wanted else { return Ok(DEFAULT_VERSION) };
    let newest = VERSIONS
        .iter()
        .rev()
        .find(|version| **version == wanted || version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.')));
    let none = || Refusal::new("InvalidParameterCombination", format!("Cannot find version {wanted} for mysql"));
    newest.copied().filter(|_| wanted.contains('.')).ok_or_else(none)
}

/// Returns the parameter group family of a version.
pub(super) fn family(version: &str) -> String {
    let major: Vec<&str> = version.split('.').take(2).collect();
    format!("mysql{}", major.join("."))
}

/// Refuses a class that AWS does not make, in its words.
pub(super) fn check_class(class: &str, version: &str) -> Result<(), Refusal> {
    match offer(class) {
        Offer::Sold => Ok(()),
        Offer::Retired => Err(Refusal::new(
            "InvalidParameterCombination",
            format!(
                "RDS does not support creating a DB instance with the following combination: \
                 DBInstanceClass={class}, Engine=mysql, EngineVersion={version}, \
                 LicenseModel=general-public-license. For supported combinations of instance class and database \
                 engine version, see the documentation."
            ),
        )),
        Offer::Unknown => Err(Refusal::new("InvalidParameterValue", format!("Invalid DB Instance class: {class}"))),
    }
}

fn offer(class: &str) -> Offer {
    let Some((family, size)) = class.strip_prefix("db.").and_then(|rest| rest.split_once('.')) else {
        return Offer::Unknown;
    };
    if RETIRED_FAMILIES.contains(&family) {
        return Offer::Retired;
    }
    if FAMILIES.contains(&family) && sizes(family).contains(&size) { Offer::Sold } else { Offer::Unknown }
}

fn sizes(family: &str) -> &'static [&'static str] {
    if family.starts_with('t') { SMALL_SIZES } else { SIZES }
}

/// Answers `DescribeDBEngineVersions`.
pub(super) fn engine_versions(request: &Request) -> Result<String, Refusal> {
    let form = &request.form;
    let wanted = form.text("EngineVersion");
    let only_default = form.flag("DefaultOnly").unwrap_or(false);
    let of_engine = form.text("Engine").is_none_or(|engine| engine == "mysql");
    let group_family = form.text("DBParameterGroupFamily");
    let kept = VERSIONS.iter().filter(|version| {
        of_engine
            && wanted.is_none_or(|wanted| version.starts_with(wanted))
            && (!only_default || (wanted.is_some() || **version == DEFAULT_VERSION))
            && group_family.is_none_or(|wanted| wanted == family(version))
    });
    let mut items: Vec<(String, &str)> = kept.map(|version| (sortable(version), *version)).collect();
    if only_default && wanted.is_some() {
        items = items.pop().into_iter().collect();
    }
    let (items, marker) = page(form, items)?;
    let write = |xml: &mut Xml, version: &str| {
        let major = family(version).trim_start_matches("mysql").to_owned();
        xml.text("Engine", "mysql")
            .text("EngineVersion", version)
            .text("MajorEngineVersion", major)
            .text("DBParameterGroupFamily", family(version))
            .text("DBEngineDescription", "MySQL Community Edition")
            .text("DBEngineVersionDescription", format!("MySQL {version}"))
            .text("Status", "available");
    };
    Ok(Xml::default().list("DBEngineVersions", "DBEngineVersion", items, write).maybe("Marker", marker).finish())
}

/// Answers `DescribeOrderableDBInstanceOptions`.
pub(super) fn orderable_options(request: &Request) -> Result<String, Refusal> {
    let form = &request.form;
    if form.required("Engine")? != "mysql" {
        return Ok(Xml::default()
            .list("OrderableDBInstanceOptions", "OrderableDBInstanceOption", [(); 0], |_, ()| {})
            .finish());
    }
    let (class, wanted) = (form.text("DBInstanceClass"), form.text("EngineVersion"));
    let mut items = Vec::new();
    for version in VERSIONS.iter().filter(|version| wanted.is_none_or(|wanted| version.starts_with(wanted))) {
        for family in FAMILIES {
            for size in sizes(family) {
                let name = format!("db.{family}.{size}");
                if class.is_none_or(|class| class == name) {
                    items.push((format!("{}/{name}", sortable(version)), (*version, name)));
                }
            }
        }
    }
    items.sort_by(|left, right| left.0.cmp(&right.0));
    let (items, marker) = page(form, items)?;
    let zones = ["a", "b", "c"].map(|letter| format!("{}{letter}", request.region));
    let write = |xml: &mut Xml, (version, class): (&str, String)| {
        xml.text("Engine", "mysql")
            .text("EngineVersion", version)
            .text("DBInstanceClass", class)
            .text("LicenseModel", "general-public-license")
            .text("StorageType", "gp3")
            .text("MinStorageSize", 20)
            .text("MaxStorageSize", 65536)
            .text("MultiAZCapable", true)
            .text("Vpc", true)
            .text("SupportsStorageEncryption", true)
            .list("AvailabilityZones", "AvailabilityZone", &zones, |xml, zone| {
                xml.text("Name", zone);
            });
    };
    Ok(Xml::default()
        .list("OrderableDBInstanceOptions", "OrderableDBInstanceOption", items, write)
        .maybe("Marker", marker)
        .finish())
}

/// Returns a version so that text order is version order.
pub(super) fn sortable(version: &str) -> String {
    version.split('.').map(|number| format!("{number:0>4}")).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_version_reads_back_whole() {
        assert_eq!(version(Some("8.4")).unwrap(), "8.4.10");
        assert_eq!(version(Some("8.0.44")).unwrap(), "8.0.44");
        assert!(version(Some("5.7.30")).is_err());
        assert!(version(Some("8.4.1")).is_err());
    }

    #[test]
    fn retired_classes_are_told_from_unknown_ones() {
        assert_eq!(offer("db.t4g.micro"), Offer::Sold);
        assert_eq!(offer("db.t2.micro"), Offer::Retired);
        assert_eq!(offer("db.t4g.nano"), Offer::Unknown);
    }
}
