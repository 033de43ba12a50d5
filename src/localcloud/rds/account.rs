//! What an account has of its quotas, and how long each major version is supported.

use super::service::{Inner, Request};
use crate::localcloud::query::{Refusal, Xml, page};

const STANDARD: &str = "open-source-rds-standard-support";
const EXTENDED: &str = "open-source-rds-extended-support";

/// A major version of MySQL with the days on which its support begins and ends.
struct Major {
    version: &'static str,
    standard: (&'static str, &'static str),
    extended: (&'static str, &'static str),
}

/// Source: supported versions of RDS for MySQL, and endoflife.date, 2026-08.
static MAJORS: &[Major] = &[
    Major { version: "5.7", standard: ("2016-02-22", "2024-02-29"), extended: ("2024-03-01", "2029-06-30") },
    Major { version: "8.0", standard: ("2018-10-23", "2026-07-31"), extended: ("2026-08-01", "2029-07-31") },
    Major { version: "8.4", standard: ("2024-11-21", "2029-07-31"), extended: ("2029-08-01", "2032-07-31") },
];

impl Inner {
    /// Answers `DescribeAccountAttributes`: the quotas that a new account has, with what is used of them.
    pub(super) fn account_attributes(&self, request: &Request) -> String {
        let quotas = self.read(&request.region, |region| {
            let storage: usize = region.instances.values().map(|instance| instance.settings.storage_gib as usize).sum();
            let most_subnets = region.subnet_groups.values().map(|group| group.subnets.len()).max();
            [
                ("DBInstances", region.instances.len(), 40),
                ("ReservedDBInstances", 0, 40),
                ("AllocatedStorage", storage, 100_000),
                ("DBSecurityGroups", 0, 25),
                ("AuthorizationsPerDBSecurityGroup", 0, 20),
                ("DBParameterGroups", region.parameter_groups.len(), 50),
                ("ManualSnapshots", region.snapshots.len(), 100),
                ("EventSubscriptions", 0, 20),
                ("DBSubnetGroups", region.subnet_groups.len(), 50),
                ("OptionGroups", 0, 20),
                ("SubnetsPerDBSubnetGroup", most_subnets.unwrap_or(0), 20),
                ("ReadReplicasPerMaster", 0, 15),
                ("DBClusters", 0, 40),
                ("DBClusterParameterGroups", 0, 50),
                ("DBClusterRoles", 0, 5),
                ("DBInstanceRoles", 0, 5),
            ]
        });
        let write = |xml: &mut Xml, (name, used, most): (&str, usize, usize)| {
            xml.text("AccountQuotaName", name).text("Used", used).text("Max", most);
        };
        Xml::default().list("AccountQuotas", "AccountQuota", quotas, write).finish()
    }
}

/// Answers `DescribeDBMajorEngineVersions`.
pub(super) fn major_versions(request: &Request) -> Result<String, Refusal> {
    let form = &request.form;
    let (engine, wanted) = (form.text("Engine"), form.text("MajorEngineVersion"));
    let kept = MAJORS.iter().filter(|major| {
        engine.is_none_or(|engine| engine == "mysql") && wanted.is_none_or(|wanted| wanted == major.version)
    });
    let (items, marker) = page(form, kept.map(|major| (major.version.to_owned(), major)).collect())?;
    let write = |xml: &mut Xml, major: &Major| {
        let lifecycles = [(STANDARD, major.standard), (EXTENDED, major.extended)];
        xml.text("Engine", "mysql").text("MajorEngineVersion", major.version).list(
            "SupportedEngineLifecycles",
            "SupportedEngineLifecycle",
            lifecycles,
            |xml, (name, (start, end))| {
                xml.text("LifecycleSupportName", name)
                    .text("LifecycleSupportStartDate", format!("{start}T00:00:00Z"))
                    .text("LifecycleSupportEndDate", format!("{end}T23:59:59Z"));
            },
        );
    };
    let mut xml = Xml::default();
    Ok(xml.list("DBMajorEngineVersions", "DBMajorEngineVersion", items, write).maybe("Marker", marker).finish())
}
