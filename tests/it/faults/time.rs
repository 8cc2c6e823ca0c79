//! Virtual time: one clock for the functions, the simulator and every timer in the process of a
//! run.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Poll, Waker};

use app::ports::Clock;
use domain::time::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// How often the sockets are looked at before time may jump. An exchange with the simulator takes
/// about ten looks from one event that resets the count to the next; both ends live in this thread,
/// so nothing is ever on its way elsewhere.
const LOOKS: u32 = 48;

thread_local! {
    static LOOKED: Cell<u32> = const { Cell::new(0) };
    static LOOKER: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

/// Something happened: what follows from it has to be waited for before time may jump.
pub fn busy() {
    LOOKED.with(|looked| looked.set(0));
}

/// A runtime in which time stops while anything is left to do and jumps to the next timer
/// when nothing is. Tokio's own paused clock knows no sockets: it would jump while an answer lies
/// in one.
pub fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park(|| {
            let looked = LOOKED.with(Cell::get);
            if looked < LOOKS {
                LOOKED.with(|cell| cell.set(looked + 1));
                // Something to do keeps the runtime from sleeping: it looks at the sockets and
                // comes back.
                LOOKER.with(|waker| {
                    waker
                        .borrow()
                        .as_ref()
                        .inspect(|waker| waker.wake_by_ref())
                        .is_some()
                });
            } else {
                LOOKED.with(|cell| cell.set(0));
            }
        })
        .build()
        .unwrap();
    runtime.spawn(std::future::poll_fn(|context| {
        LOOKER.with(|waker| {
            let mut waker = waker.borrow_mut();
            if !waker
                .as_ref()
                .is_some_and(|waker| waker.will_wake(context.waker()))
            {
                *waker = Some(context.waker().clone());
            }
        });
        Poll::<()>::Pending
    }));
    runtime
}

/// The time of a run: that of the runtime, and whatever was skipped. Clones show the same.
#[derive(Clone)]
pub struct VirtualClock {
    base: Timestamp,
    start: Instant,
    skipped: Arc<AtomicI64>,
}

impl VirtualClock {
    /// A clock that shows `base`. Needs the runtime around it.
    pub fn at(base: Timestamp) -> Self {
        Self {
            base,
            start: Instant::now(),
            skipped: Arc::default(),
        }
    }

    /// Time passes for the clock and for no timer: a process that stood still does not notice.
    pub fn skip(&self, millis: i64) {
        self.skipped.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.base
            .plus_millis(passed.saturating_add(self.skipped.load(Ordering::SeqCst)))
    }
}
