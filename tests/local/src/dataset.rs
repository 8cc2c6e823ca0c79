//! A folder of ERP export files and of what the ERP itself knows.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::stack::StartError;

/// The kinds of export files, in the order in which one builds on the other.
pub const KINDS: [&str; 7] = [
    "organizations",
    "users",
    "addresses",
    "categories",
    "items",
    "item-descriptions",
    "list-prices",
];

/// The data set that comes with the source tree.
const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

/// An export file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFile {
    /// Its kind.
    pub kind: &'static str,
    /// Where it lies.
    pub path: PathBuf,
    /// The key that it is dropped under.
    pub key: String,
}

/// A folder with `incoming/<kind>/snapshot/*` and `erp/*.csv`, all of it readable.
#[derive(Debug, Clone)]
pub struct Dataset {
    folder: PathBuf,
    files: Vec<ExportFile>,
}

impl Dataset {
    /// Looks through `folder`, or through the bundled one.
    ///
    /// # Errors
    /// [`StartError::Dataset`], which names the file or folder that is missing or cannot be read.
    pub fn find(folder: Option<&Path>) -> Result<Self, StartError> {
        let folder = folder.unwrap_or(Path::new(BUNDLED));
        for part in [
            folder.to_owned(),
            folder.join("incoming"),
            folder.join("erp"),
        ] {
            std::fs::read_dir(&part).map_err(|error| StartError::dataset(&part, error))?;
        }
        let mut files = Vec::new();
        for kind in KINDS {
            let snapshots = folder.join("incoming").join(kind).join("snapshot");
            // A kind without a folder has nothing to load; a folder that cannot be read is a
            // mistake.
            if !snapshots.exists() {
                continue;
            }
            let entries = std::fs::read_dir(&snapshots)
                .map_err(|error| StartError::dataset(&snapshots, error))?;
            let mut paths = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| StartError::dataset(&snapshots, error))?;
            paths.sort();
            for path in paths.into_iter().filter(|path| path.is_file()) {
                File::open(&path).map_err(|error| StartError::dataset(&path, error))?;
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                files.push(ExportFile {
                    kind,
                    path,
                    key: format!("incoming/{kind}/snapshot/{name}"),
                });
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            files,
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The export files, in the order in which to load them.
    #[must_use]
    pub fn files(&self) -> &[ExportFile] {
        &self.files
    }
}
