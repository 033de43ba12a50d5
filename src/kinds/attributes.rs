//! Holds every kind to its word: what can be declared of it is named among its attributes.

use std::collections::BTreeMap;
use std::path::Path;

use super::base::{Answer, Declared, Entry, Resource};
use super::{KINDS, TABLES, network};
use crate::model::KeyPath;

/// Expands every table of a shipped stack file, as the room that reads such files does.
fn resources(file: &str) -> Vec<Resource> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let document: BTreeMap<String, serde_json::Value> = toml::from_str(&text).unwrap();
    let mut declared = Declared::new(path.parent().unwrap());
    let mut sections = vec![];
    for table in TABLES.iter().filter(|table| document.contains_key(table.name())) {
        let value = &document[table.name()];
        let named = if table.is_single() {
            vec![(network::NAME.to_owned(), value.clone())]
        } else {
            value.as_object().unwrap().clone().into_iter().collect()
        };
        for (name, value) in named {
            declared.insert(table.name(), &name, table.parse(&value).unwrap());
            sections.push((table, name));
        }
    }
    let origin = KeyPath::new(["here"]);
    let expand = |(table, name): &(&&dyn super::base::AnyTable, String)| {
        let entry = Entry {
            name,
            origin: &origin,
            stack: "shop",
            region: "us-east-2",
            today: jiff::civil::date(2026, 11, 23),
            all: &declared,
        };
        table.expand(entry).unwrap()
    };
    sections.iter().flat_map(expand).collect()
}

#[test]
fn every_declared_field_has_an_attribute() {
    let mut wrong = vec![];
    for resource in resources("ecommerce.toml") {
        let attributes = resource.kind.attributes();
        for field in resource.kind.declared(&resource).as_object().unwrap().keys() {
            if !attributes.iter().any(|attribute| attribute.covers(field)) {
                wrong.push(format!("{}.{field}", resource.kind.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "no attribute covers {}", wrong.join(", "));
}

#[test]
fn attributes_are_named_once_and_say_where_they_are_read() {
    for kind in KINDS {
        let mut names = vec![];
        for attribute in kind.attributes() {
            let place = format!("{}.{}", kind.name(), attribute.name);
            // One name may have two answers: a dynamic parameter changes in place, a static one with a restart.
            assert!(!names.contains(&(attribute.name, attribute.answer)), "{place} is named twice");
            names.push((attribute.name, attribute.answer));
            let is_read = attribute.read.split_once(':').is_some_and(|(service, call)| {
                !service.is_empty() && call.starts_with(|letter: char| letter.is_ascii_uppercase())
            });
            let is_ignored = matches!(attribute.answer, Answer::Ignored(_));
            assert!(is_read != is_ignored, "{place} is read by `{}`", attribute.read);
        }
    }
}
