//! What may go wrong where, and which of it goes wrong in a run.

use erp_sim::{Fault as ErpFault, FaultKind};

/// A place where a run may be hit: every call to AWS, every call to the ERP, every delivery of a
/// message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// One attempt of an AWS call: the function that makes it, and the operation.
    Aws(&'static str, Operation),
    /// One call to the ERP, by its operation.
    Erp(&'static str),
    /// One delivery of a message to the worker.
    Delivery,
}

/// The AWS operations that submissions need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Get,
    BatchGet,
    Put,
    Update,
    Delete,
    Query,
    Transact,
    Send,
    Other,
}

impl Operation {
    pub fn of(target: &str) -> Self {
        match target.rsplit('.').next() {
            Some("GetItem") => Self::Get,
            Some("BatchGetItem") => Self::BatchGet,
            Some("PutItem") => Self::Put,
            Some("UpdateItem") => Self::Update,
            Some("DeleteItem") => Self::Delete,
            Some("Query") => Self::Query,
            Some("TransactWriteItems") => Self::Transact,
            Some("SendMessage") => Self::Send,
            _ => Self::Other,
        }
    }
}

/// What goes wrong at a site.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The function dies before the call leaves, or after its effect and before its answer.
    CrashBefore,
    CrashAfter,
    /// The function is paused for N milliseconds before or after the call, and the environment
    /// goes on: what it works on comes to another instance.
    StallBefore(i64),
    StallAfter(i64),
    /// The call takes effect and its answer is lost, for N attempts in a row.
    Lose(u32),
    /// The call does not arrive.
    Fail(u32),
    /// The service throttles.
    Throttle(u32),
    /// The call is on its way for N milliseconds and takes effect then; no caller hears its
    /// answer.
    Late(u64),
    /// One of the ERP's own, or more that go together.
    Erp(Vec<ErpFault>),
    /// The message is processed and delivered once more: at once in the same batch, or later for
    /// its deletion was lost.
    TwiceAtOnce,
    NotDeleted,
    /// The message comes N milliseconds later, after others.
    Postpone(i64),
}

/// What an ERP promises about repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateProtection {
    Key,
    Lookup,
    Nothing,
}

impl DuplicateProtection {
    pub const ALL: [Self; 3] = [Self::Key, Self::Lookup, Self::Nothing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "idempotency-key",
            Self::Lookup => "lookup",
            Self::Nothing => "none",
        }
    }
}

/// Past every lease and every time limit of a send.
const PAST_THE_LEASE: i64 = 60_000;
/// Longer than a submission may take, so that the client is gone when the answer comes.
const TOO_SLOW_MS: u64 = 12_000;
/// Shorter than a submission may take: what is on its way for longer is beyond what an ERP without
/// keys can promise.
const ON_ITS_WAY_MS: u64 = 8_000;
/// The same for a function that is paused with a send on its way.
const SENDING_MS: i64 = 8_000;

fn erp(operation: &str, kind: FaultKind) -> ErpFault {
    ErpFault::new(operation, kind, 1)
}

/// Every fault that a site can have.
pub fn faults_at(site: Site, support: DuplicateProtection) -> Vec<Fault> {
    match site {
        Site::Aws(..) => vec![
            Fault::CrashBefore,
            Fault::CrashAfter,
            Fault::StallBefore(0),
            Fault::StallBefore(PAST_THE_LEASE),
            Fault::StallAfter(PAST_THE_LEASE),
            Fault::Lose(1),
            Fault::Lose(3),
            Fault::Fail(3),
            Fault::Throttle(3),
            Fault::Late(60_000),
        ],
        Site::Delivery => vec![
            Fault::TwiceAtOnce,
            Fault::NotDeleted,
            Fault::Postpone(90_000),
        ],
        Site::Erp(operation) => erp_faults(operation, support),
    }
}

