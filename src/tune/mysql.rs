//! Parameters of a MySQL server for loading a file, from the memory of its class and the size of the file. Pure.

use serde_json::{Value, json};

use crate::kinds::mysql::{Class, MysqlTable, has_redo_log_capacity};

const MIB: u64 = 1024 * 1024;

/// Redo log that one byte of a CSV file makes, in percent: the 45,038,728 bytes of the shipped stack's data set made
/// 75,211,724 bytes of redo when the shipped loader loaded them (MariaDB 10.11, `Innodb_os_log_written`).
const REDO_PERCENT: u64 = 170;

/// How full the redo log may become, in percent, before InnoDB makes statements wait for a checkpoint: a little less
/// than where InnoDB itself begins to, so that a load never comes there.
const FILL_PERCENT: u64 = 75;

/// What RDS gives `innodb_redo_log_capacity` where nobody sets it.
const REDO_DEFAULT_MIB: u64 = 256;

/// The largest that RDS itself makes the redo log.
const REDO_MOST_MIB: u64 = 16 * 1024;

/// What is known of the server.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// The table of the stack file.
    pub table: &'a MysqlTable,
    /// Its class.
    pub class: Class,
    /// The size of the file to load, unzipped.
    pub data_bytes: Option<u64>,
}

/// A suggested value.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The parameter.
    pub name: &'static str,
    /// What the stack file says.
    pub declared: Option<String>,
    /// What it should say.
    pub value: Value,
    /// Why.
    pub why: String,
}

impl Suggestion {
    /// Returns whether the stack file says something else.
    pub fn is_change(&self) -> bool {
        let value = self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned);
        self.declared.as_ref() != Some(&value)
    }
}

/// Suggests parameters, each with its reason. A declared value that is as good stays.
pub fn advise(server: &Server<'_>) -> Vec<Suggestion> {
    let redo = redo_log(server);
    let mut all = vec![buffer_pool(server), redo.0, log_buffer(server, redo.1), packet(server), local_infile(server)];
    all.extend(io_capacity(server));
    all.push(read_timeout(server));
    all.extend(log_output(server));
    all
}

impl Server<'_> {
    fn declared(&self, name: &str) -> Option<String> {
        self.table.parameters.get(name).map(|value| value.0.clone())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.declared(name)?.parse().ok()
    }

    /// Returns the bytes of redo log that the load makes.
    fn redo_bytes(&self) -> Option<u64> {
        Some(self.data_bytes?.saturating_mul(REDO_PERCENT) / 100)
    }

    fn suggest(&self, name: &'static str, value: impl Into<Value>, why: impl Into<String>) -> Suggestion {
        Suggestion { name, declared: self.declared(name), value: value.into(), why: why.into() }
    }
}

/// Most of the memory caches pages; what the system, RDS and connections need is fixed, so small classes give less.
fn buffer_pool(server: &Server<'_>) -> Suggestion {
    const NAME: &str = "innodb_buffer_pool_size";
    let (class, memory) = (&server.table.class, server.class.memory_mib);
    if memory >= 4 * 1024 {
        let why =
            format!("three quarters of the memory that `{class}` leaves; a formula, so that it follows the class");
        return server.suggest(NAME, "{DBInstanceClassMemory*3/4}", why);
    }
    let (part, of) = if memory >= 2 * 1024 { (1, 2) } else { (3, 8) };
    // The server rounds up to whole chunks of 128 MiB.
    let pool = memory * part / of / 128 * 128;
    let why = format!(
        "{part}/{of} of the {} of `{class}`: the system, RDS's own processes and connections need the rest, and the \
         three quarters that RDS takes by itself would make a small class swap",
        size(memory * MIB)
    );
    server.suggest(NAME, pool * MIB, why)
}

