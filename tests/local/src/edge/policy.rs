//! What a function may do, as its role says it, and which calls need what.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names a folder. Every process that enforces policies notes there what was used of them: a line
/// for each function, action and resource, in a file of its own.
pub const USED: &str = "USED_PERMISSIONS";

/// What a statement allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Actions, such as `dynamodb:GetItem`; none has a wildcard.
    pub actions: Vec<String>,
    /// Resources by their names; an asterisk at the end stands for anything.
    pub resources: Vec<String>,
    /// Partition keys that a call may name; none allows any.
    pub leading_keys: Option<Vec<String>>,
}

/// What one function may do.
#[derive(Debug, Default)]
pub struct Policy {
    function: String,
    statements: Vec<Statement>,
    noted: Mutex<BTreeSet<String>>,
}

/// What a call needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) action: String,
    pub(super) resource: String,
    /// The partition keys that it names, as far as it names single records.
    pub(super) leading_keys: Vec<String>,
}

impl Policy {
    /// What `function` may do.
    #[must_use]
    pub fn new(function: &str, statements: Vec<Statement>) -> Self {
        Self {
            function: function.to_owned(),
            statements,
            noted: Mutex::default(),
        }
    }

    /// Every permission, one a line: the function, an action, and on what. Several prefixes of one
    /// folder of a bucket are one.
    #[must_use]
    pub fn lines(&self) -> BTreeSet<String> {
        let each = self.statements.iter().flat_map(|statement| {
            let resources = statement.resources.iter();
            resources.flat_map(|resource| {
                statement
                    .actions
                    .iter()
                    .map(|action| self.line(action, resource))
            })
        });
        each.collect()
    }

    /// Whether all of `needs` is allowed; otherwise the first that is not. What is allowed is
    /// noted.
    pub(super) fn check(&self, needs: &[Need]) -> Result<(), Need> {
        for need in needs {
            let Some(resource) = self.allowing(need) else {
                return Err(need.clone());
            };
            self.note(self.line(&need.action, resource));
        }
        Ok(())
    }

    fn allowing(&self, need: &Need) -> Option<&str> {
        let mut statements = self.statements.iter().filter(|statement| {
            let keys = statement.leading_keys.as_ref();
            statement.actions.contains(&need.action)
                && keys.is_none_or(|keys| need.leading_keys.iter().all(|key| keys.contains(key)))
        });
        let matching = |statement: &'_ Statement| {
            statement
                .resources
                .iter()
                .position(|resource| match resource.strip_suffix('*') {
                    Some(beginning) => need.resource.starts_with(beginning),
                    None => *resource == need.resource,
                })
        };
        statements.find_map(|statement| Some(statement.resources[matching(statement)?].as_str()))
    }

    fn line(&self, action: &str, resource: &str) -> String {
        format!("{} {action} {}", self.function, label(resource))
    }

    fn note(&self, line: String) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(mut file)) = (noted.insert(line.clone()), notes()) {
            // One write a line: other threads append as well.
            if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
                tracing::error!(%error, "what was used of a policy could not be noted");
            }
        }
    }
}

/// The last part of a resource's name: a table, an index, a queue, the folder in a bucket or the
/// bucket itself.
fn label(resource: &str) -> &str {
    let name = resource.rsplit(':').next().unwrap_or(resource);
    match (resource.contains(":s3:"), name.split_once('/')) {
        (true, Some((_, key))) => key.split('/').next().unwrap_or(key),
        (true, None) => "bucket",
        (false, Some(("table", table))) => table,
        (false, _) => name,
    }
}

/// The file for the notes of this process, if they are wanted.
fn notes() -> Option<&'static File> {
    static NOTES: OnceLock<Option<File>> = OnceLock::new();
    let open = || {
        let mut path = PathBuf::from(std::env::var_os(USED)?);
        let mut name = String::new();
        write!(name, "{}", std::process::id()).ok()?;
        path.push(name);
        OpenOptions::new().create(true).append(true).open(path).ok()
    };
    NOTES.get_or_init(open).as_ref()
}