fn erp_faults(operation: &'static str, support: DuplicateProtection) -> Vec<Fault> {
    let one = |kind| Fault::Erp(vec![erp(operation, kind)]);
    let status = |kind, status| {
        Fault::Erp(vec![ErpFault {
            status: Some(status),
            ..erp(operation, kind)
        }])
    };
    let delayed = |kind, millis| {
        Fault::Erp(vec![ErpFault {
            delay_ms: Some(millis),
            ..erp(operation, kind)
        }])
    };
    let mut faults = vec![
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::StallBefore(0),
        Fault::StallAfter(PAST_THE_LEASE),
        one(FaultKind::Refuse),
        one(FaultKind::Hang),
        delayed(FaultKind::Delay, 1_000),
        delayed(FaultKind::Delay, TOO_SLOW_MS),
        status(FaultKind::Status, 503),
        status(FaultKind::Status, 429),
        one(FaultKind::Error200),
        Fault::Erp(vec![ErpFault {
            processed: Some(wire::erp::Processed::Maybe),
            ..erp(operation, FaultKind::Error200)
        }]),
        one(FaultKind::CommitThenDrop),
        status(FaultKind::CommitThenStatus, 500),
        one(FaultKind::Garbage),
        delayed(FaultKind::SlowDrip, 4_000),
        one(FaultKind::Partial),
        one(FaultKind::WrongReference),
        one(FaultKind::ErrorSentence),
        one(FaultKind::OmitItems),
        delayed(FaultKind::StaleKeepalive, 10),
        Fault::Late(ON_ITS_WAY_MS),
    ];
    let drop = || erp(operation, FaultKind::CommitThenDrop);
    match operation {
        "submit-order" | "submit-quote" => {
            let hidden = |millis| ErpFault {
                delay_ms: Some(millis),
                ..erp(operation, FaultKind::LateVisible)
            };
            faults.extend([
                status(FaultKind::Status, 202),
                status(FaultKind::CommitThenStatus, 202),
                one(FaultKind::HalfMade),
                Fault::Erp(vec![hidden(ON_ITS_WAY_MS), drop()]),
                Fault::Erp(vec![erp(operation, FaultKind::DuplicateRefused), drop()]),
            ]);
            if support == DuplicateProtection::Key {
                // Only keys help against what comes to light long after the time limit.
                faults.extend([
                    Fault::Late(40_000),
                    Fault::Erp(vec![hidden(3_000_000), drop()]),
                    Fault::Erp(vec![
                        hidden(3_000_000),
                        erp(operation, FaultKind::DuplicateRefused),
                        drop(),
                    ]),
                ]);
            }
        }
        "find" => faults.push(delayed(FaultKind::LateVisible, ON_ITS_WAY_MS)),
        _ => {}
    }
    faults
}

impl Fault {
    /// The fault as an ERP without keys can bear it: no one can tell a send that is on its way for
    /// longer than the time limit from one that never left. `sending` is true when a send may be on
    /// its way while the function is paused.
    pub fn bearable(self, support: DuplicateProtection, sending: bool) -> Self {
        match self {
            Self::StallBefore(millis) if sending && support != DuplicateProtection::Key => {
                Self::StallBefore(millis.min(SENDING_MS))
            }
            Self::StallAfter(millis) if sending && support != DuplicateProtection::Key => {
                Self::StallAfter(millis.min(SENDING_MS))
            }
            other => other,
        }
    }
}

/// Small, fast and the same everywhere (SplitMix64).
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xa076_1d64_78bd_642f) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or_default()
    }
}

/// Which sites of a run are hit.
#[derive(Debug, Clone)]
pub enum Plan {
    /// The sites with these numbers, counted from 0 in the order in which the run comes to them.
    Fixed(Vec<(usize, Fault)>),
    /// Each site with a chance of N per mille, as long as faults are left.
    Random(Rng, usize, usize),
}

impl Plan {
    /// What hits the site of the given number.
    pub fn take(
        &mut self,
        number: usize,
        site: Site,
        support: DuplicateProtection,
    ) -> Option<Fault> {
        match self {
            Self::Fixed(faults) => faults
                .iter()
                .find(|(at, _)| *at == number)
                .map(|(_, fault)| fault.clone()),
            Self::Random(rng, per_mille, left) => {
                if *left == 0 || rng.below(1000) >= *per_mille {
                    return None;
                }
                *left -= 1;
                let faults = faults_at(site, support);
                let mut fault = faults[rng.below(faults.len())].clone();
                match &mut fault {
                    // An outage of a few calls.
                    Fault::Erp(faults) if rng.below(4) == 0 => {
                        faults.iter_mut().for_each(|fault| fault.times = 3)
                    }
                    Fault::Late(millis) if matches!(site, Site::Aws(..)) => {
                        *millis = [200, 5_000, 30_000, 60_000, 200_000][rng.below(5)];
                    }
                    Fault::StallBefore(millis) | Fault::StallAfter(millis) => {
                        *millis = [0, 0, 3_000, 12_000, 26_000, 60_000, 400_000][rng.below(7)];
                    }
                    Fault::Postpone(millis) => {
                        *millis = [1_000, 20_000, 90_000, 700_000][rng.below(4)]
                    }
                    Fault::Lose(times) | Fault::Fail(times) | Fault::Throttle(times) => {
                        *times = [1, 2, 3][rng.below(3)]
                    }
                    _ => {}
                }
                Some(fault)
            }
        }
    }
}