/// Returns the suggestion and the capacity in bytes.
fn redo_log(server: &Server<'_>) -> (Suggestion, u64) {
    let has_capacity = has_redo_log_capacity(&server.table.version);
    let (name, files) = if has_capacity { ("innodb_redo_log_capacity", 1) } else { ("innodb_log_file_size", 2) };
    // It takes storage away from the data, and a crash reads it from its beginning.
    let storage_mib = u64::try_from(server.table.storage_gib).unwrap_or_default() * 1024;
    let most = (storage_mib / 10).clamp(REDO_DEFAULT_MIB, REDO_MOST_MIB);
    let needed = server.redo_bytes().map(|bytes| (bytes * 100 / FILL_PERCENT).div_ceil(MIB).next_power_of_two());
    let wanted = needed.unwrap_or(REDO_DEFAULT_MIB).clamp(REDO_DEFAULT_MIB, most);
    let declared = server.number(name).map(|bytes| bytes * files);
    let kept = declared.filter(|bytes| (wanted * MIB..=most * MIB).contains(bytes));
    let capacity = kept.unwrap_or(wanted * MIB);
    let mut why = match server.redo_bytes() {
        Some(bytes) => format!(
            "the load writes about {} of redo log ({REDO_PERCENT}% of the file), which must stay below {FILL_PERCENT}% of \
             this, or the load waits for checkpoints",
            size(bytes)
        ),
        None => format!("no file was named, so no less than RDS's own {}", size(REDO_DEFAULT_MIB * MIB)),
    };
    if needed.is_some_and(|needed| needed > most) {
        why = format!("{why}; no more than {}, a tenth of the storage, so it will wait now and then", size(most * MIB));
    } else if kept.is_some_and(|kept| kept > wanted * MIB) {
        why = format!("{why}: what is declared is enough");
    }
    if files > 1 {
        why = format!("{why}; there are {files} files of this size, and changing it asks for a restart");
    }
    (server.suggest(name, capacity / files, why), capacity)
}

/// What one transaction writes before its commit goes through this buffer.
fn log_buffer(server: &Server<'_>, redo_capacity: u64) -> Suggestion {
    const NAME: &str = "innodb_log_buffer_size";
    let most = (server.class.memory_mib / 16).clamp(16, 256);
    let wanted = server.redo_bytes().map_or(16, |bytes| (bytes / 4).div_ceil(MIB).next_power_of_two());
    let wanted = wanted.clamp(16, most.min(redo_capacity / MIB / 4).max(16));
    let kept = server.number(NAME).filter(|bytes| (wanted * MIB..=most.max(16) * MIB).contains(bytes));
    let why = format!(
        "a load is one transaction: what does not fit is written in between; at most a sixteenth of the memory, {}",
        size(most * MIB)
    );
    server.suggest(NAME, kept.unwrap_or(wanted * MIB), why)
}

/// A packet is held in memory whole, by the server and for each connection.
fn packet(server: &Server<'_>) -> Suggestion {
    const NAME: &str = "max_allowed_packet";
    const WANTED_MIB: u64 = 64;
    let most = (server.class.memory_mib / 4).clamp(WANTED_MIB, 1024) * MIB;
    let declared = server.number(NAME);
    let kept = declared.filter(|bytes| (WANTED_MIB * MIB..=most).contains(bytes));
    let why = match declared.filter(|bytes| *bytes > most) {
        Some(bytes) => format!(
            "a packet is held in memory whole, and {} are more than a quarter of the {} of `{}`; rows of a load come \
             in packets far below {WANTED_MIB} MiB",
            size(bytes),
            size(server.class.memory_mib * MIB),
            server.table.class
        ),
        None => format!("MySQL 8.4's own {WANTED_MIB} MiB; RDS may give less, and a long row must fit"),
    };
    server.suggest(NAME, kept.unwrap_or(WANTED_MIB * MIB), why)
}

fn local_infile(server: &Server<'_>) -> Suggestion {
    server.suggest(
        "local_infile",
        1,
        "without it the server refuses `LOAD DATA LOCAL INFILE`, by which the loader loads",
    )
}

/// How fast pages are flushed in the background: MySQL 8.4 counts on the disks of today by itself.
fn io_capacity(server: &Server<'_>) -> Option<Suggestion> {
    const NAME: &str = "innodb_io_capacity";
    let is_old = server.table.version.starts_with("8.0") || server.table.version.starts_with("5.");
    let why = "half of the 3,000 operations a second that gp3 storage always has; the 200 of this version are those of a \
               single disk, and a load that outruns flushing waits";
    is_old.then(|| server.suggest(NAME, server.number(NAME).filter(|number| *number >= 1_500).unwrap_or(1_500), why))
}

/// The loader reads from S3 while it sends, and a read from S3 may take as long as its own time limit.
fn read_timeout(server: &Server<'_>) -> Suggestion {
    const NAME: &str = "net_read_timeout";
    let kept = server.number(NAME).filter(|seconds| *seconds >= 120);
    let why = "the loader reads from S3 while it sends, and S3 may keep it waiting for 60 s; after 30 s, the default, \
               the server would end the load";
    server.suggest(NAME, kept.unwrap_or(120), why)
}

