//! How long the program of each function behind the HTTP API takes from being started to its first
//! poll for an event, next to a hello-world.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use local::stack::Stack;
use testkit::{Failed, Program, Sandbox};

/// Starts of each program; the one in the middle counts.
const STARTS: usize = 21;
/// The program that the others are compared with.
const HELLO: &str = "hello";

/// What the start of a program takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartUp {
    /// The function.
    pub name: String,
    /// From its start to its first poll, on the clock.
    pub wall: Duration,
    /// What the process used of the CPU until it stood still after that, which includes what it
    /// warms up meanwhile.
    pub cpu: Duration,
}

/// Something went wrong.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Starts the programs in `folder`, the hello-world first.
///
/// # Errors
/// When a program is not there, or does not start.
pub async fn run(stack: &Stack, folder: &Path) -> Result<Vec<StartUp>, Error> {
    let behind_http = stack
        .template()
        .functions
        .iter()
        .filter(|function| !function.routes.is_empty());
    let mut found = Vec::new();
    for name in std::iter::once(HELLO).chain(behind_http.map(|function| function.name.as_str())) {
        let binary = folder.join(name);
        if !binary.is_file() {
            return Err(format!("there is no program {}", binary.display()).into());
        }
        let mut starts = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            let program = if name == HELLO {
                hello(&binary)
            } else {
                program(stack, name, &binary)?
            };
            starts.push(start(program).await?);
        }
        let middle = |mut times: Vec<Duration>| {
            times.sort_unstable();
            times.get(times.len() / 2).copied().unwrap_or_default()
        };
        let (wall, cpu): (Vec<_>, Vec<_>) = starts.into_iter().unzip();
        found.push(StartUp {
            name: name.to_owned(),
            wall: middle(wall),
            cpu: middle(cpu),
        });
    }
    Ok(found)
}

/// The program of a function, as the template has it.
///
/// # Errors
/// There is no such function.
pub(crate) fn program(stack: &Stack, name: &str, binary: &Path) -> Result<Program, Error> {
    let function = stack
        .template()
        .function(name)
        .ok_or_else(|| format!("there is no function {name}"))?;
    Ok(Program {
        binary: binary.to_owned(),
        name: name.to_owned(),
        memory: function.memory,
        timeout: function.timeout,
        variables: function.variables(stack.aws()),
        extensions: true,
    })
}

/// The hello-world: the program of no function.
fn hello(binary: &Path) -> Program {
    Program {
        binary: binary.to_owned(),
        name: HELLO.to_owned(),
        memory: 256,
        timeout: Duration::from_secs(25),
        variables: BTreeMap::new(),
        extensions: true,
    }
}

async fn start(program: Program) -> Result<(Duration, Duration), Error> {
    let sandbox = Sandbox::start(program).await?;
    let failed = |failed: Failed| format!("{failed:?}");
    sandbox.ready().await.map_err(failed)?;
    let wall = sandbox.first_poll().await.ok_or("it never polled")?;
    Ok((wall, sandbox.cpu()))
}
