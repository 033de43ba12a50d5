//! How RDS shows what it has.

use super::state::{Instance, Region, Settings, Snapshot, SubnetGroup, arn};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::query::Xml;

/// Writes a DB instance.
pub(super) fn write_instance(xml: &mut Xml, region_name: &str, region: &Region, instance: &Instance) {
    let settings = &instance.settings;
    let is_up = instance.port != 0 && instance.status != "creating";
    let allows_endpoint = is_up || instance.status == "stopped";
    xml.text("DBInstanceIdentifier", &instance.identifier)
        .text("DBInstanceArn", arn(region_name, "db", &instance.identifier))
        .text("DbiResourceId", &instance.resource_id)
        .text("DBInstanceStatus", &instance.status)
        .text("Engine", "mysql")
        .text("EngineVersion", &instance.engine_version)
        .text("LicenseModel", "general-public-license")
        .text("MasterUsername", &instance.master_username)
        .maybe("DBName", instance.database.as_ref())
        .text("StorageEncrypted", instance.encrypted)
        .text("AvailabilityZone", &instance.zone)
        .text("CACertificateIdentifier", "rds-ca-rsa2048-g1")
        .text("DbInstancePort", 0)
        .text("IAMDatabaseAuthenticationEnabled", false)
        .text("PerformanceInsightsEnabled", false)
        .text("MonitoringInterval", 0)
        .text("ActivityStreamStatus", "stopped")
        .text("NetworkType", "IPV4");
    write_settings(xml, settings);
    if instance.status != "creating" {
        xml.text("InstanceCreateTime", &instance.created);
    }
    if allows_endpoint && instance.port != 0 {
        xml.group("Endpoint", |endpoint| {
            endpoint.text("Address", "127.0.0.1").text("Port", instance.port).text("HostedZoneId", "ZLOCALCLOUD");
        });
    }
    xml.maybe("ReadReplicaSourceDBInstanceIdentifier", instance.replica_of.as_ref()).group(
        "ReadReplicaDBInstanceIdentifiers",
        |list| {
            for replica in region.replicas_of(&instance.identifier) {
                list.text("ReadReplicaDBInstanceIdentifier", replica);
            }
        },
    );
    xml.maybe("AutomaticRestartTime", instance.automatic_restart.as_ref());
    if let Some(secret) = &instance.secret_arn {
        xml.group("MasterUserSecret", |group| {
            let status = if instance.status == "creating" { "creating" } else { "active" };
            let key = format!("arn:aws:kms:{region_name}:{ACCOUNT}:alias/aws/secretsmanager");
            group.text("SecretArn", secret).text("SecretStatus", status).text("KmsKeyId", key);
        });
    }
    write_groups(xml, region_name, region, instance);
    xml.group("PendingModifiedValues", |group| {
        if let Some(pending) = &instance.pending {
            write_pending(group, settings, pending);
        }
    });
    xml.tags("TagList", &instance.tags);
}

fn write_settings(xml: &mut Xml, settings: &Settings) {
    xml.text("DBInstanceClass", &settings.class)
        .text("AllocatedStorage", settings.storage_gib)
        .maybe("MaxAllocatedStorage", settings.max_storage_gib)
        .text("StorageType", &settings.storage_type)
        .text("PubliclyAccessible", settings.public)
        .text("MultiAZ", settings.multi_az)
        .text("BackupRetentionPeriod", settings.backup_retention_days)
        .text("PreferredBackupWindow", &settings.backup_window)
        .text("PreferredMaintenanceWindow", &settings.maintenance_window)
        .text("DeletionProtection", settings.deletion_protection)
        .text("AutoMinorVersionUpgrade", settings.minor_upgrades)
        .text("CopyTagsToSnapshot", settings.copy_tags_to_snapshot)
        .text("EngineLifecycleSupport", &settings.lifecycle_support);
    if settings.storage_type == "gp3" {
        xml.text("Iops", 3000).text("StorageThroughput", 125);
    }
}

