//! The patterns of `Exclusions`: `*` within a folder, `**` across folders, `?` for one letter.

/// Returns whether `path` fits one of the patterns.
pub(super) fn is_excluded(path: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| fits(pattern.as_bytes(), path.as_bytes()))
}

fn fits(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        ([b'*', b'*', rest @ ..], _) => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        ([b'*', rest @ ..], _) => {
            let folder = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
            (0..=folder).any(|skipped| fits(rest, &path[skipped..]))
        }
        ([b'?', rest @ ..], [byte, tail @ ..]) if *byte != b'/' => fits(rest, tail),
        ([wanted, rest @ ..], [byte, tail @ ..]) if wanted == byte => fits(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_excluded;

    #[test]
    fn stars_stay_in_their_folder() {
        let excluded = |path: &str, pattern: &str| is_excluded(path, &[pattern.to_owned()]);
        assert!(excluded("a/b.csv", "a/*.csv") && !excluded("a/c/b.csv", "a/*.csv"));
        assert!(excluded("a/c/b.csv", "a/**") && excluded("a/c/b.csv", "**.csv"));
        assert!(excluded("ab", "a?") && !excluded("a/", "a?"));
    }
}
