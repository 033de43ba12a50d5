//! Tables of the catalog.

use serde_json::{Value, json};

use super::partitions::PARTITION;
use super::refused::{absent, exists, required, texts};
use super::service::{Answer, Glue, paged};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;

/// The kind of document that a table is.
pub(super) const TABLE: &str = "table";

/// Names the document of a table.
fn key(database: &str, table: &str) -> String {
    format!("{database}/{table}")
}

impl Glue {
    pub(super) fn create_table(&self, region: &str, input: &Value) -> Answer {
        let database = self.database(region, required(input, "DatabaseName")?)?;
        let table = fresh(&database, &input["TableInput"])?;
        let (database, name) = (text(&table, "DatabaseName"), text(&table, "Name"));
        if !self.documents.create(region, TABLE, &key(&database, &name), table) {
            return Err(exists("Table already exists."));
        }
        Ok(json!({}))
    }

    pub(super) fn get_table(&self, region: &str, input: &Value) -> Answer {
        Ok(json!({ "Table": self.table(region, required(input, "DatabaseName")?, required(input, "Name")?)? }))
    }

    pub(super) fn get_tables(&self, region: &str, input: &Value) -> Answer {
        let database = self.database(region, required(input, "DatabaseName")?)?;
        let mut tables = self.tables_of(region, &text(&database, "Name"));
        if let Some(expression) = input["Expression"].as_str() {
            tables.retain(|table| matches(expression, &text(table, "Name")));
        }
        Ok(paged("TableList", tables, input, 100))
    }

    pub(super) fn update_table(&self, region: &str, input: &Value) -> Answer {
        let wanted = &input["TableInput"];
        let known = self.table(region, required(input, "DatabaseName")?, required(wanted, "Name")?)?;
        let database = json!({ "Name": known["DatabaseName"] });
        let mut table = fresh(&database, wanted)?;
        table["CreateTime"] = known["CreateTime"].clone();
        let version = known["VersionId"].as_str().and_then(|version| version.parse::<u64>().ok()).unwrap_or(0);
        table["VersionId"] = json!((version + 1).to_string());
        self.documents.put(region, TABLE, &key(&text(&table, "DatabaseName"), &text(&table, "Name")), table.clone());
        Ok(json!({}))
    }

    pub(super) fn delete_table(&self, region: &str, input: &Value) -> Answer {
        let known = self.table(region, required(input, "DatabaseName")?, required(input, "Name")?)?;
        self.drop_table(region, &text(&known, "DatabaseName"), &text(&known, "Name"));
        Ok(json!({}))
    }

    pub(super) fn batch_delete_table(&self, region: &str, input: &Value) -> Answer {
        let mut errors = vec![];
        for name in texts(&input["TablesToDelete"]) {
            let one = json!({ "DatabaseName": input["DatabaseName"], "Name": name });
            if let Err(refusal) = self.delete_table(region, &one) {
                let detail = json!({ "ErrorCode": refusal.code(), "ErrorMessage": refusal.message() });
                errors.push(json!({ "TableName": name, "ErrorDetail": detail }));
            }
        }
        Ok(json!({ "Errors": errors }))
    }

    /// Returns a table, whatever the case of the names.
    pub(super) fn table(&self, region: &str, database: &str, name: &str) -> Result<Value, Refusal> {
        self.database(region, database)?;
        let known = self.documents.get(region, TABLE, &key(&database.to_lowercase(), &name.to_lowercase()));
        known.ok_or_else(|| absent(format!("Entity Not Found: Table {name} not found.")))
    }

    /// Removes a table with its partitions.
    pub(super) fn drop_table(&self, region: &str, database: &str, name: &str) {
        for (partition, document) in self.documents.list(region, PARTITION) {
            if document["DatabaseName"] == database && document["TableName"] == name {
                self.documents.remove(region, PARTITION, &partition);
            }
        }
        self.documents.remove(region, TABLE, &key(database, name));
    }
}

/// Returns a table as it is first stored.
fn fresh(database: &Value, wanted: &Value) -> Result<Value, Refusal> {
    let mut table = wanted.clone();
    table["Name"] = json!(required(wanted, "Name")?.to_lowercase());
    table["DatabaseName"] = database["Name"].clone();
    table["CatalogId"] = json!(ACCOUNT);
    table["CreateTime"] = json!(mint::now_seconds());
    table["UpdateTime"] = json!(mint::now_seconds());
    table["VersionId"] = json!("0");
    table["IsRegisteredWithLakeFormation"] = json!(false);
    if table["PartitionKeys"].is_null() {
        table["PartitionKeys"] = json!([]);
    }
    if table["Retention"].is_null() {
        table["Retention"] = json!(0);
    }
    Ok(table)
}

fn text(document: &Value, member: &str) -> String {
    document[member].as_str().unwrap_or_default().to_owned()
}

/// Matches the patterns that people write: letters with `*` or `.*` for anything.
fn matches(expression: &str, name: &str) -> bool {
    let pieces: Vec<&str> = expression.split('*').map(|piece| piece.trim_end_matches('.')).collect();
    let [first, middle @ .., last] = pieces.as_slice() else { return expression == name };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for piece in middle {
        let Some(place) = rest.find(piece) else { return false };
        rest = &rest[place + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("output", "output") && matches("out*", "output") && matches(".*put", "output"));
        assert!(!matches("out", "output") && !matches("x*", "output"));
    }
}
