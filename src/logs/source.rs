//! What writes logs, and where.

use crate::kinds::base::Resource;
use crate::kinds::glue::crawler::Crawler;
use crate::kinds::glue::job::Job;
use crate::kinds::lambda::Function;
use crate::kinds::log_group::LogGroup;
use crate::kinds::mysql::Instance;
use crate::model::Address;
use crate::spec::Stack;

use super::LogsError;

/// Something that writes a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its address, such as `lambda.reader`.
    pub address: String,
    /// What it is.
    pub writer: Writer,
}

/// What writes a log, by the name that AWS knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// A function, by its log group.
    Function {
        /// The log group.
        group: String,
    },
    /// A Glue job; each run is a stream of groups that all jobs share.
    Job {
        /// The job's name.
        name: String,
    },
    /// A crawler: a stream of a group that all crawlers share.
    Crawler {
        /// The crawler's name.
        name: String,
    },
    /// A MySQL instance with its error log and its slow query log.
    Server {
        /// The instance's identifier.
        identifier: String,
    },
}

/// Returns what writes logs in a stack: all of it, or what one resource or table stands for.
///
/// # Errors
/// If nothing has that address, or if what has it writes no log.
pub fn sources(stack: &Stack, address: Option<&str>) -> Result<Vec<Source>, LogsError> {
    let all: Vec<(&Resource, Source)> =
        stack.resources.iter().filter_map(|one| Some((one, source(stack, one)?))).collect();
    let known = || all.iter().map(|(_, source)| format!("`{}`", source.address)).collect();
    let Some(wanted) = address else { return Ok(all.into_iter().map(|(_, source)| source).collect()) };
    let Some(origin) = origin(stack, wanted) else {
        return Err(LogsError::Unknown { address: wanted.to_owned(), known: known() });
    };
    // The log group or the schema of a table has the log of what the table is about.
    let meant: Vec<Source> =
        all.iter().filter(|(one, _)| one.origin == *origin).map(|(_, source)| source.clone()).collect();
    if meant.is_empty() {
        return Err(LogsError::Silent { address: wanted.to_owned(), known: known() });
    }
    Ok(meant)
}

/// Returns the table that an address means: its own, or that of the resource.
fn origin<'a>(stack: &'a Stack, wanted: &str) -> Option<&'a crate::model::KeyPath> {
    let is_meant = |one: &&Resource| one.address.to_string() == wanted || one.origin.to_string() == wanted;
    stack.resources.iter().find(is_meant).map(|one| &one.origin)
}

fn source(stack: &Stack, resource: &Resource) -> Option<Source> {
    let writer = if let Some(function) = resource.spec::<Function>() {
        let declared = stack.resource(&function.log_group).and_then(|group| group.spec::<LogGroup>());
        let group = declared.map_or_else(|| format!("/aws/lambda/{}", function.name), |group| group.name.clone());
        Writer::Function { group }
    } else if resource.spec::<Job>().is_some() {
        Writer::Job { name: resource.identity()? }
    } else if resource.spec::<Crawler>().is_some() {
        Writer::Crawler { name: resource.identity()? }
    } else if resource.spec::<Instance>().is_some() {
        Writer::Server { identifier: resource.identity()? }
    } else {
        return None;
    };
    let Address { kind, name } = &resource.address;
    Some(Source { address: format!("{kind}.{name}"), writer })
}
