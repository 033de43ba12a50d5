//! Rows of a load, checked as Redshift checks them and written as PostgreSQL's `COPY` reads them.

use super::error_log::BadLine;

/// A column that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    /// The type as PostgreSQL names it.
    pub(super) kind: String,
    pub(super) class: Class,
}

/// What is special about a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// At most so many bytes.
    Text(Option<usize>),
    /// Digits after the point beyond so many are cut off.
    Decimal(Option<usize>),
    /// Anything else; an empty value is null.
    Other,
}

/// How values are read.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) null: Vec<u8>,
    pub(super) empty_is_null: bool,
    pub(super) blank_is_null: bool,
    pub(super) truncates: bool,
    pub(super) fills: bool,
    pub(super) replacement: Option<char>,
}

/// What is wrong with a row: the column's place if one is to blame, Redshift's number, the reason.
pub(super) type Wrong = (Option<usize>, i32, String);

/// Appends one row to `out`.
pub(super) fn write<'a>(
    out: &mut Vec<u8>,
    targets: &[Target],
    rules: &Rules,
    fields: impl ExactSizeIterator<Item = &'a [u8]>,
) -> Result<(), Wrong> {
    let given = fields.len();
    if given > targets.len() {
        return Err((None, 1202, "Extra column(s) found".to_owned()));
    }
    if given < targets.len() && !rules.fills {
        return Err((Some(given), 1214, "Delimiter not found".to_owned()));
    }
    for (place, (field, target)) in fields.zip(targets).enumerate() {
        if place > 0 {
            out.push(b'\t');
        }
        value(out, target, rules, field).map_err(|(code, reason)| (Some(place), code, reason))?;
    }
    for place in given..targets.len() {
        if place > 0 {
            out.push(b'\t');
        }
        out.extend_from_slice(b"\\N");
    }
    out.push(b'\n');
    Ok(())
}

fn value(out: &mut Vec<u8>, target: &Target, rules: &Rules, field: &[u8]) -> Result<(), (i32, String)> {
    let is_text = matches!(target.class, Class::Text(_));
    let is_null = field == rules.null.as_slice()
        || (field.is_empty() && (!is_text || rules.empty_is_null || rules.blank_is_null))
        || (rules.blank_is_null && field.iter().all(u8::is_ascii_whitespace));
    if is_null {
        out.extend_from_slice(b"\\N");
        return Ok(());
    }
    match target.class {
        Class::Other => escape(out, field),
        Class::Decimal(scale) => escape(out, cut_digits(field, scale)),
        Class::Text(limit) => {
            let replaced;
            let text = match (std::str::from_utf8(field), rules.replacement) {
                (Ok(text), _) => text,
                (Err(_), Some(replacement)) => {
                    let letter = replacement.to_string();
                    replaced = String::from_utf8_lossy(field).replace(char::REPLACEMENT_CHARACTER, &letter);
                    replaced.as_str()
                }
                (Err(_), None) => {
                    let reason = "String contains invalid or unsupported UTF8 codepoints";
                    return Err((1220, reason.to_owned()));
                }
            };
            let text = fit(text, limit, rules.truncates)?;
            escape(out, text.as_bytes());
        }
    }
    Ok(())
}

