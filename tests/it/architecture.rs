//! The house: arrows between rooms point one way, and nothing outgrows its room.

use std::path::{Path, PathBuf};

/// A room may import only rooms listed below it.
const ROOMS: [&str; 16] = [
    "cli",
    "ui",
    "pipeline",
    "billing",
    "apply",
    "plan",
    "spec",
    "kinds",
    "report",
    "sql",
    "ownership",
    "aws",
    "wait",
    "graph",
    "diag",
    "model",
];

/// Imports no room and is imported only by `cli`.
const ISLAND: &str = "localcloud";

const LONGEST_FILE: usize = 500;

fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = vec![];
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

fn room_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let mut parts = inside.components();
    let first = parts.next()?.as_os_str().to_string_lossy().into_owned();
    parts.next().map(|_| first)
}

/// Returns the rooms that a text names after `crate::`.
fn named(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let word =
        |rest: &str| rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
    code.split("crate::").skip(1).map(word).collect()
}

#[test]
fn arrows_point_one_way() {
    let rank = |room: &str| ROOMS.iter().position(|one| *one == room);
    let mut wrong = vec![];
    for (path, text) in sources() {
        let Some(room) = room_of(&path) else { continue };
        for target in named(&text).into_iter().filter(|target| *target != room) {
            let is_wrong = match (room.as_str(), target.as_str()) {
                (ISLAND, _) => true,
                (from, ISLAND) => from != "cli",
                (from, to) => match (rank(from), rank(to)) {
                    (Some(from), Some(to)) => to < from,
                    _ => true,
                },
            };
            if is_wrong {
                wrong.push(format!("{}: {room} -> {target}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_on_the_list() {
    for (path, _) in sources() {
        if let Some(room) = room_of(&path) {
            assert!(room == ISLAND || ROOMS.contains(&room.as_str()), "{} is in no known room", path.display());
        }
    }
}

#[test]
fn no_file_outgrows_its_room() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
    }
}

#[test]
fn only_one_room_owns_each_of_these_crates() {
    for (word, rooms) in [("clap", &["cli"][..]), ("toml::", &["spec"]), ("dialoguer", &["ui"]), ("indicatif", &["ui"])]
    {
        for (path, text) in sources() {
            let Some(room) = room_of(&path) else { continue };
            let uses = text.lines().any(|line| line.starts_with(&format!("use {word}")));
            assert!(!uses || rooms.contains(&room.as_str()), "{} uses {word}", path.display());
        }
    }
}
