//! Writes what was found into the catalog, as the crawler's policy for changes says.

use std::collections::BTreeSet;

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
        let known = self.partitions_of(region, &table).iter().map(|known| texts(&known["Values"])).collect();
        for values in outdated(known, found, policy) {
            self.drop_partition(region, &table, &values);
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

/// Returns those of the known partitions that are not to stay as they are: what is found again is written anew.
fn outdated(mut known: Vec<Vec<String>>, found: &Found, policy: &Value) -> Vec<Vec<String>> {
    let deletes = policy["DeleteBehavior"] == "DELETE_FROM_DATABASE";
    let updates = policy["UpdateBehavior"] != "LOG";
    let there: BTreeSet<&Vec<String>> = found.partitions.iter().map(|partition| &partition.values).collect();
    known.retain(|values| {
        // Those of another layout cannot be read with the new keys.
        let fits = values.len() == found.partition_keys.len();
        !fits || if there.contains(values) { updates } else { deletes }
    });
    known
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::localcloud::glue::crawl::folders::{DataFile, group};
    use crate::localcloud::glue::crawl::found::Format;

    fn found(keys: &[&str]) -> Found {
        let files = keys.iter().map(|key| DataFile { key: (*key).to_owned(), bytes: 1 }).collect();
        let folder = group("lake", "Output/", files).remove(0);
        Found {
            name: folder.name,
            location: folder.prefix,
            columns: vec![],
            format: Format::default(),
            parameters: serde_json::Map::new(),
            partition_keys: folder.partition_keys,
            partitions: folder.partitions,
        }
    }

    #[test]
    fn partitions_go_with_their_folders_as_the_policy_says() {
        let found = found(&["Output/load_id=2/year=2011/month=1/a.csv.gz"]);
        let words = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let (stays, gone, other) = (words(&["2", "2011", "1"]), words(&["1", "2011", "1"]), words(&["2011"]));
        let asked = |update: &str, delete: &str| {
            let policy = json!({ "UpdateBehavior": update, "DeleteBehavior": delete });
            outdated(vec![stays.clone(), gone.clone(), other.clone()], &found, &policy)
        };
        assert_eq!(asked("LOG", "LOG"), std::slice::from_ref(&other));
        assert_eq!(asked("UPDATE_IN_DATABASE", "LOG"), [stays.clone(), other.clone()]);
        assert_eq!(asked("LOG", "DELETE_FROM_DATABASE"), [gone.clone(), other.clone()]);
    }
}
