//! The simulator as a value: built from options, shared by cheap clones, served on a listener.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;

use crate::calls::{Call, Calls};
use crate::dataset::Dataset;
use crate::documents::Kind;
use crate::faults::{Fault, Faults, Marks};
use crate::history;
use crate::mode::Mode;
use crate::operation::Operation;
use crate::state::ErpState;

/// Milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A moment of a call at which a watcher is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It arrived; nothing was done yet, and a fault armed now hits it.
    Arrived,
    /// The work is done; the answer has not left.
    Done,
}

/// What becomes of a watched call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Go,
    /// Its connection ends here.
    Cut,
    /// It was on its way for so long: its work is done then, whether or not a client still waits.
    Late(Duration),
}

/// Called for every call of the contract, with the name of its operation. The call waits for the
/// verdict.
pub type Watcher = Arc<dyn Fn(Moment, &'static str) -> BoxFuture<'static, Verdict> + Send + Sync>;

/// What a simulator is built from.
#[derive(Clone)]
pub struct Options {
    /// What the ERP knows.
    pub dataset: Dataset,
    /// The time.
    pub clock: Clock,
    /// The bearer credential that every call of the contract must carry. The control routes take
    /// none.
    pub token: String,
    /// How documents advance until the control route says otherwise.
    pub mode: Mode,
}

impl Options {
    /// The credential of the local stack.
    pub const LOCAL_TOKEN: &'static str = "local-erp-token";

    /// The given knowledge and clock, [`Self::LOCAL_TOKEN`] and [`Mode::DEMO`].
    #[must_use]
    pub fn new(dataset: Dataset, clock: Clock) -> Self {
        Self {
            dataset,
            clock,
            token: Self::LOCAL_TOKEN.to_owned(),
            mode: Mode::DEMO,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// The simulated ERP. Clones share one state.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    dataset: Arc<Dataset>,
    clock: Clock,
    token: String,
    mode: Mode,
    contents: Mutex<Contents>,
    watcher: Mutex<Option<Watcher>>,
}

/// What a reset takes back.
struct Contents {
    state: ErpState,
    calls: Calls,
    faults: Faults,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

impl Simulator {
    /// A simulator with the state of the start. Nothing listens yet; see `serve`.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options {
            dataset,
            clock,
            token,
            mode,
        } = options;
        let dataset = Arc::new(dataset);
        let contents = Contents {
            state: history::initial_state(Arc::clone(&dataset), mode, clock()),
            calls: Calls::default(),
            faults: Faults::default(),
        };
        Self {
            inner: Arc::new(Inner {
                dataset,
                clock,
                token,
                mode,
                contents: Mutex::new(contents),
                watcher: Mutex::default(),
            }),
        }
    }

    /// Back to the state of the start: no documents of this side, no reservations, no faults, no
    /// calls.
    pub fn reset(&self) {
        let now = self.now();
        *self.lock() = Contents {
            state: history::initial_state(Arc::clone(&self.inner.dataset), self.inner.mode, now),
            calls: Calls::default(),
            faults: Faults::default(),
        };
    }

    /// Arms a fault. An operation that does not exist is never hit.
    pub fn arm(&self, fault: Fault) {
        self.lock().faults.arm(fault);
    }

    /// Disarms every fault that was not taken yet.
    pub fn disarm(&self) {
        self.lock().faults.clear();
    }

    /// The faults that are still armed.
    #[must_use]
    pub fn armed(&self) -> Vec<Fault> {
        self.lock().faults.armed().to_vec()
    }

    /// The calls that arrived.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.lock().calls.clone()
    }

    /// All orders it holds, drafts included, as `GET /_sim/orders` shows them.
    #[must_use]
    pub fn orders(&self) -> Vec<Value> {
        self.with_state(|state, now| state.shown_documents(now, Kind::Order))
    }

    /// All quotes it holds, as `GET /_sim/quotes` shows them.
    #[must_use]
    pub fn quotes(&self) -> Vec<Value> {
        self.with_state(|state, now| state.shown_documents(now, Kind::Quote))
    }

    /// All reservations that stand, as `GET /_sim/reservations` shows them.
    #[must_use]
    pub fn reservations(&self) -> Vec<Value> {
        self.with_state(ErpState::shown_reservations)
    }

    /// From now on `watcher` is called for every call. It stays over a reset.
    pub fn watch(&self, watcher: Watcher) {
        *self
            .inner
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(watcher);
    }

    pub(crate) async fn ask_watcher(&self, moment: Moment, operation: &'static str) -> Verdict {
        let watcher = self
            .inner
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match watcher {
            Some(watcher) => watcher(moment, operation).await,
            None => Verdict::Go,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        (self.inner.clock)()
    }

    pub(crate) fn token(&self) -> &str {
        &self.inner.token
    }

    pub(crate) fn with_state<T>(&self, work: impl FnOnce(&mut ErpState, i64) -> T) -> T {
        let now = self.now();
        work(&mut self.lock().state, now)
    }

    pub(crate) fn take_fault(&self, operation: Operation) -> (Marks, Option<Fault>) {
        self.lock().faults.take(operation)
    }

    pub(crate) fn count(&self, call: Call) {
        self.lock().calls.add(call);
    }

    pub(crate) fn count_refused(&self, operation: Operation) {
        self.lock().calls.refuse(operation.name());
    }

    /// A panic in another request left whole values behind: every change is made of single inserts.
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.inner
            .contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
