//! What RDS serves of the files that a MySQL server writes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::LogsError;
use super::line::Event;
use super::server_log::{error_log, slow_log};
use crate::aws::{Clients, Sorted};

pub(super) const LIST: &str = "rds:DescribeDBLogFiles";
pub(super) const READ: &str = "rds:DownloadDBLogFilePortion";

/// How far each file was read: its size then, and where to go on.
pub(super) type Marks = BTreeMap<String, (i64, String)>;

/// Returns the entries of the error and slow query logs since a moment, from where the last look ended. RDS moves
/// entries from one file to another, so an entry can come twice; its id is its moment, its text, and how often the file has said so.
pub(super) async fn events(
    aws: &Clients,
    identifier: &str,
    since: Timestamp,
    marks: &Marks,
) -> Result<(Vec<Event>, Marks), LogsError> {
    let call = aws.rds.describe_db_log_files().db_instance_identifier(identifier);
    let mut files = call.file_last_written(since.as_millisecond()).into_paginator().items().send();
    let (mut found, mut now) = (vec![], marks.clone());
    while let Some(file) = files.next().await {
        let file = match file.named(LIST) {
            Err(error) if error.is_not_found() => return Ok((found, now)),
            file => file?,
        };
        let (name, size) = (file.log_file_name.unwrap_or_default(), file.size.unwrap_or_default());
        let parse = match name.split('/').next() {
            Some("error") => error_log,
            Some("slowquery") => slow_log,
            _ => continue,
        };
        // A file that shrank was begun anew under the same name.
        let mark = marks.get(&name).filter(|(before, _)| *before <= size).map_or("0", |(_, mark)| mark.as_str());
        let (text, mark) = read(aws, identifier, &name, mark).await?;
        let entries = parse(&text).into_iter().filter(|(at, _)| *at >= since);
        // MariaDB counts in seconds, and may well say the same twice in one.
        let mut times: BTreeMap<(Timestamp, String), usize> = BTreeMap::new();
        found.extend(entries.map(|(at, message)| {
            let count = times.entry((at, message.clone())).or_default();
            *count += 1;
            Event { id: format!("{at} {count} {message}"), at, message }
        }));
        now.insert(name, (size, mark));
    }
    Ok((found, now))
}

/// Reads a file from a mark to its end.
async fn read(aws: &Clients, identifier: &str, name: &str, mark: &str) -> Result<(String, String), LogsError> {
    let (mut text, mut mark) = (String::new(), mark.to_owned());
    loop {
        let call = aws.rds.download_db_log_file_portion().db_instance_identifier(identifier).log_file_name(name);
        let answer = match call.marker(&mark).send().await.named(READ) {
            // It was rotated away since it was listed.
            Err(error) if error.is_not_found() => return Ok((text, mark)),
            answer => answer?,
        };
        let portion = answer.log_file_data.unwrap_or_default();
        let next = answer.marker.unwrap_or_default();
        let is_over = !answer.additional_data_pending.unwrap_or_default() || next == mark || next.is_empty();
        text.push_str(&portion);
        if !next.is_empty() {
            mark = next;
        }
        if is_over {
            return Ok((text, mark));
        }
    }
}
