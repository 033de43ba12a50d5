//! From a file to a checked stack, or to everything that is wrong with it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::document::Document;
use super::parse::parse_table;
use super::stack::{Head, HeadTable, Stack};
use super::suggest::nearest;
use crate::diag::{Class, Diagnostic, Severity};
use crate::kinds::base::{AnyTable, Declared, Entry, Finding, Resource, Table};
use crate::kinds::network;
use crate::kinds::{KINDS, TABLES};
use crate::model::KeyPath;

/// One table of the file that is known by its first key.
struct Section {
    table: &'static dyn AnyTable,
    name: String,
    origin: KeyPath,
}

/// Reads and checks a stack file. `more` are tables of other rooms, such as the pipeline's.
///
/// # Errors
/// Every mistake in the file, in the order of the file.
pub fn load(file: &Path, more: &[&'static dyn AnyTable]) -> Result<Stack, Vec<Diagnostic>> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let mut diagnostic = Diagnostic::error(Class::Usage, format!("cannot read `{}`", file.display()));
        diagnostic.causes.push(error.to_string());
        vec![diagnostic]
    })?;
    let document = Document::parse(file, text)?;
    let mut loader = Loader::new(file, document, more);
    let sections = loader.parse();
    loader.check(&sections);
    loader.finish(sections)
}

struct Loader {
    document: Document,
    tables: Vec<&'static dyn AnyTable>,
    declared: Declared,
    /// Tables that are there but wrong: a reference to them is not dangling.
    broken: Vec<(&'static str, String)>,
    found: Vec<Diagnostic>,
}

impl Loader {
    fn new(file: &Path, document: Document, more: &[&'static dyn AnyTable]) -> Self {
        let base = file.parent().unwrap_or(Path::new(""));
        let tables = TABLES.iter().chain(more).copied().chain([&Head as &dyn AnyTable]).collect();
        Self { document, tables, declared: Declared::new(base), broken: vec![], found: vec![] }
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

    fn head(&self) -> Option<&HeadTable> {
        self.declared.get::<Head>(Head::NAME)
    }

    /// Checks references, values and names of every table that was parsed.
    fn check(&mut self, sections: &[Section]) {
        let (stack, region) =
            self.head().map_or_else(Default::default, |head| (head.name.clone(), head.region.clone()));
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
            let entry = Entry { name, origin, stack: &stack, region: &region, all: &self.declared };
            found.extend(table.check(entry).into_iter().map(|finding| self.finding(origin, finding)));
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
            let error = Diagnostic::error(Class::Spec, format!("`{at}` needs a network, but there is no `[network]`"));
            return error.at(Some(place)).hint("add `[network]` with `cidr` and `zones`");
        }
        let known = self.declared.names(table);
        let place = self.document.place(at, &format!("there is no `[{table}.{name}]`"));
        let error = Diagnostic::error(Class::Spec, format!("`{at}` refers to `{table}.{name}`, which is not declared"));
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
        let error = Diagnostic::error(Class::Spec, format!("`{at}` uses `{output}`, which `{table}` does not offer"));
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
        let message = format!("`{at}`: {}", finding.message);
        let diagnostic = if finding.warning {
            Diagnostic::warning(Class::Spec, message)
        } else {
            Diagnostic::error(Class::Spec, message)
        };
        let diagnostic = diagnostic.at(Some(place));
        match finding.hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }
    }

    /// Expands the tables into resources, if nothing is wrong.
    fn finish(mut self, sections: Vec<Section>) -> Result<Stack, Vec<Diagnostic>> {
        self.found.sort_by_key(|one| one.place.as_ref().map(|place| place.span.start));
        let (errors, warnings): (Vec<_>, Vec<_>) =
            self.found.into_iter().partition(|one| one.severity == Severity::Error);
        let Some(head) = self.declared.get::<Head>(Head::NAME).filter(|_| errors.is_empty()) else {
            return Err(errors.into_iter().chain(warnings).collect());
        };
        let mut resources: Vec<Resource> = vec![];
        for Section { table, name, origin } in &sections {
            let entry = Entry { name, origin, stack: &head.name, region: &head.region, all: &self.declared };
            let expanded = table.expand(entry).map_err(|error| {
                let place = self.document.key_place(origin, "");
                vec![Diagnostic { class: Class::Spec, ..Diagnostic::from_error(&error) }.at(Some(place))]
            })?;
            resources.extend(expanded);
        }
        let (name, region, tags) = (head.name.clone(), head.region.clone(), head.tags.clone());
        let stack = Stack { name, region, tags, resources, declared: self.declared, document: self.document, warnings };
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

/// The key that holds the name by which AWS knows a table's main resource.
fn name_key(table: &str) -> &'static str {
    if ["mysql", "redshift"].contains(&table) { "identifier" } else { "name" }
}
