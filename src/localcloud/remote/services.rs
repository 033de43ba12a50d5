//! The services that can be called, with the protocol of each.

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A form, answered in XML; the version of the API.
    Query(&'static str),
    /// JSON with the names as they are; the prefix of the target.
    Json(&'static str),
    /// JSON whose names begin with a small letter; the prefix of the target.
    SmallJson(&'static str),
    /// JSON at paths: only what replaces a thing that the request names with `Name`, below this folder.
    Paths(&'static str),
}

/// One service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Remote {
    /// The word that stands for it in ARNs of targets.
    pub(in super::super) word: &'static str,
    /// What the codes of its errors begin with.
    pub(in super::super) errors: &'static str,
    /// The name that its requests are signed with.
    pub(super) signing: &'static str,
    pub(super) protocol: Protocol,
}

const SERVICES: &[Remote] = &[
    remote("athena", "Athena", "athena", Protocol::Json("AmazonAthena")),
    remote("cloudwatchlogs", "CloudWatchLogs", "logs", Protocol::SmallJson("Logs_20140328")),
    remote("glue", "Glue", "glue", Protocol::Json("AWSGlue")),
    remote("rds", "Rds", "rds", Protocol::Query("2014-10-31")),
    remote("redshift", "Redshift", "redshift", Protocol::Query("2012-12-01")),
    remote("redshiftdata", "RedshiftData", "redshift-data", Protocol::Json("RedshiftData")),
    remote("scheduler", "Scheduler", "scheduler", Protocol::Paths("schedules")),
    remote("sfn", "Sfn", "states", Protocol::SmallJson("AWSStepFunctions")),
];

const fn remote(word: &'static str, errors: &'static str, signing: &'static str, protocol: Protocol) -> Remote {
    Remote { word, errors, signing, protocol }
}

/// Returns the service of `rds:stopDBInstance` and the operation as its API names it.
pub(in super::super) fn find(named: &str) -> Option<(Remote, String)> {
    let (word, action) = named.split_once(':')?;
    let remote = SERVICES.iter().find(|remote| remote.word == word)?;
    let mut letters = action.chars();
    let first = letters.next().filter(char::is_ascii_lowercase)?;
    let plain = letters.clone().all(|letter| letter.is_ascii_alphanumeric());
    plain.then(|| (*remote, format!("{}{}", first.to_ascii_uppercase(), letters.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_begin_with_a_small_letter_in_targets() {
        let (remote, operation) = find("rds:stopDBInstance").unwrap();
        assert_eq!((remote.signing, operation.as_str()), ("rds", "StopDBInstance"));
        assert_eq!(find("rds:StopDBInstance"), None);
        assert_eq!(find("teleport:go"), None);
    }
}
