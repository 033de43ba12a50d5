//! The files of a MySQL or MariaDB server as entries with their moments. Pure.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A moment and what was written then.
pub(super) type Entry = (Timestamp, String);

/// Reads an error log. A line without a moment belongs to the entry before it.
pub(super) fn error_log(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = vec![];
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        match (moment(line), entries.last_mut()) {
            (Some((at, rest)), _) => entries.push((at, rest.to_owned())),
            (None, Some((_, message))) => {
                message.push('\n');
                message.push_str(line);
            }
            // What a crash left of the line before is of no use without its beginning.
            (None, None) => {}
        }
    }
    entries
}

/// Splits a line into its moment and the rest. MySQL writes `2026-11-22T06:00:00.123456Z`, MariaDB
/// `2026-11-22  6:00:00`, which in RDS is UTC as well.
fn moment(line: &str) -> Option<(Timestamp, &str)> {
    if let Some((word, rest)) = line.split_once(' ')
        && let Ok(at) = word.parse::<Timestamp>()
    {
        return Some((at, rest.trim_start()));
    }
    let at = in_utc(line.get(..19)?, "%Y-%m-%d %H:%M:%S")?;
    Some((at, line.get(19..)?.trim_start()))
}

fn in_utc(text: &str, format: &str) -> Option<Timestamp> {
    // An hour before ten has a space in the place of its first digit.
    let (day, time) = text.split_once(' ')?;
    let text = format!("{day} {:0>8}", time.trim_start());
    let at = DateTime::strptime(format, text).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A slow query while its lines are read.
#[derive(Debug, Default)]
struct Slow {
    written: Option<Timestamp>,
    began: Option<Timestamp>,
    user: String,
    seconds: f64,
    sent: Option<String>,
    examined: Option<String>,
    query: Vec<String>,
}

/// Reads a slow query log: one entry a query, with its time, its rows and who asked.
pub(super) fn slow_log(text: &str) -> Vec<Entry> {
    let (mut entries, mut slow) = (vec![], Slow::default());
    for line in text.lines() {
        if let Some(time) = line.strip_prefix("# Time: ") {
            entries.extend(std::mem::take(&mut slow).entry());
            let time = time.trim();
            slow.written = time.parse().ok().or_else(|| in_utc(time, "%y%m%d %H:%M:%S"));
        } else if let Some(user) = line.strip_prefix("# User@Host: ") {
            // MariaDB writes the moment only where it differs from that of the entry before.
            if !slow.query.is_empty() {
                entries.extend(std::mem::take(&mut slow).entry());
            }
            slow.user = user_and_host(user);
        } else if line.starts_with('#') {
            slow.seconds = figure(line, "Query_time:").and_then(|text| text.parse().ok()).unwrap_or(slow.seconds);
            slow.sent = figure(line, "Rows_sent:").map(str::to_owned).or(slow.sent);
            slow.examined = figure(line, "Rows_examined:").map(str::to_owned).or(slow.examined);
        } else if let Some(seconds) = line.strip_prefix("SET timestamp=") {
            let seconds = seconds.trim_end_matches(';').parse().ok();
            slow.began = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        } else if slow.began.is_some() {
            slow.query.push(line.trim().to_owned());
        }
    }
    entries.extend(slow.entry());
    entries
}

impl Slow {
    /// Returns the entry, if there is a query: each start of a server writes lines of another kind.
    fn entry(self) -> Option<Entry> {
        let query = self.query.join(" ");
        let length = SignedDuration::try_from_secs_f64(self.seconds).unwrap_or_default();
        let ended = self.began.and_then(|began| began.checked_add(length).ok());
        let at = self.written.filter(|at| at.subsec_nanosecond() > 0).or(ended)?;
        if query.trim().is_empty() {
            return None;
        }
        let rows = match (self.sent, self.examined) {
            (Some(sent), Some(examined)) => format!(", {sent} rows sent, {examined} examined"),
            _ => String::new(),
        };
        Some((at, format!("slow query, {:.3} s{rows}, {}: {}", self.seconds, self.user, query.trim())))
    }
}

/// Returns the number behind a name in a line such as `# Query_time: 1.5  Rows_sent: 1`.
fn figure<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_once(name)?.1.split_whitespace().next()
}