/// Refuses or cuts a text of too many bytes; cut where a letter ends.
fn fit(text: &str, limit: Option<usize>, truncates: bool) -> Result<&str, (i32, String)> {
    let Some(limit) = limit.filter(|limit| text.len() > *limit) else { return Ok(text) };
    if !truncates {
        let reason = format!("String length exceeds DDL length ({} bytes, {limit} allowed)", text.len());
        return Err((1204, reason));
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Ok(&text[..end])
}

/// Cuts digits after the point that the column has no room for: Redshift does not round them.
fn cut_digits(field: &[u8], scale: Option<usize>) -> &[u8] {
    let Some(scale) = scale else { return field };
    let is_plain = field.iter().all(|byte| byte.is_ascii_digit() || b"+-. ".contains(byte));
    match field.iter().position(|byte| *byte == b'.') {
        Some(point) if is_plain && field.len() > point + 1 + scale => {
            let end = if scale == 0 { point } else { point + 1 + scale };
            // `.5` for a whole number would leave nothing.
            if field[..end].iter().any(u8::is_ascii_digit) { &field[..end] } else { b"0" }
        }
        _ => field,
    }
}

/// Escapes for the text format of `COPY`.
fn escape(out: &mut Vec<u8>, field: &[u8]) {
    let needs = |byte: &u8| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r');
    if !field.iter().any(needs) {
        out.extend_from_slice(field);
        return;
    }
    for byte in field {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.push(*other),
        }
    }
}

/// Turns a wrong row into a bad line.
pub(super) fn bad_line(targets: &[Target], wrong: Wrong, file: &str, line: u64) -> BadLine {
    let (place, code, reason) = wrong;
    let target = place.and_then(|place| targets.get(place));
    BadLine {
        file: file.to_owned(),
        line,
        column: target.map(|target| target.name.clone()).unwrap_or_default(),
        kind: target.map(|target| target.kind.clone()).unwrap_or_default(),
        code,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        null: Vec::new(),
        empty_is_null: false,
        blank_is_null: false,
        truncates: false,
        fills: false,
        replacement: None,
    };

    fn written(rules: &Rules, class: Class, field: &[u8]) -> Result<String, Wrong> {
        let target = Target { name: "c".into(), kind: "k".into(), class };
        let mut out = Vec::new();
        write(&mut out, &[target], rules, [field].into_iter())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn lengths_are_counted_in_bytes() {
        let rules = Rules { null: b"\\N".to_vec(), ..RULES };
        assert_eq!(written(&rules, Class::Text(Some(3)), "a£".as_bytes()).unwrap(), "a£\n");
        let (place, code, _) = written(&rules, Class::Text(Some(3)), "££".as_bytes()).unwrap_err();
        assert_eq!((place, code), (Some(0), 1204));
        let cutting = Rules { truncates: true, ..rules };
        assert_eq!(written(&cutting, Class::Text(Some(3)), "££".as_bytes()).unwrap(), "£\n");
    }

    #[test]
    fn empty_is_null_for_numbers_and_empty_for_texts() {
        let rules = Rules { null: b"\\N".to_vec(), ..RULES };
        assert_eq!(written(&rules, Class::Other, b"").unwrap(), "\\N\n");
        assert_eq!(written(&rules, Class::Text(None), b"").unwrap(), "\n");
        let empty = Rules { empty_is_null: true, ..rules.clone() };
        assert_eq!(written(&empty, Class::Text(None), b"").unwrap(), "\\N\n");
        let blank = Rules { blank_is_null: true, ..rules.clone() };
        assert_eq!(written(&blank, Class::Text(None), b"  ").unwrap(), "\\N\n");
        assert_eq!(written(&rules, Class::Text(None), b"  ").unwrap(), "  \n");
    }

    #[test]
    fn decimals_are_cut_and_not_rounded() {
        let rules = Rules { null: b"\\N".to_vec(), ..RULES };
        let cut = |field: &str, scale| written(&rules, Class::Decimal(Some(scale)), field.as_bytes()).unwrap();
        assert_eq!(cut("2.559", 2), "2.55\n");
        assert_eq!(cut("-2.5", 0), "-2\n");
        assert_eq!(cut(".5", 0), "0\n");
        assert_eq!(cut("1e3", 0), "1e3\n");
    }

    #[test]
    fn special_bytes_are_escaped() {
        let rules = Rules { null: b"\\N".to_vec(), ..RULES };
        assert_eq!(written(&rules, Class::Text(None), b"a\\b\tc\nd").unwrap(), "a\\\\b\\tc\\nd\n");
    }
}
