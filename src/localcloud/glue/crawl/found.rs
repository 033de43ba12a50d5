//! A table that a crawler found, before it is in the catalog.

use serde_json::{Map, Value, json};

/// A column in the catalog's types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
}

impl Column {
    /// Takes a name as the source writes it; the catalog keeps lower case.
    pub(super) fn new(name: &str, kind: impl Into<String>) -> Self {
        Self { name: name.to_lowercase(), kind: kind.into() }
    }
}

/// How the files of a table are to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Format {
    pub(super) input: &'static str,
    pub(super) output: &'static str,
    pub(super) serde: &'static str,
    pub(super) serde_parameters: Map<String, Value>,
}

/// One value for each partition key, and where its files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundPartition {
    pub(super) values: Vec<String>,
    pub(super) location: String,
}

/// A table that a crawler found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The name without the crawler's prefix.
    pub(super) name: String,
    pub(super) location: String,
    pub(super) columns: Vec<Column>,
    pub(super) format: Format,
    pub(super) parameters: Map<String, Value>,
    pub(super) partition_keys: Vec<String>,
    pub(super) partitions: Vec<FoundPartition>,
}

impl Found {
    /// Returns the table's name in the catalog: lower case, with nothing but letters, digits and `_`.
    pub(super) fn catalog_name(&self, prefix: &str) -> String {
        let name = format!("{prefix}{}", self.name).to_lowercase();
        let name: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
        name.chars().take(128).collect()
    }

    /// Returns the `TableInput` of the catalog.
    pub(super) fn table_input(&self, name: &str, crawler: &str) -> Value {
        let columns: Vec<Value> =
            self.columns.iter().map(|column| json!({ "Name": column.name, "Type": column.kind })).collect();
        let keys: Vec<Value> = self.partition_keys.iter().map(|key| json!({ "Name": key, "Type": "string" })).collect();
        let mut parameters = self.parameters.clone();
        parameters.insert("UPDATED_BY_CRAWLER".to_owned(), json!(crawler));
        parameters.insert("CrawlerSchemaSerializerVersion".to_owned(), json!("1.0"));
        parameters.insert("CrawlerSchemaDeserializerVersion".to_owned(), json!("1.0"));
        json!({
            "Name": name,
            "Owner": "owner",
            "Retention": 0,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": keys,
            "StorageDescriptor": self.storage(&self.location, &json!(columns), &json!(parameters)),
        })
    }

    /// Returns the `PartitionInput` of the catalog.
    pub(super) fn partition_input(&self, partition: &FoundPartition, table: &Value) -> Value {
        let storage = &table["StorageDescriptor"];
        json!({
            "Values": partition.values,
            "Parameters": table["Parameters"],
            "StorageDescriptor": self.storage(&partition.location, &storage["Columns"], &table["Parameters"]),
        })
    }

    fn storage(&self, location: &str, columns: &Value, parameters: &Value) -> Value {
        let mut storage = json!({
            "Columns": columns, "Location": location, "Compressed": false, "NumberOfBuckets": -1,
            "SerdeInfo": {}, "BucketColumns": [], "SortColumns": [], "Parameters": parameters,
            "StoredAsSubDirectories": false,
        });
        if !self.format.serde.is_empty() {
            storage["InputFormat"] = json!(self.format.input);
            storage["OutputFormat"] = json!(self.format.output);
            storage["SerdeInfo"] =
                json!({ "SerializationLibrary": self.format.serde, "Parameters": self.format.serde_parameters });
        }
        storage
    }
}
