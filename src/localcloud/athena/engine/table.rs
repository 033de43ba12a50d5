//! A table of the catalog over its files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_glue::types::{Partition, StorageDescriptor, Table};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Union, cast, lit};
use datafusion::prelude::SessionContext;

use super::files::{DataFile, under, urls};
use super::text::{Serde, text_schema};
use super::types;

/// A declared column.
struct Declared {
    name: String,
    kind: DataType,
}

/// Opens a table: its own files, or those of its partitions with the values of their keys.
pub(super) async fn open(
    table: &Table,
    partitions: &[Partition],
    buckets: &Path,
    scanned: &AtomicU64,
) -> Result<Arc<dyn TableProvider>> {
    let Some(storage) = table.storage_descriptor() else { return Err(unreadable(table, "it has no storage")) };
    let columns = declared(storage.columns());
    let keys = declared(table.partition_keys());
    let places = match keys.is_empty() {
        true => vec![(storage.location().unwrap_or_default(), &[][..])],
        false => partitions
            .iter()
            .map(|partition| {
                let own = partition.storage_descriptor().and_then(StorageDescriptor::location);
                (own.unwrap_or_default(), partition.values())
            })
            .collect(),
    };
    let mut parts = vec![];
    for (location, values) in places {
        let files = under(buckets, location)?;
        if files.is_empty() {
            continue;
        }
        scanned.fetch_add(files.iter().map(|file| file.bytes).sum(), Ordering::Relaxed);
        let part = part(table, storage, &columns, files).await?;
        parts.push(with_keys(part, &columns, &keys, values)?);
    }
    // A table may have thousands of partitions, so they stand side by side and not one in the other.
    let plan = match parts.len() {
        0 => return Ok(Arc::new(EmptyTable::new(Arc::new(schema(&columns, &keys))))),
        1 => parts.remove(0),
        _ => LogicalPlan::Union(Union::try_new(parts.into_iter().map(Arc::new).collect())?),
    };
    Ok(Arc::new(ViewTable::new(plan, None)))
}

fn declared(columns: &[aws_sdk_glue::types::Column]) -> Vec<Declared> {
    let declare = |column: &aws_sdk_glue::types::Column| Declared {
        name: column.name().to_lowercase(),
        kind: types::arrow(column.r#type().unwrap_or("string")),
    };
    columns.iter().map(declare).collect()
}

fn schema(columns: &[Declared], keys: &[Declared]) -> Schema {
    let field = |declared: &Declared| Field::new(&declared.name, declared.kind.clone(), true);
    Schema::new(columns.iter().chain(keys).map(field).collect::<Vec<_>>())
}

/// Reads some files of a table with the declared columns.
async fn part(
    table: &Table,
    storage: &StorageDescriptor,
    columns: &[Declared],
    files: Vec<DataFile>,
) -> Result<LogicalPlan> {
    let serde = storage.serde_info().ok_or_else(|| unreadable(table, "it has no SerDe"))?;
    if let Some(serde) = Serde::of(serde) {
        let packed = files.iter().all(|file| file.path.extension().is_some_and(|end| end == "gz"));
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let options = ListingOptions::new(Arc::new(serde.format(table, packed))).with_file_extension("");
        let config = ListingTableConfig::new_with_multi_paths(urls(&files)?)
            .with_listing_options(options)
            .with_schema(text_schema(&names));
        let values = columns.iter().map(|column| serde.value(&column.name, &column.kind));
        return scan(ListingTable::try_new(config)?, values.collect());
    }
    if !serde.serialization_library().unwrap_or_default().contains("ParquetHiveSerDe") {
        return Err(unreadable(table, "the local Athena reads CSV and Parquet only"));
    }
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls(&files)?).with_listing_options(options);
    let listing = ListingTable::try_new(config.infer_schema(&SessionContext::new().state()).await?)?;
    let inner = listing.schema();
    let value = |column: &Declared| {
        // Files keep the case that the catalog does not.
        let field = inner.fields().iter().find(|field| field.name().eq_ignore_ascii_case(&column.name));
        let value = field.map_or_else(
            || lit(datafusion::common::ScalarValue::Null),
            |field| Expr::Column(Column::from_name(field.name())),
        );
        cast(value, column.kind.clone()).alias(&column.name)
    };
    let values = columns.iter().map(value).collect();
    scan(listing, values)
}

fn scan(listing: ListingTable, values: Vec<Expr>) -> Result<LogicalPlan> {
    LogicalPlanBuilder::scan("files", provider_as_source(Arc::new(listing)), None)?.project(values)?.build()
}

/// Adds the values of the partition keys, which the files do not hold.
fn with_keys(plan: LogicalPlan, columns: &[Declared], keys: &[Declared], values: &[String]) -> Result<LogicalPlan> {
    if keys.is_empty() {
        return Ok(plan);
    }
    let own = columns.iter().map(|column| Expr::Column(Column::from_name(&column.name)));
    let added = keys.iter().zip(values).map(|(key, value)| cast(lit(value.clone()), key.kind.clone()).alias(&key.name));
    LogicalPlanBuilder::from(plan).project(own.chain(added).collect::<Vec<_>>())?.build()
}

fn unreadable(table: &Table, why: &str) -> DataFusionError {
    DataFusionError::Plan(format!("HIVE_UNSUPPORTED_FORMAT: table {} cannot be read: {why}", table.name()))
}
