//! The server behind an instance: started with its parameters, brought back, cleaned away.

use std::path::PathBuf;
use std::sync::Arc;

use super::parameter_groups::find_group;
use super::service::Inner;
use super::state::Instance;
use crate::localcloud::engine::EngineError;
use crate::localcloud::engine::mariadb::MySqlPlan;
use crate::localcloud::faults::Fate;
use crate::localcloud::master_secret::{self, Login};

/// What the master user of RDS may do: everything but what would reach outside of the databases.
const MASTER_RIGHTS: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, \
     SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, \
     CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";

impl Inner {
    /// Returns the name of an instance's server in the fleet.
    pub(super) fn fleet_key(region: &str, identifier: &str) -> String {
        format!("{region}/{identifier}")
    }

    /// Returns the folder of an instance.
    pub(super) fn folder(&self, region: &str, identifier: &str) -> PathBuf {
        self.context.home.engine("mysql", &Self::fleet_key(region, identifier))
    }

    /// Changes one instance, if it still exists.
    pub(super) fn update(&self, region: &str, identifier: &str, change: impl FnOnce(&mut Instance)) {
        self.change(region, |region| {
            if let Some(instance) = region.instances.get_mut(identifier) {
                change(instance);
            }
        });
    }

    /// Starts the server of an instance in the background and moves the status to what came of it.
    pub(super) fn start_in_background(
        inner: &Arc<Self>,
        region: &str,
        identifier: &str,
        bootstrap: Vec<String>,
        fate: &Fate,
    ) {
        let tasks = inner.context.tasks.clone();
        let (inner, region, identifier) = (Arc::clone(inner), region.to_owned(), identifier.to_owned());
        let (fate, begun) = (fate.clone(), inner.resource_id(&region, &identifier));
        tasks.spawn(async move {
            fate.wait().await;
            // Deleted meanwhile, and perhaps created again.
            if inner.resource_id(&region, &identifier) != begun {
                return;
            }
            match fate.failure() {
                Some(failure) => inner.update(&region, &identifier, |instance| {
                    failure.state("failed").clone_into(&mut instance.status);
                }),
                None => inner.bring_up(&region, &identifier, bootstrap).await,
            }
        });
    }

    /// Returns what tells an instance from others of the same name.
    fn resource_id(&self, region: &str, identifier: &str) -> Option<String> {
        self.read(region, |region| {
            let instance = region.instances.get(identifier).filter(|instance| instance.status != "deleting");
            instance.map(|instance| instance.resource_id.clone())
        })
    }

    /// Starts the server of an instance and moves the status to what came of it.
    pub(super) async fn bring_up(&self, region: &str, identifier: &str, bootstrap: Vec<String>) {
        match self.start_server(region, identifier, bootstrap).await {
            Ok(port) => {
                let mut told = None;
                self.update(region, identifier, |instance| {
                    instance.port = port;
                    instance.parameters_in_sync = true;
                    if instance.status != "deleting" {
                        "available".clone_into(&mut instance.status);
                    }
                    told = instance.awaited.take();
                });
                let now = self.context.clock.now();
                if let Some((event, moment)) = told {
                    self.change(region, |region| region.note(identifier, event, moment.unwrap_or(now), now));
                }
            }
            // Started again by the next run of the local cloud, as if nothing had been asked.
            Err(EngineError::Closing) => {}
            Err(error) => {
                tracing::error!(identifier, %error, "the MySQL server did not start");
                let died = matches!(error, EngineError::Died { .. });
                let status = if died { "incompatible-parameters" } else { "failed" };
                self.update(region, identifier, |instance| status.clone_into(&mut instance.status));
            }
        }
    }

    async fn start_server(&self, region: &str, identifier: &str, bootstrap: Vec<String>) -> Result<u16, EngineError> {
        let found = self.read(region, |region| {
            let instance = region.instances.get(identifier)?;
            let group = find_group(region, &instance.settings.parameter_group).unwrap_or_default();
            let parameters = group.parameters.into_iter().map(|(name, (value, _))| (name, value)).collect();
            Some((if instance.port == 0 { instance.settings.port } else { instance.port }, parameters))
        });
        let Some((port, parameters)) = found else { return Err(EngineError::Closing) };
        if self.context.has_no_engines() {
            return Ok(port);
        }
        let plan = MySqlPlan {
            folder: self.folder(region, identifier),
            template: self.context.home.engine("mysql", "template"),
            port,
            parameters,
            bootstrap,
        };
        self.fleet.start(&Self::fleet_key(region, identifier), || async move { plan.start().await }).await
    }

    /// Starts again what was running, and finishes what was under way, when the process ended.
    pub(super) async fn resume(inner: &Arc<Self>) {
        let known: Vec<(String, Instance)> = inner.store.read(|state| {
            let regions = state.regions.iter();
            regions.flat_map(|(name, region)| region.instances.values().map(|it| (name.clone(), it.clone()))).collect()
        });
        let each = known.into_iter().map(|(region, instance)| Self::resume_instance(inner, region, instance));
        futures::future::join_all(each).await;
    }

    async fn resume_instance(inner: &Arc<Self>, region: String, instance: Instance) {
        let identifier = &instance.identifier;
        match instance.status.as_str() {
            "starting" => inner.bring_up(&region, identifier, vec![]).await,
            // What kept it from starting may be gone by now.
            "failed" | "incompatible-parameters" if instance.port != 0 => {
                inner.bring_up(&region, identifier, vec![]).await;
            }
            "creating" if instance.restored_from.is_some() => inner.finish_restore(&region, identifier).await,
            "creating" => inner.resume_creation(&region, &instance).await,
            "stopping" => Self::has_stopped(inner, &region, identifier),
            "stopped" => Self::start_when_due(inner, &region, &instance),
            "deleting" => inner.finish_deletion(&region, identifier).await,
            _ => {}
        }
    }

    /// Creates again what was being created: its password is in the secret, or else lost with the process.
    async fn resume_creation(&self, region: &str, instance: &Instance) {
        let login = match &instance.secret_arn {
            Some(arn) => master_secret::read(&self.context, region, arn).await.ok(),
            None => None,
        };
        match login {
            Some(login) => self.bring_up(region, &instance.identifier, first_statements(instance, &login)).await,
            None => self.update(region, &instance.identifier, |instance| "failed".clone_into(&mut instance.status)),
        }
    }
}

/// Returns what makes the master user and the first database.
pub(super) fn first_statements(instance: &Instance, login: &Login) -> Vec<String> {
    let user = format!("'{}'@'%'", quoted(&login.username));
    let mut statements = vec![
        format!("CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{}'", quoted(&login.password)),
        format!("GRANT {MASTER_RIGHTS} ON *.* TO {user} WITH GRANT OPTION"),
    ];
    if let Some(database) = &instance.database {
        statements.push(format!("CREATE DATABASE IF NOT EXISTS `{database}`"));
    }
    statements
}

/// Returns what gives the master user another password.
pub(super) fn password_statement(login: &Login) -> String {
    format!("ALTER USER '{}'@'%' IDENTIFIED BY '{}'", quoted(&login.username), quoted(&login.password))
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''")
}
