//! Texts that name a bucket without referring to its table, such as `s3://my-Bucket/Output/`.

use serde_json::Value;

use super::Document;
use crate::model::KeyPath;

/// What stands before the name of a bucket in a URL or an ARN.
const BEFORE: [&str; 5] = ["s3://", "s3a://", "s3n://", "arn:aws:s3:::", "https://"];

/// Returns every text outside of `[bucket]` that means the bucket `old`, with `new` in its place.
pub(super) fn mentions(document: &Document, old: &str, new: &str) -> Vec<(KeyPath, String)> {
    let renamed = |(at, text): (KeyPath, &str)| {
        let fixed = if text == old { new.to_owned() } else { rename(text, old, new) };
        (fixed != text && !is_own_name(&at, text == old)).then_some((at, fixed))
    };
    document.texts().into_iter().filter_map(renamed).collect()
}

/// Returns every text in which `old` still stands.
pub(super) fn left_behind(document: &Document, old: &str) -> Vec<(KeyPath, String)> {
    let texts = document.texts().into_iter().filter(|(_, text)| text.contains(old));
    texts.map(|(at, _)| (at, old.to_owned())).collect()
}

/// A function may be called like a bucket; that is a name of its own.
fn is_own_name(at: &KeyPath, whole: bool) -> bool {
    let is_name = matches!(at.keys(), [_, _, key] if key == "name" || key == "identifier");
    at.keys().first().is_some_and(|table| table == "bucket") || (whole && is_name)
}

fn rename(text: &str, old: &str, new: &str) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let behind = &rest[at + old.len()..];
        renamed.push_str(&rest[..at]);
        let is_begun = BEFORE.iter().any(|before| renamed.ends_with(before));
        let goes_on =
            behind.chars().next().is_some_and(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        let is_bucket = is_begun && (!goes_on || behind.starts_with(".s3"));
        renamed.push_str(if is_bucket { new } else { old });
        rest = behind;
    }
    renamed + rest
}

impl Document {
    /// Returns every text with its place.
    fn texts(&self) -> Vec<(KeyPath, &str)> {
        fn collect<'a>(at: &KeyPath, value: &'a Value, found: &mut Vec<(KeyPath, &'a str)>) {
            match value {
                Value::String(text) => found.push((at.clone(), text)),
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(key, item)| collect(&at.then(key.to_string()), item, found));
                }
                Value::Object(members) => members.iter().for_each(|(key, value)| collect(&at.then(key), value, found)),
                _ => {}
            }
        }
        let mut found = vec![];
        collect(&KeyPath::default(), self.values(), &mut found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::rename;

    #[test]
    fn only_whole_names_in_addresses_are_renamed() {
        let renamed = |text| rename(text, "My-Data", "my-data");
        assert_eq!(renamed("s3://My-Data/a/My-Data"), "s3://my-data/a/My-Data");
        assert_eq!(renamed("s3://My-Data"), "s3://my-data");
        assert_eq!(renamed("arn:aws:s3:::My-Data/*"), "arn:aws:s3:::my-data/*");
        assert_eq!(
            renamed("https://My-Data.s3.us-east-2.amazonaws.com/"),
            "https://my-data.s3.us-east-2.amazonaws.com/"
        );
        assert_eq!(renamed("s3://My-Data-old/"), "s3://My-Data-old/");
        assert_eq!(renamed("My-Data_Reader"), "My-Data_Reader");
    }
}
