//! Two hops side by side.

use super::Profile;

/// Returns one line for every figure in which two hops differ; no line means the same content.
pub(crate) fn differences(left: &Profile, right: &Profile) -> Vec<String> {
    let mut lines = vec![];
    if left.rows != right.rows {
        lines.push(format!("{} rows against {}", left.rows, right.rows));
    }
    if left.total != right.total {
        lines.push(format!("total {} against {}", left.total, right.total));
    }
    for (column, sum) in &left.sums {
        if right.sums.get(column) != Some(sum) {
            let other = right.sums.get(column).map(ToString::to_string).unwrap_or_default();
            lines.push(format!("sum of {column} {sum} against {other}"));
        }
    }
    for (column, fingerprint) in &left.fingerprints {
        if right.fingerprints.get(column) != Some(fingerprint) {
            let what =
                if column == "*" { "values belong to other rows".to_owned() } else { format!("content of {column}") };
            lines.push(what);
        }
    }
    for (left, right) in left.distinct.iter().zip(&right.distinct) {
        if left.count != right.count {
            lines.push(format!("{} {} against {}", left.count, left.what, right.count));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    #[test]
    fn every_kind_of_difference_is_named() {
        let mut left = Profile { rows: 2, ..Profile::default() };
        left.fingerprints.insert("Description".into(), Decimal::from(7));
        left.sums.insert("Quantity".into(), Decimal::from(3));
        let mut right = left.clone();
        assert_eq!(differences(&left, &right), Vec::<String>::new());
        right.rows = 1;
        right.fingerprints.insert("Description".into(), Decimal::from(8));
        right.sums.insert("Quantity".into(), Decimal::from(4));
        let lines = differences(&left, &right);
        assert_eq!(lines, ["2 rows against 1", "sum of Quantity 3 against 4", "content of Description"]);
    }
}
