//! One execution environment of the Lambda service: it runs the program of a function as the
//! service does.
//!
//! It speaks the [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) and
//! the [Extensions API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html),
//! stops the process while nothing is asked of it (`SIGSTOP`, once the runtime and all extensions
//! poll for their next event), and kills it when the time of an invocation is over. An invocation
//! is answered once the runtime answered it; its time goes on until the extensions are done too.

mod api;
mod process;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use process::{Note, Process};

/// A program and how the service runs it.
#[derive(Debug, Clone)]
pub struct Program {
    /// The file.
    pub binary: PathBuf,
    /// The name of the function.
    pub name: String,
    /// The memory in megabytes. The program reads it; the sandbox does not enforce it.
    pub memory: u32,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// The function's own variables. The process has these, those that the service sets, and no
    /// others.
    pub variables: BTreeMap<String, String>,
    /// Whether extensions may register.
    pub extensions: bool,
}

/// An invocation, or the start before it, came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// The program reported why it cannot start.
    Init {
        /// What kind of error it was.
        kind: String,
        /// What it said.
        message: String,
    },
    /// The program answered this invocation with an error, and waits for the next one.
    Error {
        /// What kind of error it was.
        kind: String,
        /// What it said.
        message: String,
    },
    /// The process ended by itself, as its status says.
    Exited(String),
    /// Its time was over, and it was killed.
    TimedOut,
}

/// What a process has of the machine's memory, as proc(5) tells it. Zero where there is no `/proc`,
/// and once it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Now, in KiB.
    pub resident_kib: u64,
    /// The most so far, in KiB.
    pub peak_kib: u64,
}

impl Memory {
    /// That of a process by its number, or of this one as `self`.
    #[must_use]
    pub fn of(process: impl Display) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let kib = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_default();
            line.split_whitespace()
                .next()
                .and_then(|kib| kib.parse().ok())
                .unwrap_or_default()
        };
        Self {
            resident_kib: kib("VmRSS:"),
            peak_kib: kib("VmHWM:"),
        }
    }
}

/// A running program. Dropping it kills the process.
#[derive(Debug)]
pub struct Sandbox {
    notes: mpsc::UnboundedSender<Note>,
    pid: u32,
    // Files, not pipes: what was written is there at once, however busy the test is.
    out: NamedTempFile,
    err: NamedTempFile,
    _tasks: JoinSet<()>,
}

impl Sandbox {
    /// Starts the program.
    ///
    /// # Errors
    /// The system's error, when it cannot be started.
    pub async fn start(program: Program) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let service = [
            ("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", program.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            (
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                program.memory.to_string(),
            ),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            (
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", program.name),
            ),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "sandbox".to_owned()),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
            ("_HANDLER", "bootstrap".to_owned()),
            ("TZ", ":UTC".to_owned()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ];
        let (out, err) = (NamedTempFile::new()?, NamedTempFile::new()?);
        let began = Instant::now();
        let child = Command::new(&program.binary)
            .env_clear()
            .envs(service)
            .envs(&program.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::from(out.reopen()?))
            .stderr(Stdio::from(err.reopen()?))
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().unwrap_or_default();
        let mut tasks = JoinSet::new();
        let (notes, inbox) = mpsc::unbounded_channel();
        tasks.spawn(api::serve(listener, notes.clone()));
        tasks.spawn(Process::new(program, child, pid, began).run(inbox));
        Ok(Self {
            notes,
            pid,
            out,
            err,
            _tasks: tasks,
        })
    }

    /// Waits until the start is over: the runtime and all extensions poll for their first event.
    ///
    /// # Errors
    /// [`Failed`] when the program does not get that far within ten seconds.
    pub async fn ready(&self) -> Result<(), Failed> {
        self.at_rest().await
    }

    /// Waits until the program is done with the previous event, then invokes it with `event`.
    /// Returns the answer as soon as it arrives: extensions may still run.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn invoke(&self, event: &Value) -> Result<Value, Failed> {
        let event = event.to_string();
        self.ask(|answer| Note::Invoke { event, answer })
            .await
            .unwrap_or_else(|| Err(gone()))
    }

    /// Waits until the program is done with all events, and so is paused.
    ///
    /// # Errors
    /// [`Failed`] when it will never be.
    pub async fn at_rest(&self) -> Result<(), Failed> {
        self.ask(Note::Rest).await.unwrap_or_else(|| Err(gone()))
    }

    /// The names of the extensions that registered, each with the events that it asked for.
    pub async fn extensions(&self) -> Vec<(String, Vec<String>)> {
        self.ask(Note::Extensions).await.unwrap_or_default()
    }

    /// How long the program took from its start to its first poll for an event; `None` if it did
    /// not get that far.
    pub async fn first_poll(&self) -> Option<Duration> {
        self.ask(Note::FirstPoll).await.flatten()
    }

    /// What the process used of the CPU so far, over all threads that are still there, as the
    /// system says.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid))
            .into_iter()
            .flatten()
            .flatten();
        let nanos = tasks.filter_map(|task| {
            // Nanoseconds on the CPU, nanoseconds waiting for it, turns.
            let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// The memory of the process.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory::of(self.pid)
    }

    /// Whether the process is stopped now, as the system says.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        process::is_stopped(self.pid)
    }

    /// Waits for a process that ends by itself, for half a second at most; answers how it ended.
    pub async fn exited(&self) -> Option<ExitStatus> {
        self.ask(Note::Exited).await.flatten()
    }

    /// Ends the environment as the service does: the process is signalled by `SIGTERM`, and killed
    /// half a second later. Answers how it ended.
    pub async fn terminate(self) -> Option<ExitStatus> {
        self.ask(Note::Terminate).await.flatten()
    }

    /// What the program wrote to its standard output so far, line by line.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        lines(&self.out)
    }

    /// What it wrote to its standard error so far.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        lines(&self.err)
    }

    async fn ask<T>(&self, note: impl FnOnce(oneshot::Sender<T>) -> Note) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.notes.send(note(sender)).ok()?;
        receiver.await.ok()
    }
}

fn gone() -> Failed {
    Failed::Exited("the sandbox is gone".to_owned())
}

/// The whole lines of a file.
fn lines(file: &NamedTempFile) -> Vec<String> {
    let text = std::fs::read(file.path()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .map(str::to_owned)
        .collect()
}
