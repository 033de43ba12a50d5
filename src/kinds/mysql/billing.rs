//! What an instance is billed for: as it is declared, and as RDS reports it.

use super::class::class;
use super::instance::Spec;
use super::observed::Seen;
use super::version::series;
use crate::model::BilledItem;

/// The type of storage that instances are made with.
pub(super) const STORAGE: &str = "gp3";

/// Operations a second that come with gp3, and from which size on there are more.
const GP3_IOPS: (i32, i32) = (3_000, 12_000);
const GP3_STRIPED_GIB: i32 = 400;

/// Returns what a declared instance is billed for. It never has Extended Support: `stack` switches it off.
pub(super) fn of_declared(want: &Spec) -> Vec<BilledItem> {
    let servers = if want.multi_az { 2 } else { 1 };
    let mut items = vec![BilledItem::while_running(format!("rds:{}", want.class), servers)];
    if want.public {
        items.push(BilledItem::while_running("vpc:public-ipv4", 1));
    }
    items.push(storage(STORAGE, want.storage_gib, servers));
    items.push(BilledItem::always("secretsmanager:secret", 1));
    items
}

/// Returns what an instance is billed for as it is, whatever the file says.
pub(super) fn of_seen(seen: &Seen) -> Vec<BilledItem> {
    let servers = if seen.multi_az { 2 } else { 1 };
    let mut items = vec![BilledItem::while_running(format!("rds:{}", seen.class), servers)];
    if seen.has_extended_support {
        // A class that is not known has no known price either, so nothing is hidden by taking one processor.
        let processors = class(&seen.class).map_or(1, |class| u32::try_from(class.vcpus).unwrap_or(u32::MAX));
        let sku = format!("rds:extended-support:mysql{}", series(&seen.version));
        items.push(BilledItem::while_running(sku, processors.saturating_mul(servers)));
    }
    if seen.public {
        items.push(BilledItem::while_running("vpc:public-ipv4", 1));
    }
    items.push(storage(&seen.storage_type, seen.storage_gib, servers));
    let provisioned = provisioned_iops(&seen.storage_type, seen.storage_gib, seen.iops);
    if provisioned > 0 {
        items.push(BilledItem::always(format!("rds:{}-iops", seen.storage_type), provisioned.saturating_mul(servers)));
    }
    if seen.secret_arn.is_some() {
        items.push(BilledItem::always("secretsmanager:secret", 1));
    }
    items
}

fn storage(kind: &str, gib: i32, servers: u32) -> BilledItem {
    BilledItem::always(format!("rds:{kind}-gib"), u32::try_from(gib).unwrap_or_default().saturating_mul(servers))
}

/// Returns how many operations a second are billed on their own.
fn provisioned_iops(kind: &str, gib: i32, iops: i32) -> u32 {
    let included = match kind {
        "gp3" if gib >= GP3_STRIPED_GIB => GP3_IOPS.1,
        "gp3" => GP3_IOPS.0,
        "io1" | "io2" => 0,
        _ => iops,
    };
    u32::try_from(iops - included).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::DbInstance;

    use super::super::observed::found;
    use super::*;

    #[test]
    fn what_exists_is_billed_as_rds_reports_it() {
        let billed = |instance: DbInstance| {
            let items = of_seen(&found(&instance).seen);
            items.iter().map(|item| format!("{} {} {}", item.sku, item.units, item.stops)).collect::<Vec<_>>()
        };
        let old = DbInstance::builder()
            .db_instance_class("db.t3.micro")
            .engine_version("8.0.40")
            .allocated_storage(100)
            .storage_type("io1")
            .iops(1_000)
            .multi_az(true)
            .publicly_accessible(true);
        let all = [
            "rds:db.t3.micro 2 true",
            "rds:extended-support:mysql8.0 4 true",
            "vpc:public-ipv4 1 true",
            "rds:io1-gib 200 false",
            "rds:io1-iops 2000 false",
        ];
        assert_eq!(billed(old.clone().build()), all);
        let without = billed(old.engine_lifecycle_support(super::super::observed::LIFECYCLE).build());
        assert!(!without.iter().any(|item| item.contains("extended")), "{without:?}");
    }

    #[test]
    fn only_operations_beyond_those_of_the_storage_are_billed() {
        assert_eq!(provisioned_iops("gp3", 20, 3_000), 0);
        assert_eq!(provisioned_iops("gp3", 20, 4_000), 1_000);
        assert_eq!(provisioned_iops("gp3", 500, 12_000), 0);
        assert_eq!(provisioned_iops("io1", 100, 1_000), 1_000);
        assert_eq!(provisioned_iops("gp2", 100, 300), 0);
    }
}
