//! `CreateCluster`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::describe::show;
use super::events::Event;
use super::service::{Inner, Request};
use super::state::{Cluster, Settings, arn};
use super::{catalog, subnet_groups, tags};
use crate::localcloud::engine::{password, postgres_folder, uuid};
use crate::localcloud::master_secret::{self, Login};
use crate::localcloud::query::{Form, Refusal};

impl Inner {
    pub(super) async fn create_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        if !inner.context.has_no_engines() {
            postgres_folder().map_err(|error| Refusal::new("InsufficientClusterCapacity", error.to_string()))?;
        }
        let cluster = cluster(form, &request.region)?;
        let given_password = master_password(form)?;
        let login = Login {
            username: cluster.master_username.clone(),
            password: given_password.clone().unwrap_or_else(password),
        };
        let identifier = cluster.identifier.clone();
        inner.reserve(&request.region, cluster)?;
        if given_password.is_none() {
            match inner.manage_secret(&request.region, &identifier, &login).await {
                Ok(arn) => inner.update(&request.region, &identifier, |cluster| cluster.secret_arn = Some(arn)),
                Err(refusal) => {
                    inner.change(&request.region, |region| region.clusters.remove(&identifier));
                    return Err(refusal);
                }
            }
        }
        let answer = show(inner, &request.region, &identifier);
        Self::start_in_background(inner, &request.region, &identifier, Some(login), &request.fate);
        Ok(answer)
    }

    /// Creates the secret that Redshift manages for the master user, and returns its ARN.
    pub(super) async fn manage_secret(&self, region: &str, identifier: &str, login: &Login) -> Result<String, Refusal> {
        let owner = arn(region, "cluster", identifier);
        let name = format!("redshift!{identifier}-{}", login.username);
        let created = master_secret::create(&self.context, region, &name, login, ("redshift", &owner)).await;
        created.map_err(|error| Refusal::new("InternalFailure", error.to_string()))
    }

    /// Takes the name, so that a second create is refused from now on.
    pub(super) fn reserve(&self, region: &str, mut cluster: Cluster) -> Result<(), Refusal> {
        let created = self.now();
        self.change(region, |region| {
            if region.clusters.contains_key(&cluster.identifier) {
                return Err(Refusal::new("ClusterAlreadyExists", "Cluster already exists"));
            }
            if let Some(name) = &cluster.subnet_group {
                let group = region.subnet_groups.get(name).ok_or_else(|| subnet_groups::missing(name))?;
                cluster.vpc = Some(group.vpc.clone());
                if let Some(zone) = group.subnets.values().next() {
                    cluster.zone.clone_from(zone);
                }
            }
            let event = if cluster.restored_from.is_some() { Event::Restored } else { Event::Created };
            (cluster.created, cluster.awaited) = (created, Some(event));
            region.clusters.insert(cluster.identifier.clone(), cluster);
            Ok(())
        })
    }
}

