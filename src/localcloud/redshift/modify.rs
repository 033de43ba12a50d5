//! `ModifyCluster` and `ModifyClusterIamRoles`.

use std::sync::Arc;

use super::catalog;
use super::create::{check_settings, master_password};
use super::describe::show;
use super::service::{Inner, Request};
use super::state::{Cluster, Settings};
use crate::localcloud::engine::{password, postgres};
use crate::localcloud::master_secret::{self, Login};
use crate::localcloud::query::{Form, Refusal};

/// What else a request asks for, beside settings.
#[derive(Debug, Default)]
struct Extras {
    login: Option<Login>,
    manages_secret: bool,
    restarts: bool,
}

impl Inner {
    pub(super) async fn modify_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = form.required("ClusterIdentifier")?.to_lowercase();
        let extras = inner.change(&request.region, |region| {
            let cluster = region.cluster(&identifier)?;
            must_be_available(cluster)?;
            accept(cluster, form)
        })?;
        if let Some(login) = &extras.login {
            inner.change_password(&request.region, &identifier, login, extras.manages_secret).await?;
        }
        if extras.restarts {
            inner.update(&request.region, &identifier, |cluster| cluster.port = cluster.settings.port);
            let answer = show(inner, &request.region, &identifier);
            Self::restart_in_background(inner, &request.region, &identifier, &request.fate);
            return Ok(answer);
        }
        let answer = show(inner, &request.region, &identifier);
        Self::settle(inner, request, &identifier);
        Ok(answer)
    }

    pub(super) fn modify_roles(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = form.required("ClusterIdentifier")?.to_lowercase();
        inner.change(&request.region, |region| {
            let cluster = region.cluster(&identifier)?;
            must_be_available(cluster)?;
            for role in form.list("AddIamRoles").unwrap_or_default() {
                cluster.roles.entry(role).or_insert_with(|| "adding".to_owned());
            }
            for role in form.list("RemoveIamRoles").unwrap_or_default() {
                cluster.roles.entry(role).and_modify(|status| "removing".clone_into(status));
            }
            if let Some(role) = form.text("DefaultIamRoleArn") {
                cluster.default_role = Some(role.to_owned()).filter(|role| !role.is_empty());
            }
            Ok(())
        })?;
        let answer = show(inner, &request.region, &identifier);
        Self::settle(inner, request, &identifier);
        Ok(answer)
    }

    /// Ends `modifying`, `adding` and `removing` a moment later.
    fn settle(inner: &Arc<Self>, request: &Request, identifier: &str) {
        let tasks = inner.context.tasks.clone();
        let (inner, region, identifier) = (Arc::clone(inner), request.region.clone(), identifier.to_owned());
        let fate = request.fate.clone();
        tasks.spawn(async move {
            tokio::time::sleep(inner.context.settling()).await;
            fate.wait().await;
            inner.update(&region, &identifier, Cluster::settle);
        });
    }

    /// Changes the password inside the server; the managed secret comes or goes with it.
    async fn change_password(
        &self,
        region: &str,
        identifier: &str,
        login: &Login,
        manages: bool,
    ) -> Result<(), Refusal> {
        let old = self.read(region, |found| found.clusters.get(identifier).and_then(|it| it.secret_arn.clone()));
        if manages && old.is_some() {
            return Ok(());
        }
        if !self.context.has_no_engines() {
            self.tell_password(region, identifier, login).await?;
        }
        let new = if manages { Some(self.manage_secret(region, identifier, login).await?) } else { None };
        if let Some(arn) = old {
            master_secret::delete(&self.context, region, &arn).await;
        }
        self.update(region, identifier, |cluster| cluster.secret_arn = new);
        Ok(())
    }

    async fn tell_password(&self, region: &str, identifier: &str, login: &Login) -> Result<(), Refusal> {
        let failed = |error: String| Refusal::new("InternalFailure", error);
        let door = self.fleet.door(&Self::fleet_key(region, identifier)).await;
        let (port, admin) = door.ok_or_else(|| failed("The server does not answer.".to_owned()))?;
        let client = postgres::connect(port, &admin, "postgres").await.map_err(|error| failed(error.to_string()))?;
        let statement = postgres::password_statement(&login.username, &login.password);
        client.batch_execute(&statement).await.map_err(|error| failed(error.to_string()))
    }
}

impl Cluster {
    /// Ends what is under way without a server.
    pub(super) fn settle(&mut self) {
        if ["modifying", "resizing"].contains(&self.status.as_str()) {
            "available".clone_into(&mut self.status);
        }
        self.roles.retain(|_, status| status != "removing");
        self.roles.values_mut().for_each(|status| "in-sync".clone_into(status));
    }
}

fn must_be_available(cluster: &Cluster) -> Result<(), Refusal> {
    if cluster.status == "available" {
        return Ok(());
    }
    let message = format!(
        "You can't modify cluster {} because it is {}. Wait until it is available.",
        cluster.identifier, cluster.status
    );
    Err(Refusal::new("InvalidClusterState", message))
}

fn accept(cluster: &mut Cluster, form: &Form) -> Result<Extras, Refusal> {
    let wanted = wanted(&cluster.settings, form)?;
    let password_change = form.text("MasterUserPassword").is_some() || form.text("ManageMasterPassword").is_some();
    if wanted == cluster.settings && !password_change {
        return Err(Refusal::new("InvalidParameterCombination", "No modifications were requested"));
    }
    if form.flag("Encrypted") == Some(false) {
        return Err(Refusal::new("InvalidParameterValue", "A cluster of this node type cannot be unencrypted."));
    }
    let mut extras = Extras { restarts: wanted.port != cluster.settings.port, ..Extras::default() };
    if password_change {
        let given = master_password(form)?;
        extras.manages_secret = given.is_none();
        let username = cluster.master_username.clone();
        extras.login = Some(Login { username, password: given.unwrap_or_else(password) });
    }
    let resizes = wanted.nodes != cluster.settings.nodes || wanted.node_type != cluster.settings.node_type;
    cluster.settings = wanted;
    let status = if resizes { "resizing" } else { "modifying" };
    status.clone_into(&mut cluster.status);
    Ok(extras)
}

/// Returns the settings with what a request says over what is.
pub(super) fn wanted(current: &Settings, form: &Form) -> Result<Settings, Refusal> {
    let text = |name: &str, current: &String| form.text(name).unwrap_or(current).to_owned();
    let nodes = match form.text("ClusterType") {
        Some("single-node") => 1,
        _ => form.number("NumberOfNodes")?.unwrap_or(current.nodes),
    };
    let wanted = Settings {
        node_type: text("NodeType", &current.node_type),
        nodes,
        port: form.number("Port")?.unwrap_or(current.port),
        public: form.flag("PubliclyAccessible").unwrap_or(current.public),
        multi_az: form.flag("MultiAZ").unwrap_or(current.multi_az),
        enhanced_routing: form.flag("EnhancedVpcRouting").unwrap_or(current.enhanced_routing),
        version_upgrades: form.flag("AllowVersionUpgrade").unwrap_or(current.version_upgrades),
        snapshot_retention_days: form
            .number("AutomatedSnapshotRetentionPeriod")?
            .unwrap_or(current.snapshot_retention_days),
        maintenance_window: text("PreferredMaintenanceWindow", &current.maintenance_window),
        parameter_group: text("ClusterParameterGroupName", &current.parameter_group),
        security_groups: form.list("VpcSecurityGroupIds").unwrap_or_else(|| current.security_groups.clone()),
    };
    catalog::check_nodes(&wanted.node_type, wanted.nodes)?;
    check_settings(&wanted)?;
    Ok(wanted)
}
