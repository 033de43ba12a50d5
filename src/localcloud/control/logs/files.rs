//! The events of streams on the disk.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    #[serde(rename = "t")]
    pub(super) timestamp: i64,
    #[serde(rename = "i")]
    pub(super) ingested: i64,
    #[serde(rename = "m")]
    pub(super) message: String,
}

/// Where the events of a region lie.
#[derive(Debug, Clone)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    /// Takes the folder of every region's events.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Adds events to a stream in one write.
    pub(super) fn append(&self, region: &str, group: &str, stream: &str, events: &[Event]) -> std::io::Result<()> {
        let path = self.path(region, group, stream);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut text = Vec::new();
        for event in events {
            serde_json::to_writer(&mut text, event)?;
            text.push(b'\n');
        }
        OpenOptions::new().create(true).append(true).open(path)?.write_all(&text)
    }

    /// Returns the events of a stream in the order of their times. A line that a crash cut off is left out.
    pub(super) fn read(&self, region: &str, group: &str, stream: &str) -> Vec<Event> {
        self.placed(region, group, stream).into_iter().map(|(_, event)| event).collect()
    }

    /// Returns the same, each with the number of its line, which stays what it is when an older event comes later.
    pub(super) fn placed(&self, region: &str, group: &str, stream: &str) -> Vec<(usize, Event)> {
        let text = fs::read_to_string(self.path(region, group, stream)).unwrap_or_default();
        let lines = text.lines().enumerate();
        let mut events: Vec<(usize, Event)> =
            lines.filter_map(|(place, line)| Some((place, serde_json::from_str(line).ok()?))).collect();
        events.sort_by_key(|(_, event)| event.timestamp);
        events
    }

    /// Removes the events of a stream.
    pub(super) fn remove(&self, region: &str, group: &str, stream: &str) -> std::io::Result<()> {
        gone(fs::remove_file(self.path(region, group, stream)))
    }

    /// Removes the events of a group.
    pub(super) fn remove_group(&self, region: &str, group: &str) -> std::io::Result<()> {
        gone(fs::remove_dir_all(self.group(region, group)))
    }

    fn group(&self, region: &str, group: &str) -> PathBuf {
        self.root.join(region).join(short(group))
    }

    fn path(&self, region: &str, group: &str, stream: &str) -> PathBuf {
        self.group(region, group).join(short(stream)).with_extension("jsonl")
    }
}

/// Returns a file name for a name that may be anything.
fn short(name: &str) -> impl AsRef<Path> {
    hex::encode(&Sha256::digest(name.as_bytes())[..16])
}

fn gone(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
