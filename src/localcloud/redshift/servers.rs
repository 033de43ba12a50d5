//! The server behind a cluster: made, started, brought back.

use std::path::PathBuf;
use std::sync::Arc;

use super::service::{Inner, Warehouse};
use super::state::Cluster;
use crate::localcloud::engine::EngineError;
use crate::localcloud::engine::postgres::{self, PostgresPlan};
use crate::localcloud::faults::Fate;
use crate::localcloud::master_secret::{self, Login};

/// What Redshift has beyond PostgreSQL, made in the template of all databases.
const PRELUDE: &str = include_str!("prelude.sql");

/// How the Data API gets into a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    /// The server's port.
    pub port: u16,
    /// The password of the local cloud's own user.
    pub admin_password: String,
    /// The roles that `COPY` and `UNLOAD` may take.
    pub roles: Vec<String>,
    /// The role of `IAM_ROLE default`.
    pub default_role: Option<String>,
}

/// Why the Data API gets into no cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// There is no such cluster.
    Missing,
    /// It is paused or not ready.
    NotAvailable,
}

impl Warehouse {
    /// Returns the way into a cluster.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn door(&self, region: &str, identifier: &str) -> Result<Door, Closed> {
        let found = self.inner.read(region, |found| found.clusters.get(identifier).cloned());
        let cluster = found.ok_or(Closed::Missing)?;
        if !["available", "modifying", "resizing"].contains(&cluster.status.as_str()) {
            return Err(Closed::NotAvailable);
        }
        let door = self.inner.fleet.door(&Inner::fleet_key(region, identifier)).await;
        let (port, admin_password) = door.ok_or(Closed::NotAvailable)?;
        let attached = cluster.roles.into_iter().filter(|(_, status)| status == "in-sync");
        let roles = attached.map(|(role, _)| role).collect();
        Ok(Door { port, admin_password, roles, default_role: cluster.default_role })
    }
}

impl Inner {
    /// Returns the name of a cluster's server in the fleet.
    pub(super) fn fleet_key(region: &str, identifier: &str) -> String {
        format!("{region}/{identifier}")
    }

    /// Returns the folder of a cluster.
    pub(super) fn folder(&self, region: &str, identifier: &str) -> PathBuf {
        self.context.home.engine("postgres", &Self::fleet_key(region, identifier))
    }

    /// Changes one cluster, if it still exists.
    pub(super) fn update(&self, region: &str, identifier: &str, change: impl FnOnce(&mut Cluster)) {
        self.change(region, |region| {
            if let Some(cluster) = region.clusters.get_mut(identifier) {
                change(cluster);
            }
        });
    }

    /// Starts the server of a cluster in the background; `login` makes its first user and database.
    pub(super) fn start_in_background(
        inner: &Arc<Self>,
        region: &str,
        identifier: &str,
        login: Option<Login>,
        fate: &Fate,
    ) {
        let tasks = inner.context.tasks.clone();
        let (inner, region, identifier) = (Arc::clone(inner), region.to_owned(), identifier.to_owned());
        let fate = fate.clone();
        tasks.spawn(async move {
            fate.wait().await;
            match fate.failure() {
                Some(failure) => inner.update(&region, &identifier, |cluster| {
                    failure.state("incompatible-network").clone_into(&mut cluster.status);
                }),
                None => inner.bring_up(&region, &identifier, login).await,
            }
        });
    }

    /// Starts the server of a cluster and moves the status to what came of it.
    pub(super) async fn bring_up(&self, region: &str, identifier: &str, login: Option<Login>) {
        match self.start_server(region, identifier, login).await {
            Ok(port) => {
                let mut told = None;
                self.update(region, identifier, |cluster| {
                    cluster.port = port;
                    cluster.is_made = true;
                    cluster.settle();
                    "available".clone_into(&mut cluster.status);
                    told = cluster.awaited.take();
                });
                if let Some(event) = told {
                    self.note(region, identifier, event);
                }
            }
            // Started again by the next run of the local cloud, as if nothing had been asked.
            Err(EngineError::Closing) => {}
            Err(error) => {
                tracing::error!(identifier, %error, "the PostgreSQL server did not start");
                self.update(region, identifier, |cluster| "failed".clone_into(&mut cluster.status));
            }
        }
    }