/// Slow queries that go to a table are in no file.
fn log_output(server: &Server<'_>) -> Option<Suggestion> {
    let is_on = server.declared("slow_query_log").is_some_and(|value| value == "1");
    let why = "slow queries go to a file, which `stack logs` shows, and not to a table";
    is_on.then(|| server.suggest("log_output", "FILE", why))
}

/// Returns a size as people read it.
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1024 * MIB && bytes.is_multiple_of(1024 * MIB) => format!("{} GiB", bytes / MIB / 1024),
        _ => format!("{} MiB", bytes.div_ceil(MIB)),
    }
}

/// Returns suggestions as JSON.
impl From<&Suggestion> for Value {
    fn from(one: &Suggestion) -> Self {
        let Suggestion { name, declared, value, why } = one;
        json!({ "name": name, "declared": declared, "suggested": value, "change": one.is_change(), "why": why })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kinds::mysql::class;

    /// Suggested values by name, as the stack file would say them.
    fn advice(
        class_name: &str,
        version: &str,
        data_mib: Option<u64>,
        declared: &[(&str, u64)],
    ) -> BTreeMap<String, String> {
        let parameters: BTreeMap<&str, u64> = declared.iter().copied().collect();
        let table = json!({
            "identifier": "x", "class": class_name, "version": version, "storage_gib": 100, "database": "d",
            "parameters": parameters,
        });
        let table: MysqlTable = serde_json::from_value(table).unwrap();
        let server =
            Server { table: &table, class: class(class_name).unwrap(), data_bytes: data_mib.map(|it| it * MIB) };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        advise(&server).iter().map(|one| (one.name.to_owned(), text(&one.value))).collect()
    }

    fn mib(count: u64) -> String {
        (count * MIB).to_string()
    }

    #[test]
    fn memory_decides_the_buffer_pool() {
        let pool = |name: &str| advice(name, "8.4", None, &[])["innodb_buffer_pool_size"].clone();
        assert_eq!(pool("db.t4g.micro"), mib(384));
        assert_eq!(pool("db.t4g.small"), mib(1024));
        assert_eq!(pool("db.m7g.large"), "{DBInstanceClassMemory*3/4}");
    }

    #[test]
    fn the_file_decides_the_redo_log_within_what_the_storage_allows() {
        let redo = |data, declared: &[(&str, u64)]| {
            advice("db.t4g.micro", "8.4", data, declared)["innodb_redo_log_capacity"].clone()
        };
        assert_eq!(redo(None, &[]), mib(256));
        assert_eq!(redo(Some(43), &[]), mib(256));
        // 430 MiB make 731 MiB of redo, three quarters of 975 MiB.
        assert_eq!(redo(Some(430), &[]), mib(1024));
        assert_eq!(redo(Some(430), &[("innodb_redo_log_capacity", 2048 * MIB)]), mib(2048), "enough is kept");
        assert_eq!(redo(Some(430), &[("innodb_redo_log_capacity", 512 * MIB)]), mib(1024));
        assert_eq!(redo(Some(100_000), &[]), mib(10_240), "a tenth of 100 GiB");
        let old = advice("db.t4g.micro", "8.0.28", Some(430), &[]);
        assert_eq!(old["innodb_log_file_size"], mib(512), "two files");
        assert_eq!(old["innodb_io_capacity"], "1500");
        assert!(!old.contains_key("innodb_redo_log_capacity"));
    }

    #[test]
    fn a_packet_and_a_log_buffer_leave_memory_for_the_rest() {
        let declared = [("max_allowed_packet", 1024 * MIB), ("innodb_log_buffer_size", 256 * MIB)];
        let small = advice("db.t4g.micro", "8.4", Some(430), &declared);
        assert_eq!((&small["max_allowed_packet"], &small["innodb_log_buffer_size"]), (&mib(64), &mib(64)));
        let large = advice("db.m7g.xlarge", "8.4", Some(430), &declared);
        assert_eq!((&large["max_allowed_packet"], &large["innodb_log_buffer_size"]), (&mib(1024), &mib(256)));
    }

    #[test]
    fn what_is_declared_as_suggested_is_no_change() {
        let first = advice("db.t4g.micro", "8.4", Some(430), &[("slow_query_log", 1)]);
        assert_eq!(first["log_output"], "FILE");
        let numbers: Vec<(&str, u64)> =
            first.iter().filter_map(|(name, value)| Some((name.as_str(), value.parse().ok()?))).collect();
        assert_eq!(advice("db.t4g.micro", "8.4", Some(430), &[&numbers[..], &[("slow_query_log", 1)]].concat()), first);
    }
}
