//! The last line of an invocation, in which Lambda reports time and memory. Pure.

/// What Lambda reports of one invocation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Report {
    pub(super) seconds: f64,
    pub(super) billed_seconds: f64,
    pub(super) used_mib: u64,
}

impl Report {
    /// Finds the last report in a log.
    pub(super) fn find(log: &str) -> Option<Self> {
        let line = log.lines().rfind(|line| line.starts_with("REPORT RequestId"))?;
        let figure = |name: &str| {
            let mut fields = line.split('\t').map(str::trim);
            fields.find_map(|field| field.strip_prefix(name)?.split_whitespace().next()?.parse::<f64>().ok())
        };
        Some(Self {
            seconds: figure("Duration: ")? / 1_000.0,
            billed_seconds: figure("Billed Duration: ")? / 1_000.0,
            used_mib: format!("{:.0}", figure("Max Memory Used: ")?).parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn time_and_memory_are_read_from_the_last_report() {
        let log = "REPORT RequestId: a\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 9 MB\n\
            END RequestId: b\nREPORT RequestId: b\tDuration: 545.50 ms\tBilled Duration: 1665 ms\tMemory Size: 512 MB\t\
            Max Memory Used: 87 MB\tInit Duration: 1118.10 ms\t";
        let expected = Report { seconds: 0.5455, billed_seconds: 1.665, used_mib: 87 };
        assert_eq!(Report::find(log), Some(expected));
        assert_eq!(Report::find("END RequestId: b"), None);
    }
}
