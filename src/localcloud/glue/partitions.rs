//! Partitions of a table.

use serde_json::{Value, json};

use super::refused::{absent, exists, invalid, required, texts};
use super::service::{Answer, Glue, paged};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;

/// The kind of document that a partition is.
pub(super) const PARTITION: &str = "partition";

/// Names the document of a partition.
fn key(table: &Value, values: &[String]) -> String {
    json!([table["DatabaseName"], table["Name"], values]).to_string()
}

impl Glue {
    pub(super) fn create_partition(&self, region: &str, input: &Value) -> Answer {
        let table = self.partitioned(region, input)?;
        self.add_partition(region, &table, &input["PartitionInput"])?;
        Ok(json!({}))
    }

    pub(super) fn batch_create_partition(&self, region: &str, input: &Value) -> Answer {
        let table = self.partitioned(region, input)?;
        let mut errors = vec![];
        for wanted in input["PartitionInputList"].as_array().into_iter().flatten() {
            if let Err(refusal) = self.add_partition(region, &table, wanted) {
                errors.push(failure(&wanted["Values"], &refusal));
            }
        }
        Ok(json!({ "Errors": errors }))
    }

    pub(super) fn get_partition(&self, region: &str, input: &Value) -> Answer {
        let table = self.partitioned(region, input)?;
        let known = self.documents.get(region, PARTITION, &key(&table, &texts(&input["PartitionValues"])));
        known.map(|partition| json!({ "Partition": partition })).ok_or_else(|| absent("Cannot find partition."))
    }

    pub(super) fn get_partitions(&self, region: &str, input: &Value) -> Answer {
        if input["Expression"].as_str().is_some_and(|expression| !expression.is_empty()) {
            return Err(invalid("The local Glue does not filter partitions by an expression"));
        }
        let table = self.partitioned(region, input)?;
        Ok(paged("Partitions", self.partitions_of(region, &table), input, 1000))
    }

    pub(super) fn delete_partition(&self, region: &str, input: &Value) -> Answer {
        let table = self.partitioned(region, input)?;
        match self.drop_partition(region, &table, &texts(&input["PartitionValues"])) {
            true => Ok(json!({})),
            false => Err(absent("Cannot find partition.")),
        }
    }

    pub(super) fn batch_delete_partition(&self, region: &str, input: &Value) -> Answer {
        let table = self.partitioned(region, input)?;
        let mut errors = vec![];
        for wanted in input["PartitionsToDelete"].as_array().into_iter().flatten() {
            if !self.drop_partition(region, &table, &texts(&wanted["Values"])) {
                errors.push(failure(&wanted["Values"], &absent("Cannot find partition.")));
            }
        }
        Ok(json!({ "Errors": errors }))
    }

    fn partitioned(&self, region: &str, input: &Value) -> Result<Value, Refusal> {
        self.table(region, required(input, "DatabaseName")?, required(input, "TableName")?)
    }

    /// Returns the partitions of a table.
    pub(super) fn partitions_of(&self, region: &str, table: &Value) -> Vec<Value> {
        let mut partitions = self.all(region, PARTITION);
        partitions.retain(|partition| {
            partition["DatabaseName"] == table["DatabaseName"] && partition["TableName"] == table["Name"]
        });
        partitions
    }

    /// Removes a partition; says whether there was one.
    pub(super) fn drop_partition(&self, region: &str, table: &Value, values: &[String]) -> bool {
        self.documents.remove(region, PARTITION, &key(table, values)).is_some()
    }

    /// Adds a partition to a table.
    pub(super) fn add_partition(&self, region: &str, table: &Value, wanted: &Value) -> Result<(), Refusal> {
        let values = texts(&wanted["Values"]);
        if values.len() != table["PartitionKeys"].as_array().map_or(0, Vec::len) {
            return Err(invalid("The number of partition keys do not match the number of partition values"));
        }
        let mut partition = wanted.clone();
        partition["DatabaseName"] = table["DatabaseName"].clone();
        partition["TableName"] = table["Name"].clone();
        partition["CatalogId"] = json!(ACCOUNT);
        partition["CreationTime"] = json!(mint::now_seconds());
        if !self.documents.create(region, PARTITION, &key(table, &values), partition) {
            return Err(exists("Partition already exists."));
        }
        Ok(())
    }
}

fn failure(values: &Value, refusal: &Refusal) -> Value {
    let detail = json!({ "ErrorCode": refusal.code(), "ErrorMessage": refusal.message() });
    json!({ "PartitionValues": values, "ErrorDetail": detail })
}
