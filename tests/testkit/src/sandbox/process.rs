//! What goes on in one environment, in one task: whatever happens comes as a note, one after the
//! other.

use std::collections::{BTreeMap, VecDeque};
use std::process::ExitStatus;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Failed, Program};

/// How long a program may take to start.
const START: Duration = Duration::from_secs(10);
/// How long a program that is to end may take.
const END: Duration = Duration::from_millis(500);

/// An event on its way to the program.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    pub(super) id: String,
    /// When its time is over, in milliseconds since the Unix epoch.
    pub(super) deadline_ms: u64,
    pub(super) arn: String,
    /// The event as JSON.
    pub(super) event: String,
}

/// Something that happens.
pub(super) enum Note {
    /// The runtime asks for its next event.
    RuntimePolls(oneshot::Sender<Invocation>),
    /// An extension does.
    ExtensionPolls {
        id: String,
        answer: oneshot::Sender<Invocation>,
    },
    /// An extension registers: answered with its identifier and the function's name.
    Registers {
        name: String,
        events: Vec<String>,
        answer: oneshot::Sender<Option<(String, String)>>,
    },
    /// The runtime answered an event; false when that is not the current one.
    Ended {
        id: String,
        result: Result<Value, Failed>,
        answer: oneshot::Sender<bool>,
    },
    /// The program cannot start.
    InitFailed(Failed, oneshot::Sender<()>),
    /// The test hands over an event.
    Invoke {
        event: String,
        answer: oneshot::Sender<Result<Value, Failed>>,
    },
    /// The test waits until nothing is under way.
    Rest(oneshot::Sender<Result<(), Failed>>),
    /// The test asks which extensions there are.
    Extensions(oneshot::Sender<Vec<(String, Vec<String>)>>),
    /// The test asks how long the start took.
    FirstPoll(oneshot::Sender<Option<Duration>>),
    /// The test waits for the end of the process.
    Exited(oneshot::Sender<Option<ExitStatus>>),
    /// The test ends the environment.
    Terminate(oneshot::Sender<Option<ExitStatus>>),
}

struct Extension {
    name: String,
    events: Vec<String>,
    polls: Option<oneshot::Sender<Invocation>>,
}

struct Current {
    id: String,
    answer: Option<oneshot::Sender<Result<Value, Failed>>>,
}

pub(super) struct Process {
    program: Program,
    child: Child,
    pid: u32,
    runtime: Option<oneshot::Sender<Invocation>>,
    extensions: BTreeMap<String, Extension>,
    current: Option<Current>,
    waiting: VecDeque<(String, oneshot::Sender<Result<Value, Failed>>)>,
    resting: Vec<oneshot::Sender<Result<(), Failed>>>,
    began: Instant,
    first_poll: Option<Duration>,
    /// The start is over.
    started: bool,
    frozen: bool,
    /// When the time of what is under way is over.
    until: Option<Instant>,
    /// How it ended.
    ended: Option<Failed>,
    events: u64,
}

impl Process {
    pub(super) fn new(program: Program, child: Child, pid: u32, began: Instant) -> Self {
        Self {
            program,
            child,
            pid,
            runtime: None,
            extensions: BTreeMap::new(),
            current: None,
            waiting: VecDeque::new(),
            resting: Vec::new(),
            began,
            first_poll: None,
            started: false,
            frozen: false,
            until: Some(began + START),
            ended: None,
            events: 0,
        }
    }

