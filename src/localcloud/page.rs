//! Lists in pages, with the next offset as the opaque token.

/// Returns one page of `items` and the token of the next.
pub(super) fn page<T>(items: Vec<T>, token: Option<&str>, limit: Option<u64>, most: usize) -> (Vec<T>, Option<String>) {
    let start = token.and_then(|token| token.parse::<usize>().ok()).unwrap_or(0);
    let size = limit.map_or(most, |limit| usize::try_from(limit).unwrap_or(most).clamp(1, most));
    let total = items.len();
    let shown: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let end = start + shown.len();
    (shown, (end < total).then(|| end.to_string()))
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_join_to_the_whole_list() {
        let (first, token) = page(vec![1, 2, 3], None, Some(2), 100);
        assert_eq!((first, token.as_deref()), (vec![1, 2], Some("2")));
        assert_eq!(page(vec![1, 2, 3], token.as_deref(), Some(2), 100), (vec![3], None));
    }
}
