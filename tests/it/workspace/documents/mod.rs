//! Documents say what the code says. `UPDATE_TABLES=1` writes the tables that a test generates.

mod contents;
mod form;
mod tour;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use tour::holds_the_tour;

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).to_owned()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What is between the markers `<!-- name -->` and `<!-- /name -->` of a document: its beginning
/// and its end.
fn section(document: &str, name: &str) -> (usize, usize) {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = document.find(&open).expect("the opening marker") + open.len();
    let end = document.find(&close).expect("the closing marker");
    (start, end)
}

/// Compares the section of a document with what a test found, or writes it.
pub fn hold(file: &str, name: &str, found: &str) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = WRITING.lock();
    let mut document = read(file);
    let (start, end) = section(&document, name);
    if std::env::var_os("UPDATE_TABLES").is_some() {
        document.replace_range(start..end, &format!("{}\n", found.trim()));
        std::fs::write(root().join(file), &document).unwrap();
    }
    let (start, end) = section(&document, name);
    assert_eq!(
        document[start..end].trim(),
        found.trim(),
        "{file}: `{name}` differs; UPDATE_TABLES=1 writes it"
    );
}

/// The cells of the rows of the tables in a section, without the two lines of a head.
fn rows(file: &str, name: &str) -> Vec<Vec<String>> {
    let document = read(file);
    let (start, end) = section(&document, name);
    let cells = |line: &str| {
        let line = line.trim().trim_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    document[start..end]
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(cells)
        .collect()
}

/// The documents, without those of dependencies and of the build.
fn documents() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let hidden = name.starts_with('.') && name != ".ci";
            if path.is_dir() && !hidden && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if name.ends_with(".md") {
                let path = path.strip_prefix(root()).unwrap();
                found.insert(path.to_str().unwrap().to_owned());
            }
        }
    }
    found
}
