//! Databases of the catalog. Names are kept in lower case, as Glue does for Hive's sake.

use serde_json::{Value, json};

use super::refused::{absent, exists, invalid, required};
use super::service::{Answer, Glue};
use super::tables::TABLE;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;

/// The kind of document that a database is.
pub(super) const DATABASE: &str = "database";

impl Glue {
    pub(super) fn create_database(&self, region: &str, input: &Value) -> Answer {
        let mut database = input["DatabaseInput"].clone();
        let name = required(&database, "Name")?.to_lowercase();
        if name.len() > 255 {
            return Err(invalid("Database name is too long"));
        }
        database["Name"] = json!(name);
        database["CatalogId"] = json!(ACCOUNT);
        database["CreateTime"] = json!(mint::now_seconds());
        if !self.documents.create(region, DATABASE, &name, database) {
            return Err(exists("Database already exists."));
        }
        self.put_tags(region, DATABASE, &name, &input["Tags"]);
        Ok(json!({}))
    }

    pub(super) fn get_database(&self, region: &str, input: &Value) -> Answer {
        Ok(json!({ "Database": self.database(region, required(input, "Name")?)? }))
    }

    pub(super) fn get_databases(&self, region: &str, input: &Value) -> Answer {
        Ok(self.paged_documents("DatabaseList", region, DATABASE, input, 100))
    }

    pub(super) fn update_database(&self, region: &str, input: &Value) -> Answer {
        let known = self.database(region, required(input, "Name")?)?;
        let mut database = input["DatabaseInput"].clone();
        for member in ["Name", "CatalogId", "CreateTime"] {
            database[member] = known[member].clone();
        }
        self.documents.put(region, DATABASE, known["Name"].as_str().unwrap_or_default(), database);
        Ok(json!({}))
    }

    /// Deletes a database with its tables.
    pub(super) fn delete_database(&self, region: &str, input: &Value) -> Answer {
        let known = self.database(region, required(input, "Name")?)?;
        let name = known["Name"].as_str().unwrap_or_default();
        for table in self.tables_of(region, name) {
            self.drop_table(region, name, table["Name"].as_str().unwrap_or_default());
        }
        self.documents.remove(region, DATABASE, name);
        self.drop_tags(region, DATABASE, name);
        Ok(json!({}))
    }

    /// Returns a database, whatever the case of the name.
    pub(super) fn database(&self, region: &str, name: &str) -> Result<Value, Refusal> {
        let known = self.documents.get(region, DATABASE, &name.to_lowercase());
        known.ok_or_else(|| absent(format!("Database {name} not found.")))
    }

    /// Returns the tables of a database.
    pub(super) fn tables_of(&self, region: &str, database: &str) -> Vec<Value> {
        let mut tables = self.all(region, TABLE);
        tables.retain(|table| table["DatabaseName"] == database);
        tables
    }
}