/// Returns `admin@10.0.0.7` of `admin[admin] @  [10.0.0.7]  Id: 8`.
fn user_and_host(text: &str) -> String {
    let (user, host) = text.split_once('@').unwrap_or((text, ""));
    let user = user.split('[').next().unwrap_or_default().trim();
    let named = host.split('[').next().unwrap_or_default().trim();
    let address = host.split_once('[').and_then(|(_, rest)| rest.split(']').next()).unwrap_or_default();
    format!("{user}@{}", if address.is_empty() { named } else { address })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(|(at, message)| format!("{at} {message}")).collect()
    }

    #[test]
    fn both_servers_write_moments_of_their_own() {
        let text = "2026-11-23  8:57:14 0 [Note] InnoDB: Using io_uring\n\
            2026-11-23T08:57:15.120000Z 0 [System] [MY-010931] [Server] ready for connections.\n\
            Version: '8.4.7'  socket: '/tmp/mysql.sock'\n\n\
            2026-11-23 18:00:00 7 [Warning] Aborted connection 7\n";
        let expected = [
            "2026-11-23T08:57:14Z 0 [Note] InnoDB: Using io_uring",
            "2026-11-23T08:57:15.12Z 0 [System] [MY-010931] [Server] ready for connections.\n\
             Version: '8.4.7'  socket: '/tmp/mysql.sock'",
            "2026-11-23T18:00:00Z 7 [Warning] Aborted connection 7",
        ];
        assert_eq!(shown(&error_log(text)), expected);
    }

    #[test]
    fn a_slow_query_is_one_entry_with_its_figures() {
        let of_mariadb = "/usr/sbin/mariadbd, Version: 10.11 (Debian 12). started with:\n\
            Tcp port: 3306  Unix socket: server.sock\n\
            Time\t\t    Id Command\tArgument\n\
            # Time: 261123  9:10:05\n\
            # User@Host: admin[admin] @  [127.0.0.1]\n\
            # Thread_id: 12  Schema:   QC_hit: No\n\
            # Query_time: 1.500000  Lock_time: 0.000000  Rows_sent: 1  Rows_examined: 0\n\
            # Rows_affected: 0  Bytes_sent: 64\n\
            SET timestamp=1795425003;\n\
            SELECT SLEEP(1.5);\n\
            # User@Host: admin[admin] @ localhost []\n\
            # Query_time: 2.000000  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 541909\n\
            use ECommerce_Database;\n\
            SET timestamp=1795425003;\n\
            SELECT COUNT(*)\n  FROM Uk_Ecommerce_Data;\n";
        let expected = [
            "2026-11-23T09:10:04.5Z slow query, 1.500 s, 1 rows sent, 0 examined, admin@127.0.0.1: SELECT SLEEP(1.5);",
            "2026-11-23T09:10:05Z slow query, 2.000 s, 0 rows sent, 541909 examined, admin@localhost: \
             SELECT COUNT(*) FROM Uk_Ecommerce_Data;",
        ];
        assert_eq!(shown(&slow_log(of_mariadb)), expected);
        let of_mysql = "# Time: 2026-11-23T09:10:05.250000Z\n\
            # User@Host: admin[admin] @  [10.0.0.7]  Id:     8\n\
            # Query_time: 0.250000  Lock_time: 0.000000 Rows_sent: 3  Rows_examined: 9\n\
            SET timestamp=1795425005;\n\
            SELECT 1;\n";
        let entries = shown(&slow_log(of_mysql));
        assert_eq!(entries.len(), 1, "{entries:?}");
        assert!(entries[0].starts_with("2026-11-23T09:10:05.25Z slow query, 0.250 s, 3 rows sent, 9 examined"));
    }
}