    async fn start_server(&self, region: &str, identifier: &str, login: Option<Login>) -> Result<u16, EngineError> {
        let Some(cluster) = self.read(region, |found| found.clusters.get(identifier).cloned()) else {
            return Err(EngineError::Closing);
        };
        let port = if cluster.port == 0 { cluster.settings.port } else { cluster.port };
        if self.context.has_no_engines() {
            return Ok(port);
        }
        let plan = PostgresPlan { folder: self.folder(region, identifier), port };
        let key = Self::fleet_key(region, identifier);
        let port = self.fleet.start(&key, || async move { plan.start().await }).await?;
        if let Some(login) = login {
            let (_, admin) = self.fleet.door(&key).await.ok_or(EngineError::Closing)?;
            let made = make_databases(port, &admin, &cluster.database, &login).await;
            made.map_err(|error| EngineError::Statement(postgres::message(&error)))?;
        }
        Ok(port)
    }

    /// Starts again what was running, and finishes what was under way, when the process ended.
    pub(super) async fn resume(inner: &Arc<Self>) {
        let known: Vec<(String, Cluster)> = inner.store.read(|state| {
            let regions = state.regions.iter();
            regions.flat_map(|(name, region)| region.clusters.values().map(|it| (name.clone(), it.clone()))).collect()
        });
        let each = known.into_iter().map(|(region, cluster)| inner.resume_one(region, cluster));
        futures::future::join_all(each).await;
    }

    async fn resume_one(&self, region: String, cluster: Cluster) {
        let identifier = &cluster.identifier;
        match cluster.status.as_str() {
            "resuming" => self.bring_up(&region, identifier, None).await,
            // What kept it from starting may be gone by now.
            "failed" if cluster.is_made => self.bring_up(&region, identifier, None).await,
            "creating" if cluster.restored_from.is_some() => self.finish_restore(&region, identifier).await,
            "creating" => self.resume_creation(&region, &cluster).await,
            "pausing" => self.has_paused(&region, identifier),
            "deleting" | "final-snapshot" => self.finish_deletion(&region, identifier).await,
            _ => {}
        }
    }

    /// Creates again what was being created: its password is in the secret, or else lost with the process.
    async fn resume_creation(&self, region: &str, cluster: &Cluster) {
        let login = match &cluster.secret_arn {
            Some(arn) => master_secret::read(&self.context, region, arn).await.ok(),
            None => None,
        };
        match login {
            Some(login) => self.bring_up(region, &cluster.identifier, Some(login)).await,
            None => self.update(region, &cluster.identifier, |cluster| "failed".clone_into(&mut cluster.status)),
        }
    }
}

/// Makes the master user, the first database and what Redshift has beyond PostgreSQL; safe to repeat.
async fn make_databases(port: u16, admin: &str, database: &str, login: &Login) -> Result<(), tokio_postgres::Error> {
    let template = postgres::connect(port, admin, "template1").await?;
    template.batch_execute(PRELUDE).await?;
    drop(template);
    let client = postgres::connect(port, admin, "postgres").await?;
    let user = postgres::quoted_name(&login.username);
    if client.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&login.username]).await?.is_none() {
        client.batch_execute(&format!("CREATE ROLE {user} LOGIN CREATEDB CREATEROLE")).await?;
    }
    client.batch_execute(&postgres::password_statement(&login.username, &login.password)).await?;
    client.batch_execute(&format!("GRANT pg_read_all_data, pg_write_all_data, pg_monitor TO {user}")).await?;
    if client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&database]).await?.is_none() {
        let name = postgres::quoted_name(database);
        client.batch_execute(&format!("CREATE DATABASE {name} OWNER {user} TEMPLATE template1")).await?;
    }
    let own = postgres::connect(port, admin, database).await?;
    own.batch_execute(&format!("ALTER SCHEMA public OWNER TO {user}; GRANT ALL ON SCHEMA public TO PUBLIC")).await
}
