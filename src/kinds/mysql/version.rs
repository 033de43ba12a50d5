//! Versions of MySQL: what a person writes, and what RDS makes of it.

/// Returns the release series of a version, `8.4` of `8.4.7`: what parameter groups and support periods belong to.
pub(super) fn series(version: &str) -> String {
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// Returns the parameter groups' name for a release series.
pub(super) fn family(version: &str) -> String {
    format!("mysql{}", series(version))
}

/// Returns the parts of a version as numbers, so that `8.4.10` comes after `8.4.9`.
pub(super) fn sortable(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

/// Returns whether a version has one capacity of the redo log in the place of a size and a number of files: MySQL from
/// 8.0.30 on. A release series stands for its newest release.
pub fn has_redo_log_capacity(version: &str) -> bool {
    let numbers = sortable(version);
    numbers.as_slice() >= [8, 0, 30].as_slice() || numbers == [8, 0]
}

/// How an observed version relates to the declared one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is what was asked for: `8.4.7` for `8.4`, or a later patch of the same series, which RDS applies by itself.
    AsDeclared,
    /// It is older.
    Behind,
    /// It is of a later series.
    Ahead,
}

/// Compares an observed version with the declared one.
pub(super) fn standing(declared: &str, observed: &str) -> Standing {
    let (want, seen) = (sortable(declared), sortable(observed));
    if declared == observed || seen.starts_with(&want) {
        return Standing::AsDeclared;
    }
    match (seen > want, series(declared) == series(observed)) {
        (true, true) => Standing::AsDeclared,
        (true, false) => Standing::Ahead,
        (false, _) => Standing::Behind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_that_rds_applied_is_no_difference() {
        assert_eq!(standing("8.4", "8.4.7"), Standing::AsDeclared);
        assert_eq!(standing("8.4.5", "8.4.7"), Standing::AsDeclared);
        assert_eq!(standing("8.4.10", "8.4.7"), Standing::Behind);
        assert_eq!(standing("8.4", "8.0.40"), Standing::Behind);
        assert_eq!(standing("8.0", "8.4.7"), Standing::Ahead);
        assert_eq!(family("8.4.7"), "mysql8.4");
    }

    #[test]
    fn the_capacity_of_the_redo_log_came_with_8_0_30() {
        assert!(["8.0.30", "8.0", "8.4", "8.4.7", "9.1"].into_iter().all(has_redo_log_capacity));
        assert!(!["8.0.29", "5.7", "5.7.44"].into_iter().any(has_redo_log_capacity));
    }
}