fn cluster(form: &Form, region: &str) -> Result<Cluster, Refusal> {
    let identifier = form.required("ClusterIdentifier")?.to_owned();
    check_identifier(&identifier)?;
    let settings = settings(form)?;
    let master_username = form.required("MasterUsername")?.to_owned();
    let database = form.text("DBName").filter(|name| !name.is_empty()).unwrap_or("dev").to_owned();
    for (parameter, name) in [("MasterUsername", &master_username), ("DBName", &database)] {
        check_name(parameter, name)?;
    }
    if form.flag("Encrypted") == Some(false) {
        let message = "Amazon Redshift clusters are encrypted by default and Encrypted cannot be false for this node \
                       type.";
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let tags = form.tags();
    tags::check(&tags)?;
    let role_list = form.list("IamRoles").unwrap_or_default();
    let roles: BTreeMap<String, String> = role_list.into_iter().map(|role| (role, "in-sync".to_owned())).collect();
    let subnet_group = form.text("ClusterSubnetGroupName").filter(|name| *name != "default").map(str::to_lowercase);
    Ok(Cluster {
        identifier,
        namespace: uuid(),
        status: "creating".to_owned(),
        settings,
        database,
        master_username,
        zone: form.text("AvailabilityZone").map_or_else(|| format!("{region}a"), str::to_owned),
        subnet_group,
        default_role: form.text("DefaultIamRoleArn").map(str::to_owned),
        roles,
        tags,
        ..Cluster::default()
    })
}

fn settings(form: &Form) -> Result<Settings, Refusal> {
    let node_type = form.required("NodeType")?.to_owned();
    let asked: Option<u32> = form.number("NumberOfNodes")?;
    let nodes = match (form.text("ClusterType").unwrap_or("multi-node"), asked) {
        ("single-node", None | Some(1)) => 1,
        ("single-node", Some(_)) => {
            let message = "Number of nodes must be 1 for cluster type single-node";
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        ("multi-node", Some(nodes)) if nodes > 1 => nodes,
        ("multi-node", _) => {
            let message = "Number of nodes for cluster type multi-node must be greater than or equal to 2";
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        (other, _) => {
            return Err(Refusal::new("InvalidParameterValue", format!("Invalid cluster type: {other}")));
        }
    };
    catalog::check_nodes(&node_type, nodes)?;
    let settings = Settings {
        node_type,
        nodes,
        port: form.number("Port")?.unwrap_or(5439),
        public: form.flag("PubliclyAccessible").unwrap_or(false),
        multi_az: form.flag("MultiAZ").unwrap_or(false),
        enhanced_routing: form.flag("EnhancedVpcRouting").unwrap_or(false),
        version_upgrades: form.flag("AllowVersionUpgrade").unwrap_or(true),
        snapshot_retention_days: form.number("AutomatedSnapshotRetentionPeriod")?.unwrap_or(1),
        maintenance_window: form.text("PreferredMaintenanceWindow").unwrap_or("sun:06:00-sun:06:30").to_owned(),
        parameter_group: form.text("ClusterParameterGroupName").unwrap_or("default.redshift-2.0").to_owned(),
        security_groups: form.list("VpcSecurityGroupIds").unwrap_or_default(),
    };
    check_settings(&settings)?;
    Ok(settings)
}

/// Refuses what is out of range.
pub(super) fn check_settings(settings: &Settings) -> Result<(), Refusal> {
    if settings.multi_az && settings.nodes < 2 {
        let message = "A Multi-AZ cluster has at least two nodes in each of its zones.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let refuse = |message: String| Err(Refusal::new("InvalidParameterValue", message));
    if !(5431..=5455).contains(&settings.port) && !(8191..=8215).contains(&settings.port) {
        return refuse(format!("Port {} must be within the ranges 5431-5455 or 8191-8215", settings.port));
    }
    if !(1..=35).contains(&settings.snapshot_retention_days) {
        let days = settings.snapshot_retention_days;
        return refuse(format!("AutomatedSnapshotRetentionPeriod must be between 1 and 35 for this node type: {days}"));
    }
    Ok(())
}

/// Returns the password that a person gave; none if Redshift is to manage it.
pub(super) fn master_password(form: &Form) -> Result<Option<String>, Refusal> {
    let managed = form.flag("ManageMasterPassword").unwrap_or(false);
    let password = match (form.text("MasterUserPassword"), managed) {
        (Some(_), true) => {
            let message = "You can't use MasterUserPassword with ManageMasterPassword.";
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        (None, false) => {
            let message = "Either MasterUserPassword or ManageMasterPassword must be given.";
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        (None, true) => return Ok(None),
        (Some(password), false) => password,
    };
    let has = |test: fn(&char) -> bool| password.chars().any(|letter| test(&letter));
    let good = (8..=64).contains(&password.len())
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_digit)
        && password.chars().all(|letter| letter.is_ascii_graphic() && !"'\"\\/@".contains(letter));
    let message = "The parameter MasterUserPassword must be 8 to 64 characters and contain at least one upper case \
                   letter, one lower case letter and one digit, and none of ' \" \\ / @ or space.";
    if good { Ok(Some(password.to_owned())) } else { Err(Refusal::new("InvalidParameterValue", message)) }
}

/// Refuses names that Redshift refuses.
pub(super) fn check_identifier(identifier: &str) -> Result<(), Refusal> {
    let good = identifier.len() <= 63
        && identifier.starts_with(|first: char| first.is_ascii_lowercase())
        && identifier.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        && !identifier.ends_with('-')
        && !identifier.contains("--");
    let message = "The parameter ClusterIdentifier is not a valid identifier. It must contain only lower case letters, \
                   digits and hyphens, begin with a letter, and not end with a hyphen or contain two in a row.";
    if good { Ok(()) } else { Err(Refusal::new("InvalidParameterValue", message)) }
}

fn check_name(parameter: &str, name: &str) -> Result<(), Refusal> {
    let good = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-+.@".contains(letter));
    if !good {
        let message = format!("{parameter} must begin with a letter and contain only lower case letters: {name}");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let is_reserved = ["rdsdb", "postgres", "public", "template0", "template1", "padb_harvest"].contains(&name);
    if is_reserved {
        return Err(Refusal::new("InvalidParameterValue", format!("{parameter} {name} is a reserved word.")));
    }
    Ok(())
}