    pub(super) async fn run(mut self, mut notes: mpsc::UnboundedReceiver<Note>) {
        loop {
            let until = self.until;
            let over = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                note = notes.recv() => match note {
                    Some(note) => self.take(note).await,
                    None => return,
                },
                status = self.child.wait(), if self.ended.is_none() => {
                    let how = status.map_or_else(
                        |error| error.to_string(),
                        |status| status.to_string(),
                    );
                    self.end(Failed::Exited(how));
                }
                () = over => {
                    let _ = self.child.kill().await;
                    self.end(Failed::TimedOut);
                }
            }
            self.settle().await;
        }
    }

    async fn take(&mut self, note: Note) {
        match note {
            Note::RuntimePolls(answer) => {
                self.first_poll.get_or_insert(self.began.elapsed());
                self.runtime = Some(answer);
            }
            // Without an answer the one who asked is refused.
            Note::ExtensionPolls { id, answer } => {
                if let Some(extension) = self.extensions.get_mut(&id) {
                    extension.polls = Some(answer);
                }
            }
            Note::Registers {
                name,
                events,
                answer,
            } => {
                let open = self.program.extensions && self.runtime.is_none() && !self.started;
                let registered = open.then(|| {
                    let id = format!("extension-{}", self.extensions.len());
                    self.extensions.insert(
                        id.clone(),
                        Extension {
                            name,
                            events,
                            polls: None,
                        },
                    );
                    (id, self.program.name.clone())
                });
                let _ = answer.send(registered);
            }
            Note::Ended { id, result, answer } => {
                let current = self.current.as_mut().filter(|current| current.id == id);
                let waits = current.and_then(|current| current.answer.take());
                let _ = answer.send(waits.is_some());
                if let Some(waits) = waits {
                    let _ = waits.send(result);
                }
            }
            Note::InitFailed(failed, answer) => {
                let _ = answer.send(());
                self.end(failed);
            }
            Note::Invoke { event, answer } => match &self.ended {
                Some(failed) => _ = answer.send(Err(failed.clone())),
                None => self.waiting.push_back((event, answer)),
            },
            Note::Rest(answer) => match &self.ended {
                Some(failed) => _ = answer.send(Err(failed.clone())),
                None => self.resting.push(answer),
            },
            Note::Extensions(answer) => {
                let known = self.extensions.values();
                let _ = answer.send(
                    known
                        .map(|one| (one.name.clone(), one.events.clone()))
                        .collect(),
                );
            }
            Note::FirstPoll(answer) => _ = answer.send(self.first_poll),
            Note::Exited(answer) => {
                let status = tokio::time::timeout(END, self.child.wait()).await;
                let _ = answer.send(status.ok().and_then(Result::ok));
            }
            Note::Terminate(answer) => _ = answer.send(self.terminate().await),
        }
    }

    /// Delivers the next event, or freezes the process, once the runtime and all extensions poll.
    async fn settle(&mut self) {
        let at_rest = self.runtime.is_some()
            && self
                .extensions
                .values()
                .all(|extension| extension.polls.is_some());
        if self.ended.is_some() || !at_rest {
            return;
        }
        self.started = true;
        self.until = None;
        // What the runtime never answered, but polls again, is never answered.
        if let Some(answer) = self.current.take().and_then(|current| current.answer) {
            let _ = answer.send(Err(Failed::Exited(
                "the event was never answered".to_owned(),
            )));
        }
        let Some((event, answer)) = self.waiting.pop_front() else {
            if !self.frozen {
                self.freeze().await;
            }
            for waits in self.resting.drain(..) {
                let _ = waits.send(Ok(()));
            }
            return;
        };
        if self.frozen {
            self.signal("CONT").await;
            self.frozen = false;
        }
        self.events = self.events.saturating_add(1);
        let ends = SystemTime::now() + self.program.timeout;
        let invocation = Invocation {
            id: format!("00000000-0000-4000-8000-{:012}", self.events),
            deadline_ms: ends.duration_since(UNIX_EPOCH).map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }),
            arn: format!(
                "arn:aws:lambda:eu-central-1:123456789012:function:{}",
                self.program.name
            ),
            event,
        };
        self.current = Some(Current {
            id: invocation.id.clone(),
            answer: Some(answer),
        });
        self.until = Some(Instant::now() + self.program.timeout);
        for extension in self
            .extensions
            .values_mut()
            .filter(|one| one.events.iter().any(|event| event == "INVOKE"))
        {
            if let Some(polls) = extension.polls.take() {
                let _ = polls.send(invocation.clone());
            }
        }
        if let Some(runtime) = self.runtime.take() {
            let _ = runtime.send(invocation);
        }
    }

    /// Nothing more comes from the process.
    fn end(&mut self, how: Failed) {
        // What it said of itself counts more than its status.
        let how = self.ended.get_or_insert(how).clone();
        self.until = None;
        let current = self.current.take().and_then(|current| current.answer);
        let waiting = self.waiting.drain(..).map(|(_, answer)| answer);
        for answer in current.into_iter().chain(waiting) {
            let _ = answer.send(Err(how.clone()));
        }
        for waits in self.resting.drain(..) {
            let _ = waits.send(Err(how.clone()));
        }
    }

    async fn terminate(&mut self) -> Option<ExitStatus> {
        self.signal("TERM").await;
        self.signal("CONT").await;
        let status = match tokio::time::timeout(END, self.child.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => {
                let _ = self.child.kill().await;
                self.child.wait().await.ok()
            }
        };
        self.end(Failed::Exited("it was ended".to_owned()));
        status
    }

    async fn freeze(&mut self) {
        self.signal("STOP").await;
        self.frozen = true;
        // The signal takes its time to reach all threads.
        for _ in 0..1_000 {
            if self.child.id().is_none() || is_stopped(self.pid) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The shell has the one command that needs no further program.
    async fn signal(&self, name: &str) {
        if self.child.id().is_some() {
            let command = format!("kill -{name} {}", self.pid);
            let _ = Command::new("sh")
                .arg("-c")
                .arg(command)
                .stderr(std::process::Stdio::null())
                .status()
                .await;
        }
    }
}

/// Whether a process is stopped, as the system says.
pub(super) fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state follows the name, which is in parentheses and may hold anything.
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('T'))
}
