//! Checks that code, tests and documents contain no word of `.ci/retired-words.txt`.
//!
//! `RETIRED=report cargo test -p it retired -- --nocapture` prints every place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::source::{files, root};

const LIST: &str = ".ci/retired-words.txt";

/// A retired word or phrase, or an identifier.
struct Retired {
    words: Vec<String>,
    /// An identifier matches as a whole and with its case. A word of the language matches in any
    /// case and also as a part of a name: `nobody` matches in `nobody_waits`.
    identifier: bool,
    /// A phrase does not match next to one of these words.
    unless: Vec<String>,
    replacement: String,
}

/// Parses the list. A line is a word or phrase, optionally `unless` with the words next to which it
/// is allowed, a tab, and the replacement.
fn read(list: &str) -> Vec<Retired> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (retired, replacement) = line
                .split_once('\t')
                .unwrap_or_else(|| panic!("{LIST}: no tab in {line:?}"));
            let (phrase, unless) = retired.split_once(" unless ").unwrap_or((retired, ""));
            let identifier = phrase.contains('_') || phrase.chars().any(char::is_uppercase);
            let words = phrase.split_whitespace().map(str::to_owned).collect();
            Retired {
                words,
                identifier,
                unless: unless.split_whitespace().map(str::to_owned).collect(),
                replacement: replacement.to_owned(),
            }
        })
        .collect()
}

/// The words of a text with the number of their line. What is between two words of a phrase is
/// left out: spaces, the beginning of another comment line, the underscore of a name. An empty word
/// is the end of a sentence or of an expression, and so of a phrase.
fn words(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut word = String::new();
        for c in without_names(line).chars().chain([' ']) {
            if c.is_alphanumeric() {
                word.extend(c.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                found.push((index + 1, std::mem::take(&mut word)));
            }
            if ".,;:(){}[]<>=\"|".contains(c) {
                found.push((index + 1, String::new()));
            }
        }
    }
    found
}

/// The line without text of a single word: the name of a field or of an option, which others hold.
fn without_names(line: &str) -> String {
    let name = |text: &&str| text.is_empty() || !text.chars().all(char::is_alphabetic);
    let parts = line.split('"').enumerate();
    parts
        .filter(|(index, text)| index % 2 == 0 || name(text))
        .map(|(_, text)| text)
        .collect::<Vec<_>>()
        .join("\"")
}

/// The identifiers of a text with the number of their line. Prose has them between backticks: a
/// sentence may begin with a word that is also a retired name.
fn identifiers(text: &str, prose: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let code = !prose && !start.starts_with("//") && !start.starts_with('#');
        for (part, text) in line.split('`').enumerate() {
            if code || part % 2 == 1 {
                let names = text.split(|c: char| !c.is_alphanumeric() && c != '_');
                found.extend(names.map(|name| (index + 1, name.to_owned())));
            }
        }
    }
    found
}

/// The retired words in a text: the number of the line and the entry.
fn find<'a>(text: &str, prose: bool, retired: &'a [Retired]) -> Vec<(usize, &'a Retired)> {
    let mut found = Vec::new();
    for (identifier, words) in [(false, words(text)), (true, identifiers(text, prose))] {
        let mut entries: BTreeMap<&str, Vec<&Retired>> = BTreeMap::new();
        for entry in retired.iter().filter(|one| one.identifier == identifier) {
            entries.entry(&entry.words[0]).or_default().push(entry);
        }
        for (index, (line, word)) in words.iter().enumerate() {
            for entry in entries.get(word.as_str()).into_iter().flatten() {
                let mut rest = words[index + 1..].iter().map(|(_, word)| word);
                let all = entry.words[1..]
                    .iter()
                    .all(|word| rest.next() == Some(word));
                let before = index.checked_sub(1).map(|before| &words[before].1);
                let excused =
                    |word: Option<&String>| word.is_some_and(|word| entry.unless.contains(word));
                if all && !excused(rest.next()) && !excused(before) {
                    found.push((*line, *entry));
                }
            }
        }
    }
    found.sort_by_key(|(line, _)| *line);
    found
}

/// Whether the words of a file are ours: not those of data, of licences and of generated files.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap();
    let data = ["tests/it/fixtures", "tests/local/data", "tests/fuzz/corpus"];
    // The list and its check name what they look for.
    path != Path::new(LIST)
        && path != Path::new("tests/it/workspace/words.rs")
        && !name.starts_with("LICENSE")
        && name != "Cargo.lock"
        && !data.iter().any(|folder| path.starts_with(folder))
}

#[test]
fn no_file_contains_a_retired_word() {
    let retired = read(&std::fs::read_to_string(root().join(LIST)).unwrap());
    let mut found: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for path in files().into_iter().filter(|path| is_ours(path)) {
        let Ok(text) = String::from_utf8(std::fs::read(root().join(&path)).unwrap()) else {
            continue;
        };
        let prose = path.extension().is_some_and(|end| end == "md");
        for (line, entry) in find(&text, prose, &retired) {
            let words = entry.words.join(" ");
            found
                .entry(path.clone())
                .or_default()
                .push(format!("{line}: {words} → {}", entry.replacement));
        }
    }
    if std::env::var("RETIRED").as_deref() == Ok("report") {
        for (path, lines) in &found {
            println!("{} {}", lines.len(), path.display());
            for line in lines {
                println!("    {line}");
            }
        }
        println!("{} in all", found.values().map(Vec::len).sum::<usize>());
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn retired_words_are_found_in_any_case_in_names_and_over_line_ends() {
    let retired =
        read("# A comment\nset aside\treserve\nis no unless longer there\tis not a\nTold\t-\n");
    let found = |text| {
        find(text, false, &retired)
            .into_iter()
            .map(|(line, entry)| (line, entry.words.join(" ")))
            .collect::<Vec<_>>()
    };
    let phrase = |line| vec![(line, "set aside".to_owned())];
    assert_eq!(found("goods are Set Aside"), phrase(1));
    assert_eq!(found("fn what_is_set_aside_stays()"), phrase(1));
    assert_eq!(found("\n/// goods that are set\n/// aside"), phrase(2));
    assert_eq!(
        found("the set. Aside from that; settle aside; set(aside)"),
        []
    );
    assert_eq!(found("it is no number"), [(1, "is no".to_owned())]);
    assert_eq!(found("it is no longer in use; there is no number"), []);
    assert_eq!(found("Told::told() and told_of"), [(1, "Told".to_owned())]);
    assert_eq!(found("Untold, told, ToldOf"), []);
    assert_eq!(
        found("/// Told so. See [`Told`]."),
        [(1, "Told".to_owned())]
    );
    assert_eq!(find("Told so, and `Told`", true, &retired).len(), 1);
}

#[test]
fn every_file_but_data_is_looked_at() {
    for path in [
        "README.md",
        "shared/app/src/lib.rs",
        ".ci/run",
        "tests/it/main.rs",
    ] {
        assert!(is_ours(Path::new(path)), "{path}");
        assert!(files().contains(&PathBuf::from(path)), "{path}");
    }
    for path in [
        "Cargo.lock",
        "tests/fuzz/Cargo.lock",
        "LICENSE-MIT",
        "tests/local/data/README.md",
    ] {
        assert!(!is_ours(Path::new(path)), "{path}");
    }
}
