//! Links lead somewhere, and documents are as long as people read.

use std::collections::BTreeSet;

use super::{documents, read, root};

/// The heading as a link names it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn without_code(document: &str) -> String {
    let mut code = false;
    let mut text = String::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut broken = Vec::new();
    for file in documents() {
        let text = without_code(&read(&file)).replace('\n', " ");
        let folder = root().join(&file).parent().unwrap().to_owned();
        for piece in text.split("](").skip(1) {
            let link = piece.split(')').next().unwrap();
            if link.starts_with("http") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                root().join(&file)
            } else {
                folder.join(path)
            };
            if !target.exists() {
                broken.push(format!("{file}: {link}"));
            } else if !heading.is_empty() {
                let there = without_code(&std::fs::read_to_string(&target).unwrap());
                let mut headings = there.lines().filter(|line| line.starts_with('#'));
                if !headings.any(|line| anchor(line) == heading) {
                    broken.push(format!("{file}: {link}"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn documents_are_as_long_and_as_wide_as_people_read() {
    let mut wide = Vec::new();
    for file in documents() {
        for (index, line) in read(&file).lines().enumerate() {
            if line.chars().count() > 120 {
                wide.push(format!("{file}:{}", index + 1));
            }
        }
    }
    assert!(wide.is_empty(), "over 120 columns: {wide:#?}");
    for (file, most) in [("README.md", 150), ("ARCHITECTURE.md", 200)] {
        let lines = read(file).lines().count();
        assert!(lines <= most, "{file} has {lines} lines");
    }
}

#[test]
fn every_decision_has_an_id_of_its_own_and_every_id_that_is_named_exists() {
    let decisions = read("DECISIONS.md");
    let ids: Vec<&str> = decisions
        .lines()
        .filter_map(|line| line.strip_prefix("**D-")?.split_once(' '))
        .map(|(id, _)| id)
        .collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "an id twice");
    assert!(unique.len() > 50);
    for file in documents() {
        for piece in read(&file).split("[D-").skip(1) {
            let id = piece.split(']').next().unwrap();
            assert!(unique.contains(id), "{file} names D-{id}");
        }
    }
}
