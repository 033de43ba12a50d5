//! Which folders are tables: files lie in the table's folder or in its partitions below it.

use std::collections::BTreeMap;

use super::found::FoundPartition;

/// One object that holds data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataFile {
    pub(super) key: String,
    pub(super) bytes: u64,
}

/// The files of one table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// The table's name, from the last word of its place.
    pub(super) name: String,
    /// The key prefix, with the slash at its end.
    pub(super) prefix: String,
    pub(super) files: Vec<DataFile>,
    pub(super) partition_keys: Vec<String>,
    pub(super) partitions: Vec<FoundPartition>,
}

/// Returns whether an object holds data: not a folder's mark, not empty, not hidden, no `_SUCCESS`.
pub(super) fn is_data(key: &str, bytes: u64) -> bool {
    let hidden = |word: &str| word.starts_with('_') || word.starts_with('.');
    bytes > 0 && !key.ends_with('/') && !key.split('/').any(hidden)
}

/// Sorts the files under `prefix` of a bucket into tables.
///
/// A file right under the prefix makes the prefix a table; else each folder right under it is one. Folders deeper
/// down are partitions, named by `key=value` or by their depth.
pub(super) fn group(bucket: &str, prefix: &str, files: Vec<DataFile>) -> Vec<Folder> {
    let root = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
    let mut tables: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
    let below = |file: &DataFile| file.key.strip_prefix(&root).unwrap_or(&file.key).to_owned();
    let is_partition = |path: &str| path.split('/').next().is_some_and(|word| path.contains('/') && word.contains('='));
    let root_is_table = files.iter().map(&below).any(|path| is_partition(&path));
    for file in files {
        let path = below(&file);
        let table = match path.split_once('/') {
            Some((folder, _)) if !(root_is_table && folder.contains('=')) => format!("{root}{folder}/"),
            _ => root.clone(),
        };
        tables.entry(table).or_default().push(file);
    }
    tables.into_iter().map(|(place, files)| folder(bucket, place, files)).collect()
}

fn folder(bucket: &str, place: String, files: Vec<DataFile>) -> Folder {
    let name = place.trim_end_matches('/').rsplit('/').next().filter(|word| !word.is_empty()).unwrap_or(bucket);
    let words_of = |file: &DataFile| -> Vec<String> {
        let path = file.key.strip_prefix(&place).unwrap_or(&file.key);
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
        folders.split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let deepest = files.iter().map(&words_of).max_by_key(Vec::len).unwrap_or_default();
    let partition_keys: Vec<String> = deepest.iter().enumerate().map(|(depth, word)| key_of(depth, word)).collect();
    let mut partitions: Vec<FoundPartition> = vec![];
    for words in files.iter().map(&words_of).filter(|words| !words.is_empty() && words.len() == deepest.len()) {
        let values: Vec<String> = words.iter().map(|word| value_of(word)).collect();
        if !partitions.iter().any(|known| known.values == values) {
            let location = format!("s3://{bucket}/{place}{}/", words.join("/"));
            partitions.push(FoundPartition { values, location });
        }
    }
    Folder { name: name.to_owned(), prefix: place.clone(), files, partition_keys, partitions }
}

fn key_of(depth: usize, word: &str) -> String {
    word.split_once('=').map_or_else(|| format!("partition_{depth}"), |(key, _)| key.to_lowercase())
}

fn value_of(word: &str) -> String {
    word.split_once('=').map_or(word, |(_, value)| value).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(prefix: &str, keys: &[&str]) -> Vec<String> {
        let files = keys.iter().map(|key| DataFile { key: (*key).to_owned(), bytes: 1 }).collect();
        group("lake", prefix, files).into_iter().map(|folder| folder.name).collect()
    }

    #[test]
    fn folders_become_tables() {
        assert_eq!(names("", &["Output/part-0.csv", "Output/part-1.csv"]), ["Output"]);
        assert_eq!(names("Output", &["Output/part-0.csv"]), ["Output"]);
        assert_eq!(names("", &["a/x.csv", "b/y.csv", "z.csv"]), ["lake", "a", "b"]);
        assert_eq!(names("sales/", &["sales/year=2010/x.csv", "sales/year=2011/x.csv"]), ["sales"]);
    }

    #[test]
    fn partitions_have_keys_and_values() {
        let files = vec![DataFile { key: "sales/year=2010/12/x.csv".to_owned(), bytes: 1 }];
        let folder = group("lake", "sales", files).remove(0);
        assert_eq!(folder.partition_keys, ["year", "partition_1"]);
        assert_eq!(folder.partitions[0].values, ["2010", "12"]);
        assert_eq!(folder.partitions[0].location, "s3://lake/sales/year=2010/12/");
    }

    #[test]
    fn folders_of_several_loads_are_one_table() {
        let keys =
            ["Output/load_id=1/year=2010/month=12/part-0.csv.gz", "Output/load_id=7/year=2011/month=1/part-0.csv.gz"];
        let files = keys.iter().map(|key| DataFile { key: (*key).to_owned(), bytes: 1 }).collect();
        let tables = group("lake", "Output/", files);
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].name, "Output");
        assert_eq!(tables[0].partition_keys, ["load_id", "year", "month"]);
        let values: Vec<_> = tables[0].partitions.iter().map(|partition| partition.values.join("-")).collect();
        assert_eq!(values, ["1-2010-12", "7-2011-1"]);
    }

    #[test]
    fn marks_and_hidden_files_are_no_data() {
        assert!(is_data("a/b.csv", 1));
        for (key, bytes) in [("a/_SUCCESS", 1), ("a/.b.crc", 1), ("_temporary/0/b.csv", 1), ("a/b.csv", 0), ("a/", 0)] {
            assert!(!is_data(key, bytes), "{key} was taken for data");
        }
    }
}
