//! The manifest of a `COPY`: a list of the objects to load.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use serde::Deserialize;

use super::network::{Place, s3_error};
use crate::localcloud::redshift::sql::Format;

#[derive(Deserialize)]
struct Manifest {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    url: String,
    #[serde(default)]
    mandatory: bool,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    content_length: u64,
}

/// Returns the objects of the manifest at `place`; a missing one fails the load if it is mandatory.
pub(super) async fn objects(client: &Client, place: &Place, format: &Format) -> Result<Vec<Place>, String> {
    let asked = client.get_object().bucket(&place.bucket).key(&place.prefix).send().await;
    let body = asked.map_err(|error| s3_error(&error, &place.bucket))?.body;
    let text = body.collect().await.map_err(|error| format!("ERROR: {error}"))?.into_bytes();
    let mut found = vec![];
    for (object, mandatory) in listed(&text, format)? {
        let head = client.head_object().bucket(&object.bucket).key(&object.prefix).send().await;
        match head {
            Ok(_) => found.push(object),
            Err(error) if !mandatory && matches!(error.code(), Some("NotFound" | "NoSuchKey")) => {}
            Err(error) => return Err(s3_error(&error, &object.bucket)),
        }
    }
    Ok(found)
}

/// Reads a manifest; columnar files must be listed with their lengths.
fn listed(text: &[u8], format: &Format) -> Result<Vec<(Place, bool)>, String> {
    let bad = |why: String| format!("ERROR: Manifest file is not in correct json format: {why}");
    let manifest: Manifest = serde_json::from_slice(text).map_err(|error| bad(error.to_string()))?;
    let place = |entry: Entry| {
        if *format == Format::Parquet && entry.meta.is_none_or(|meta| meta.content_length == 0) {
            return Err(bad(format!("{} has no meta.content_length", entry.url)));
        }
        Ok((Place::parse(&entry.url)?, entry.mandatory))
    };
    manifest.entries.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_objects_and_parquet_needs_lengths() {
        let text = br#"{"entries": [{"url": "s3://b/a.gz", "mandatory": true}, {"url": "s3://c/d"}]}"#;
        let csv = Format::Delimited { delimiter: b',', quote: None };
        let places: Vec<_> = listed(text, &csv).unwrap();
        let place = |bucket: &str, key: &str| Place { bucket: bucket.to_owned(), prefix: key.to_owned() };
        assert_eq!(places, [(place("b", "a.gz"), true), (place("c", "d"), false)]);
        assert!(listed(text, &Format::Parquet).unwrap_err().contains("content_length"));
        let long = br#"{"entries": [{"url": "s3://b/a", "meta": {"content_length": 7}}]}"#;
        assert!(listed(long, &Format::Parquet).is_ok());
        assert!(listed(b"{}", &csv).is_err());
    }
}
