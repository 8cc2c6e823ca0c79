//! The programs of the functions, as they are deployed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use testkit::Program;

use super::TestApp;

/// The program of a function. `BINARIES` names a folder with programs to take, such as
/// `target/lambda`: each lies in it under the name of its function, or as `bootstrap` in a folder
/// of that name. Otherwise they are built, in the same profile and with the same features as these
/// tests.
pub fn built(function: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| match std::env::var_os("BINARIES") {
        Some(folder) => root().join(folder),
        None => build(),
    });
    let place = folder.join(function);
    let bootstrap = place.join("bootstrap");
    let found = if bootstrap.is_file() {
        bootstrap
    } else {
        place
    };
    assert!(found.is_file(), "there is no program {}", found.display());
    found
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Naming these tests with the programs makes cargo choose the same features, so that nothing is
/// built twice.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().to_owned();
    let profile = match folder.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        other => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(root())
        .args([
            "build",
            "--locked",
            "--quiet",
            "--workspace",
            "--bins",
            "--test",
            "it",
            "--profile",
            profile,
        ])
        .arg("--target-dir")
        .arg(folder.parent().unwrap())
        .status();
    assert!(built.unwrap().success(), "the programs cannot be built");
    folder
}

impl TestApp {
    /// The program of a function, with the variables that the template gives it, among the
    /// resources of this test.
    pub fn program(&self, name: &str) -> Program {
        let function = self.stack().template().function(name).unwrap();
        Program {
            binary: built(name),
            name: function.logical_name.clone(),
            memory: function.memory,
            timeout: function.timeout,
            variables: function.variables(self.stack().aws()),
            extensions: true,
        }
    }
}
