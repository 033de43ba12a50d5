//! The Glue catalog as DataFusion sees it. Names are looked up without regard to case.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{Partition, Table};
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};

use super::query::CATALOG;
use super::table;
use crate::localcloud::cloud::Context;
use crate::localcloud::sdk;

/// The catalogs of an account: there is one.
#[derive(Debug, Clone)]
pub(super) struct GlueCatalogs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: Client,
    buckets: PathBuf,
    scanned: Arc<AtomicU64>,
}

impl GlueCatalogs {
    /// Takes the endpoint's Glue; `scanned` counts the bytes of the tables that are read.
    pub(super) async fn open(context: &Context, region: &str, scanned: Arc<AtomicU64>) -> Self {
        let client = Client::new(&sdk::config(&context.endpoint, region).await);
        Self(Arc::new(Shared { client, buckets: context.home.buckets(), scanned }))
    }
}

impl CatalogProviderList for GlueCatalogs {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let known = name.eq_ignore_ascii_case(CATALOG);
        known.then(|| Arc::new(GlueCatalog(Arc::clone(&self.0))) as Arc<dyn CatalogProvider>)
    }
}

#[derive(Debug)]
struct GlueCatalog(Arc<Shared>);

impl CatalogProvider for GlueCatalog {
    fn schema_names(&self) -> Vec<String> {
        vec![]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        Some(Arc::new(GlueDatabase { shared: Arc::clone(&self.0), name: name.to_lowercase() }))
    }
}

#[derive(Debug)]
struct GlueDatabase {
    shared: Arc<Shared>,
    name: String,
}

#[async_trait]
impl SchemaProvider for GlueDatabase {
    fn table_names(&self) -> Vec<String> {
        vec![]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(found) = self.find(&name.to_lowercase()).await? else { return Ok(None) };
        let partitions = match found.partition_keys().is_empty() {
            true => vec![],
            false => self.partitions(found.name()).await?,
        };
        table::open(&found, &partitions, &self.shared.buckets, &self.shared.scanned).await.map(Some)
    }

    fn table_exist(&self, _: &str) -> bool {
        true
    }
}

impl GlueDatabase {
    async fn find(&self, name: &str) -> Result<Option<Table>> {
        let asked = self.shared.client.get_table().database_name(&self.name).name(name).send().await;
        match asked {
            Ok(answer) => Ok(answer.table),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_entity_not_found_exception()) => {
                Ok(None)
            }
            Err(error) => Err(DataFusionError::External(Box::new(error))),
        }
    }

    async fn partitions(&self, table: &str) -> Result<Vec<Partition>> {
        let asked = self.shared.client.get_partitions().database_name(&self.name).table_name(table);
        let mut pages = asked.into_paginator().send();
        let mut partitions = vec![];
        while let Some(page) = pages.next().await {
            partitions.extend(
                page.map_err(|error| DataFusionError::External(Box::new(error)))?.partitions.unwrap_or_default(),
            );
        }
        Ok(partitions)
    }
}
