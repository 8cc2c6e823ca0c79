//! The tour in the documents is the one that the local stack prints.

use super::read;

/// The shell lines of a document, without line breaks and blanks: documents wrap what the tour
/// prints on one line.
fn shell_lines(document: &str) -> String {
    let mut shell = false;
    let mut text = String::new();
    for line in document.lines() {
        match line.trim() {
            "```sh" => shell = true,
            "```" => shell = false,
            line if shell => text.push_str(line.trim_end_matches('\\').trim()),
            _ => {}
        }
    }
    text.retain(|c| !c.is_whitespace());
    text
}

/// The tour in the documents is the one that the local stack prints and that tests paste.
pub fn holds_the_tour(tour: &str) {
    let whole = shell_lines(&read("tests/local/README.md"));
    for line in tour.lines().filter(|line| !line.starts_with('#')) {
        let mut line = line.to_owned();
        line.retain(|c| !c.is_whitespace());
        assert!(whole.contains(&line), "tests/local/README.md lacks {line}");
    }
    let commands = tour.lines().filter(|line| !line.starts_with('#'));
    let mut printed: String = commands.collect();
    printed.retain(|c| !c.is_whitespace());
    let short = read("README.md");
    let (_, short) = short.split_once("## A short tour").expect("the tour");
    let short = short.split("## ").next().unwrap();
    // A command ends with `echo`, or before the next variable.
    let short = shell_lines(short).replace("TOKEN=", "echoTOKEN=");
    for line in short.split("echo") {
        assert!(printed.contains(line), "the tour does not print {line}");
    }
}
