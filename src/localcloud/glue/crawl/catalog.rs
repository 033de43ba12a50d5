//! Writes what was found into the catalog, as the crawler's policy for changes says.

use serde_json::{Value, json};

use super::found::Found;
use crate::localcloud::glue::refused::texts;
use crate::localcloud::glue::service::Glue;
use crate::localcloud::glue::tables::TABLE;
use crate::localcloud::refusal::Refusal;

impl Glue {
    /// Creates and updates the tables of a crawl, and sees to those that it found before and are gone.
    pub(super) fn write_down(
        &self,
        region: &str,
        crawler: &Value,
        found: Vec<Found>,
        say: &(dyn Fn(String) + Sync),
    ) -> Result<(), Refusal> {
        let database = crawler["DatabaseName"].as_str().unwrap_or_default().to_lowercase();
        let crawler_name = crawler["Name"].as_str().unwrap_or_default();
        let prefix = crawler["TablePrefix"].as_str().unwrap_or_default();
        let updates = crawler["SchemaChangePolicy"]["UpdateBehavior"] != "LOG";
        let mut names = vec![];
        for table in &found {
            let name = unused(table.catalog_name(prefix), &names, table);
            let input = json!({ "DatabaseName": database, "TableInput": table.table_input(&name, crawler_name) });
            match self.create_table(region, &input) {
                Ok(_) => say(format!("Created table {name} in database {database}")),
                Err(_) if updates => {
                    self.update_table(region, &input)?;
                    say(format!("Updated table {name} in database {database}"));
                }
                Err(_) => say(format!("Table {name} exists and is left as it is")),
            }
            self.write_partitions(region, crawler, &name, table)?;
            names.push(name);
        }
        self.see_to_gone(region, crawler, &names, say);
        Ok(())
    }

    /// Writes the partitions of a table and sees to those whose folders are gone.
    fn write_partitions(&self, region: &str, crawler: &Value, name: &str, found: &Found) -> Result<(), Refusal> {
        let database = crawler["DatabaseName"].as_str().unwrap_or_default();
        let policy = &crawler["SchemaChangePolicy"];
        let table = self.table(region, database, name)?;
        let deletes = policy["DeleteBehavior"] == "DELETE_FROM_DATABASE";
        for known in self.partitions_of(region, &table) {
            let values = texts(&known["Values"]);
            let is_there = found.partitions.iter().any(|partition| partition.values == values);
            // Those of another layout cannot be read with the new keys.
            let fits = values.len() == found.partition_keys.len();
            let updates = policy["UpdateBehavior"] != "LOG";
            if !fits || (is_there && updates) || (!is_there && deletes) {
                self.drop_partition(region, &table, &values);
            }
        }
        for partition in &found.partitions {
            let input = found.partition_input(partition, &table);
            match self.add_partition(region, &table, &input) {
                Err(refusal) if refusal.code() != "AlreadyExistsException" => return Err(refusal),
                _ => {}
            }
        }
        Ok(())
    }

    /// Deletes or marks the tables of this crawler that it no longer finds.
    fn see_to_gone(&self, region: &str, crawler: &Value, names: &[String], say: &(dyn Fn(String) + Sync)) {
        let database = crawler["DatabaseName"].as_str().unwrap_or_default().to_lowercase();
        let behavior = crawler["SchemaChangePolicy"]["DeleteBehavior"].as_str().unwrap_or_default();
        for table in self.tables_of(region, &database) {
            let name = table["Name"].as_str().unwrap_or_default();
            let is_ours = table["Parameters"]["UPDATED_BY_CRAWLER"] == crawler["Name"];
            if !is_ours || names.iter().any(|known| known == name) {
                continue;
            }
            match behavior {
                "DELETE_FROM_DATABASE" => self.drop_table(region, &database, name),
                "DEPRECATE_IN_DATABASE" => {
                    let moment = jiff::Timestamp::now().as_millisecond().to_string();
                    self.documents.edit(region, TABLE, &format!("{database}/{name}"), |table| {
                        table["Parameters"]["DEPRECATED_BY_CRAWLER"] = json!(moment);
                    });
                }
                _ => {}
            }
            say(format!("Table {name} was not found any more: {behavior}"));
        }
    }
}

/// Gives the second table of a name a suffix that its place decides, as Glue does.
fn unused(name: String, taken: &[String], table: &Found) -> String {
    use sha2::{Digest, Sha256};
    if !taken.contains(&name) {
        return name;
    }
    let digest = hex::encode(Sha256::digest(&table.location));
    format!("{name}_{}", &digest[..32])
}
