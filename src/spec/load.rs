//! From a file to a checked stack, or to everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::bucket_name::mentions;
use super::document::Document;
use super::moved::{MovedList, resolve};
use super::options::Options;
use super::parse::parse_table;
use super::splice::toml;
use super::stack::{Head, HeadTable, Stack, is_region};
use super::suggest::nearest;
use crate::diag::{Class, Diagnostic, Fix, Replacement, Severity};
use crate::kinds::base::{AnyTable, Declared, Entry, Finding, Resource, Table};
use crate::kinds::{KINDS, TABLES};
use crate::kinds::{bucket, network};
use crate::model::KeyPath;

/// One table of the file that is known by its first key.
struct Section {
    table: &'static dyn AnyTable,
    name: String,
    origin: KeyPath,
}

/// Reads and checks a stack file.
///
/// # Errors
/// Every mistake in the file, in the order of the file.
pub fn load(file: &Path, options: &Options<'_>) -> Result<Stack, Vec<Diagnostic>> {
    load_document(Document::parse(file, read(file)?)?, options)
}

/// Returns the text of a stack file.
pub(super) fn read(file: &Path) -> Result<String, Vec<Diagnostic>> {
    std::fs::read_to_string(file).map_err(|error| {
        let mut diagnostic = Diagnostic::error(Class::Usage, format!("cannot read `{}`", file.display()));
        diagnostic.causes.push(error.to_string());
        vec![diagnostic]
    })
}

/// Checks a document.
pub(super) fn load_document(document: Document, options: &Options<'_>) -> Result<Stack, Vec<Diagnostic>> {
    if let Some(region) = options.region.filter(|region| !is_region(region)) {
        let error = Diagnostic::error(Class::Usage, format!("`--region {region}` is no AWS region"));
        return Err(vec![error.hint("such as `us-east-2`")]);
    }
    let mut loader = Loader::new(document, options);
    let sections = loader.parse();
    loader.check(&sections);
    loader.finish(sections)
}