fn write_groups(xml: &mut Xml, region_name: &str, region: &Region, instance: &Instance) {
    let settings = &instance.settings;
    xml.group("DBParameterGroups", |groups| {
        groups.group("DBParameterGroup", |group| {
            let status = if instance.parameters_in_sync { "in-sync" } else { "pending-reboot" };
            group.text("DBParameterGroupName", &settings.parameter_group).text("ParameterApplyStatus", status);
        });
    });
    xml.list("VpcSecurityGroups", "VpcSecurityGroupMembership", &settings.security_groups, |member, group| {
        member.text("VpcSecurityGroupId", group).text("Status", "active");
    });
    let subnet_group = instance.subnet_group.as_ref().and_then(|name| region.subnet_groups.get(name));
    if let Some(subnet_group) = subnet_group {
        xml.group("DBSubnetGroup", |group| write_subnet_group(group, region_name, subnet_group));
    }
}

fn write_pending(xml: &mut Xml, settings: &Settings, pending: &Settings) {
    let differs = |is: bool| is.then_some(());
    xml.maybe("DBInstanceClass", differs(pending.class != settings.class).map(|()| &pending.class))
        .maybe("AllocatedStorage", differs(pending.storage_gib != settings.storage_gib).map(|()| pending.storage_gib))
        .maybe("MultiAZ", differs(pending.multi_az != settings.multi_az).map(|()| pending.multi_az))
        .maybe("StorageType", differs(pending.storage_type != settings.storage_type).map(|()| &pending.storage_type))
        .maybe(
            "BackupRetentionPeriod",
            differs(pending.backup_retention_days != settings.backup_retention_days)
                .map(|()| pending.backup_retention_days),
        )
        .maybe(
            "EngineVersion",
            differs(pending.engine_version != settings.engine_version).map(|()| &pending.engine_version),
        )
        .maybe("Port", differs(pending.port != settings.port).map(|()| pending.port));
}

/// Writes a DB subnet group.
pub(super) fn write_subnet_group(xml: &mut Xml, region: &str, group: &SubnetGroup) {
    xml.text("DBSubnetGroupName", &group.name)
        .text("DBSubnetGroupDescription", &group.description)
        .text("VpcId", &group.vpc)
        .text("SubnetGroupStatus", "Complete")
        .text("DBSubnetGroupArn", arn(region, "subgrp", &group.name))
        .list("Subnets", "Subnet", &group.subnets, |xml, (subnet, zone)| {
            xml.text("SubnetIdentifier", subnet).text("SubnetStatus", "Active").group(
                "SubnetAvailabilityZone",
                |group| {
                    group.text("Name", zone);
                },
            );
        });
}

/// Writes a DB snapshot.
pub(super) fn write_snapshot(xml: &mut Xml, region: &str, snapshot: &Snapshot) {
    let instance = &snapshot.instance;
    xml.text("DBSnapshotIdentifier", &snapshot.identifier)
        .text("DBSnapshotArn", arn(region, "snapshot", &snapshot.identifier))
        .text("DBInstanceIdentifier", &instance.identifier)
        .text("DbiResourceId", &instance.resource_id)
        .text("SnapshotCreateTime", &snapshot.created)
        .text("Engine", "mysql")
        .text("EngineVersion", &instance.engine_version)
        .text("AllocatedStorage", instance.settings.storage_gib)
        .text("StorageType", &instance.settings.storage_type)
        .text("Status", if snapshot.status.is_empty() { "available" } else { &snapshot.status })
        .text("PercentProgress", if snapshot.status == "creating" { 0 } else { 100 })
        .text("Port", instance.settings.port)
        .text("AvailabilityZone", &instance.zone)
        .text("InstanceCreateTime", &instance.created)
        .text("LicenseModel", "general-public-license")
        .text("SnapshotTarget", "region")
        .text("SnapshotType", "manual")
        .text("MasterUsername", &instance.master_username)
        .text("Encrypted", instance.encrypted)
        .tags("TagList", &snapshot.tags);
}