struct Loader<'a> {
    options: &'a Options<'a>,
    document: Document,
    tables: Vec<&'static dyn AnyTable>,
    declared: Declared,
    /// Tables that are there but wrong: a reference to them is not dangling.
    broken: Vec<(&'static str, String)>,
    found: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    fn new(document: Document, options: &'a Options<'a>) -> Self {
        let declared = Declared::new(document.file().parent().unwrap_or(Path::new("")));
        let own: [&'static dyn AnyTable; 2] = [&Head, &MovedList];
        let tables = TABLES.iter().chain(options.tables).copied().chain(own).collect();
        Self { options, document, tables, declared, broken: vec![], found: vec![] }
    }

    /// Parses every table; what is wrong goes to `found`.
    fn parse(&mut self) -> Vec<Section> {
        let mut sections = vec![];
        let members = self.document.values().as_object().cloned().unwrap_or_default();
        for (key, value) in &members {
            let Some(table) = self.tables.iter().find(|table| table.name() == key).copied() else {
                self.unknown_table(key);
                continue;
            };
            let named: Vec<(String, KeyPath, Value)> = match (table.is_single(), value) {
                (true, _) => vec![(single_name(table), KeyPath::new([key]), value.clone())],
                (false, Value::Object(named)) => {
                    let path = |name: &String| KeyPath::new([key, name]);
                    named.iter().map(|(name, value)| (name.clone(), path(name), value.clone())).collect()
                }
                (false, _) => {
                    let place = self.document.place(&KeyPath::new([key]), "not a table");
                    let error = Diagnostic::error(Class::Spec, format!("`{key}` needs a name")).at(Some(place));
                    self.found.push(error.hint(format!("write `[{key}.NAME]`")));
                    vec![]
                }
            };
            for (name, origin, value) in named {
                let (parsed, errors) = parse_table(table, &self.document, &origin, &value);
                self.found.extend(errors);
                match parsed {
                    Some(spec) => self.declared.insert(table.name(), &name, spec),
                    None => self.broken.push((table.name(), name.clone())),
                }
                sections.push(Section { table, name, origin });
            }
        }
        if !members.contains_key(Head::NAME) {
            let error =
                Diagnostic::error(Class::Spec, format!("`{}` has no `[stack]`", self.document.file().display()));
            self.found.push(error.hint("begin with `[stack]`, `name = \"…\"` and `region = \"us-east-2\"`"));
        }
        sections
    }

    fn unknown_table(&mut self, key: &str) {
        let place = self.document.key_place(&KeyPath::new([key]), "unknown table");
        let error = Diagnostic::error(Class::Spec, format!("unknown table `[{key}]`")).at(Some(place));
        let names = || self.tables.iter().map(|table| table.name());
        let hint = match nearest(key, names()) {
            Some(name) => format!("did you mean `[{name}]`?"),
            None => format!("known tables: {}", names().collect::<Vec<_>>().join(", ")),
        };
        self.found.push(error.hint(hint));
    }

    fn name_and_region(&self, head: &HeadTable) -> (String, String) {
        (head.name.clone(), self.options.region.unwrap_or(&head.region).to_owned())
    }

    fn head(&self) -> Option<&HeadTable> {
        self.declared.get::<Head>(Head::NAME)
    }

    /// Checks references, values and names of every table that was parsed.
    fn check(&mut self, sections: &[Section]) {
        let (stack, region) = self.head().map_or_else(Default::default, |head| self.name_and_region(head));
        let today = self.options.today;
        let mut found = vec![];
        let mut names: BTreeMap<(&str, String), KeyPath> = BTreeMap::new();
        for section in sections.iter().filter(|section| self.declared.has(section.table.name(), &section.name)) {
            let Section { table, name, origin } = section;
            for reference in table.references(&self.declared, name) {
                let is_there = self.declared.has(reference.table, &reference.name);
                let is_broken =
                    self.broken.iter().any(|(kind, key)| *kind == reference.table && *key == reference.name);
                if !is_there && !is_broken {
                    found.push(self.dangling(&origin.join(&reference.at), reference.table, &reference.name));
                } else if let Some(output) = &reference.output {
                    found.extend(self.no_output(&origin.join(&reference.at), reference.table, output));
                }
            }
            let entry = Entry { name, origin, stack: &stack, region: &region, today, all: &self.declared };
            for finding in table.check(entry) {
                found.extend(self.mentions(table.name(), origin, &finding));
                found.push(self.finding(origin, finding));
            }
            if let Some(unique) = table.unique_name(&self.declared, name)
                && let Some(first) = names.insert((table.name(), unique.clone()), origin.clone())
            {
                let place = self.document.place(&origin.then(name_key(table.name())), "used twice");
                let message = format!("`{origin}` and `{first}` have the same name `{unique}`");
                found.push(Diagnostic::error(Class::Spec, message).at(Some(place)).hint("AWS knows them by name"));
            }
        }
        self.found.extend(found);
    }

    fn dangling(&self, at: &KeyPath, table: &str, name: &str) -> Diagnostic {
        if table == network::NAME || table == "network" {
            let place = self.document.key_place(at, "needs a network");
            let message = format!("{} needs a network, but there is no `[network]`", self.document.spoken(at));
            let error = Diagnostic::error(Class::Spec, message);
            return error.at(Some(place)).hint("add `[network]` with `cidr` and `zones`");
        }
        let known = self.declared.names(table);
        let place = self.document.place(at, &format!("there is no `[{table}.{name}]`"));
        let message = format!("{} refers to `{table}.{name}`, which is not declared", self.document.spoken(at));
        let error = Diagnostic::error(Class::Spec, message);
        let hint = match (nearest(name, known.iter().copied()), known.is_empty()) {
            (Some(like), _) => format!("did you mean `{like}`?"),
            (None, false) => format!("declared: {}", known.join(", ")),
            (None, true) => format!("add a table `[{table}.{name}]`"),
        };
        error.at(Some(place)).hint(hint)
    }

    /// Tells of an output that a resource does not have.
    fn no_output(&self, at: &KeyPath, table: &str, output: &str) -> Option<Diagnostic> {
        let kind = KINDS.iter().find(|kind| kind.name() == table)?;
        let known = kind.output_names();
        if known.contains(&output) {
            return None;
        }
        let place = self.document.place(at, &format!("there is no output `{output}`"));
        let message = format!("{} uses `{output}`, which `{table}` does not offer", self.document.spoken(at));
        let error = Diagnostic::error(Class::Spec, message);
        let hint = match nearest(output, known.iter().copied()) {
            Some(like) => format!("did you mean `{like}`?"),
            None => format!("it offers: {}", known.join(", ")),
        };
        Some(error.at(Some(place)).hint(hint))
    }

    fn finding(&self, origin: &KeyPath, finding: Finding) -> Diagnostic {
        let at = origin.join(&finding.at);
        let place =
            if finding.at.is_empty() { self.document.key_place(origin, "") } else { self.document.place(&at, "") };
        let message = format!("{}: {}", self.document.spoken(&at), finding.message);
        let diagnostic = if finding.warning {
            Diagnostic::warning(Class::Spec, message)
        } else {
            Diagnostic::error(Class::Spec, message)
        };
        let diagnostic = diagnostic.at(Some(place));
        let line = finding.replacement.as_ref().map(|replacement| line(&at, replacement));
        let mut diagnostic = line.into_iter().chain(finding.hint).fold(diagnostic, Diagnostic::hint);
        diagnostic.fix = finding.replacement.map(|replacement| Fix { at, replacement });
        diagnostic
    }

    /// A bucket that gets another name is renamed wherever a text means it, too.
    fn mentions(&self, table: &str, origin: &KeyPath, finding: &Finding) -> Vec<Diagnostic> {
        let at = origin.join(&finding.at);
        let (Some(Replacement::Value(Value::String(new))), Some(Value::String(old))) =
            (&finding.replacement, self.document.value(&at))
        else {
            return vec![];
        };
        if table != <bucket::Bucket as Table>::NAME || finding.at != "name" {
            return vec![];
        }
        let tell = |(at, text): (KeyPath, String)| {
            let finding = Finding::warning("", format!("this means `{origin}`, which cannot be called `{old}`"));
            let diagnostic = self.finding(&at, finding.replace(text));
            diagnostic.at(Some(self.document.place(&at, "")))
        };
        mentions(&self.document, old, new).into_iter().map(tell).collect()
    }

    /// Expands the tables into resources, if nothing is wrong.
    fn finish(mut self, sections: Vec<Section>) -> Result<Stack, Vec<Diagnostic>> {
        self.found.sort_by_key(|one| one.place.as_ref().map(|place| place.span.start));
        let (errors, warnings): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.found).into_iter().partition(|one| one.severity == Severity::Error);
        let Some(head) = self.declared.get::<Head>(Head::NAME).filter(|_| errors.is_empty()) else {
            return Err(errors.into_iter().chain(warnings).collect());
        };
        let (stack, region) = self.name_and_region(head);
        let mut resources: Vec<Resource> = vec![];
        let mut known = BTreeSet::new();
        for Section { table, name, origin } in &sections {
            let today = self.options.today;
            let entry = Entry { name, origin, stack: &stack, region: &region, today, all: &self.declared };
            let expanded = table.expand(entry).map_err(|error| {
                let place = self.document.key_place(origin, "");
                vec![Diagnostic { class: Class::Spec, ..Diagnostic::from_error(&error) }.at(Some(place))]
            })?;
            // What several tables need, such as the group of the schedules, is one.
            resources.extend(expanded.into_iter().filter(|one| known.insert((one.address.clone(), one.hash.clone()))));
        }
        let moved = self.declared.get::<MovedList>(MovedList::NAME).map(|list| resolve(list)).unwrap_or_default();
        let (name, tags) = (stack, head.tags.clone());
        let Self { declared, document, .. } = self;
        let places = resources.iter().enumerate().map(|(place, one)| (one.address.clone(), place)).collect();
        let stack = Stack { name, region, tags, resources, declared, moved, document, warnings, places };
        match stack.graph().order() {
            Ok(_) => Ok(stack),
            Err(cycle) => Err(vec![Diagnostic::error(Class::Spec, cycle.to_string())]),
        }
    }
}

fn single_name(table: &dyn AnyTable) -> String {
    // The network's resources are named `main`; other tables without a name go by their own.
    if table.name() == network::Network::NAME { network::NAME.to_owned() } else { table.name().to_owned() }
}

/// Returns the line to paste.
fn line(at: &KeyPath, replacement: &Replacement) -> String {
    let key = at.last().unwrap_or_default();
    match replacement {
        Replacement::Value(value) => format!("write `{key} = {}`", toml(value)),
        Replacement::Entry(key, value) => format!("write `{key} = {}`", toml(value)),
        Replacement::Nothing => format!("take `{key}` out"),
    }
}

/// The key that holds the name by which AWS knows a table's main resource.
fn name_key(table: &str) -> &'static str {
    if ["mysql", "redshift"].contains(&table) { "identifier" } else { "name" }
}
