//! The way of a request through cache, leases and ERP; the same for everything that is looked up.
//!
//! One read for all keys. What is fresh is answered. For the rest one round of leases decides who
//! asks the ERP: this request asks for what it was granted, in as few calls as the ERP allows, and
//! waits for the others' answers to the rest. So a thousand requests that miss the same key make
//! one call, on however many instances they run.
//!
//! A call that goes out anyway takes along what is fresh but near its end, as far as there is room
//! in it. What is near its end and asked for often is renewed without such a call too, after the
//! answer: whoever asked has the kept value at once, and nobody waits when its time is over.

use std::time::Duration;

use domain::freshness::{Age, Reason};
use domain::time::Timestamp;
use futures::stream::{self, StreamExt};

use super::subject::{Found, Subject};
use super::{LookupDeps, Mode, reason};
use crate::ports::StoreError;
use crate::ports::erp::{CallContext, ItemAnswer};
use crate::ports::lookups::{Lease, LeaseWish, LookupKey, Slot};

/// The first pause of a request that waits for another one's answer, in milliseconds. Each is twice
/// as long as the one before.
const FIRST_PAUSE_MS: i64 = 25;
/// The longest pause, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 500;
/// Most entries near their end that a call takes along: they must not make it slow.
const RIDERS: usize = 20;
/// The part of its time, counted from the end, in which an entry is near its end.
const NEAR_END: i64 = 5;
/// Calls of one request under way at once, however many the ERP would bear: others call it too.
const IN_FLIGHT: usize = 4;

/// A key that is not settled yet.
#[derive(Clone)]
struct Open<S: Subject> {
    place: usize,
    key: S::Key,
    slot: Slot<S::Entry>,
    /// Fresh still: nobody waits for it.
    rider: bool,
}

/// An entry near its end: the place of its key, and the entry as it was seen.
pub(super) type Due<S> = (usize, <S as Subject>::Key, Slot<<S as Subject>::Entry>);

/// One request on its way.
pub(super) struct Flow<'a, S: Subject> {
    parts: &'a LookupDeps,
    context: &'a CallContext,
    subject: &'a S,
    start: Timestamp,
}

type Settled<S> = Vec<(usize, Found<<S as Subject>::Entry>)>;

impl<'a, S: Subject> Flow<'a, S> {
    pub(super) fn new(parts: &'a LookupDeps, context: &'a CallContext, subject: &'a S) -> Self {
        Self {
            parts,
            context,
            subject,
            start: parts.clock.now(),
        }
    }

    /// What became of each key, in their order.
    /// And what is to be renewed by [`Self::renew`] after the answer.
    ///
    /// # Errors
    /// [`StoreError`] when the cache cannot be read at first; later the ERP's answers are worth
    /// more than it.
    pub(super) async fn run(
        self,
        mode: Mode,
        keys: &[S::Key],
    ) -> Result<(Vec<Found<S::Entry>>, Vec<Due<S>>), StoreError> {
        let (mut settled, due) = match mode {
            Mode::Live => (self.live(keys).await?, Vec::new()),
            Mode::Cached | Mode::Auto => self.cached(mode, keys).await?,
        };
        settled.sort_by_key(|(place, _)| *place);
        Ok((settled.into_iter().map(|(_, found)| found).collect(), due))
    }

    /// Asks the ERP for what is near its end, unless another request does. The subject's questions
    /// are those of `due`, in their order.
    pub(super) async fn renew(self, due: Vec<Due<S>>) {
        let opens = due.into_iter().enumerate();
        let opens = opens
            .map(|(place, (_, key, slot))| Open {
                place,
                key,
                slot,
                rider: true,
            })
            .collect();
        let (owner, granted, _) = self.lease(opens).await;
        if owner.is_some() {
            self.lead(granted, owner.as_deref()).await;
        }
    }

    async fn cached(
        &self,
        mode: Mode,
        keys: &[S::Key],
    ) -> Result<(Settled<S>, Vec<Due<S>>), StoreError> {
        let slots = self.subject.read(keys).await?;
        let now = self.parts.clock.now();
        let mut settled = Vec::with_capacity(keys.len());
        let (mut free, mut busy, mut riders) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (key, slot)) in keys.iter().zip(slots).enumerate() {
            let age = self.age(place, &slot, now);
            let rider = age == Age::Fresh && mode == Mode::Auto && self.near_end(place, &slot, now);
            let open = |slot| Open {
                place,
                key: key.clone(),
                slot,
                rider,
            };
            match (mode, age) {
                _ if rider && !leased(&slot, now) => riders.push(open(slot)),
                (Mode::Cached, _) | (_, Age::Fresh) => {
                    settled.push((place, shown(slot.entry, age, Reason::NotCached)))
                }
                _ if leased(&slot, now) => busy.push(open(slot)),
                _ => free.push(open(slot)),
            }
        }
        let mut due = Vec::new();
        let room = if free.is_empty() {
            0
        } else {
            self.room_beside(free.len()).await
        };
        for (at, rider) in riders.into_iter().enumerate() {
            if at < room {
                free.push(rider);
            } else {
                settled.push((rider.place, self.fallback(&rider, Reason::NotCached)));
                if due.len() < RIDERS && self.asked_often(&rider) {
                    due.push((rider.place, rider.key, rider.slot));
                }
            }
        }
        if free.is_empty() && busy.is_empty() {
            return Ok((settled, due));
        }
        let (owner, granted, refused) = self.lease(free).await;
        for open in refused {
            if open.rider {
                settled.push((open.place, self.fallback(&open, Reason::NotCached)));
            } else {
                busy.push(open);
            }
        }
        let (led, followed) =
            futures::join!(self.lead(granted, owner.as_deref()), self.follow(busy));
        settled.extend(led);
        settled.extend(followed);
        Ok((settled, due))
    }

    fn asked_often(&self, rider: &Open<S>) -> bool {
        let entry = rider.slot.entry.as_ref();
        self.parts.background.is_some()
            && entry.is_some_and(|entry| {
                self.parts
                    .often
                    .asked(S::leased(&rider.key), S::as_of(entry))
            })
    }

    fn near_end(&self, place: usize, slot: &Slot<S::Entry>, now: Timestamp) -> bool {
        slot.entry.as_ref().is_some_and(|entry| {
            self.subject.fresh_until(place, entry).is_some_and(|until| {
                until.millis_since(now) < until.millis_since(S::as_of(entry)) / NEAR_END
            })
        })
    }

    /// How many riders fit into the calls for so many misses without making one more.
    async fn room_beside(&self, misses: usize) -> usize {
        let most = self
            .parts
            .declared
            .known()
            .await
            .map_or(1, |known| known.max_items_per_call.max(1));
        let calls = misses.div_ceil(most);
        calls
            .saturating_mul(most)
            .saturating_sub(misses)
            .min(RIDERS)
    }

    /// Asks for everything, whoever else may be asking. What the ERP does not say may still be
    /// shown as stale.
    async fn live(&self, keys: &[S::Key]) -> Result<Settled<S>, StoreError> {
        let all = keys.iter().enumerate();
        let all = all
            .map(|(place, key)| Open {
                place,
                key: key.clone(),
                slot: Slot::empty(),
                rider: false,
            })
            .collect();
        let (asked, failed): (Settled<S>, Settled<S>) = self
            .lead(all, None)
            .await
            .into_iter()
            .partition(|(_, found)| matches!(found, Found::Asked(_)));
        let mut settled = asked;
        if failed.is_empty() {
            return Ok(settled);
        }
        let wanted: Vec<S::Key> = failed
            .iter()
            .filter_map(|(place, _)| keys.get(*place).cloned())
            .collect();
        let slots = self.subject.read(&wanted).await?;
        for (((place, found), key), slot) in failed.into_iter().zip(wanted).zip(slots) {
            let why = match found {
                Found::Missing(why) => why,
                Found::Asked(_) | Found::Kept(_) | Found::Stale(..) => Reason::ErpIncomplete,
            };
            settled.push((
                place,
                match self.fallback(
                    &Open {
                        place,
                        key,
                        slot,
                        rider: false,
                    },
                    why,
                ) {
                    // Fresh in the cache is not what the caller asked for.
                    Found::Kept(entry) => Found::Stale(entry, why),
                    other => other,
                },
            ));
        }
        Ok(settled)
    }

    /// One round of leases: who the owner is, what was granted, what somebody else is busy with.
    async fn lease(&self, wanted: Vec<Open<S>>) -> (Option<String>, Vec<Open<S>>, Vec<Open<S>>) {
        if wanted.is_empty() {
            return (None, Vec::new(), Vec::new());
        }
        let from = self.parts.clock.now();
        let until = from
            .plus_millis(self.parts.declared.lease_ms())
            .min(self.context.deadline);
        let lease = Lease {
            owner: self.parts.ids.mint(),
            from,
            until,
        };
        let wishes: Vec<LeaseWish> = wanted
            .iter()
            .map(|open| LeaseWish {
                key: S::leased(&open.key),
                revision: open.slot.revision.clone(),
            })
            .collect();
        match self.parts.cache.lease(&wishes, &lease).await {
            Ok(answers) => {
                let (granted, refused): (Vec<_>, Vec<_>) = wanted
                    .into_iter()
                    .zip(answers)
                    .partition(|(_, granted)| *granted);
                let strip =
                    |pairs: Vec<(Open<S>, bool)>| pairs.into_iter().map(|(open, _)| open).collect();
                (Some(lease.owner), strip(granted), strip(refused))
            }
            Err(error) => {
                // A second call to the ERP does less harm than no answer.
                tracing::warn!(%error, "no leases could be taken; the ERP is asked without");
                (None, wanted, Vec::new())
            }
        }
    }

    /// Asks the ERP and keeps its answers. Those who wait are told when there are none.
    async fn lead(&self, opens: Vec<Open<S>>, owner: Option<&str>) -> Settled<S> {
        if opens.is_empty() {
            return Vec::new();
        }
        let answers = self.ask(&opens).await;
        let mut settled = Vec::with_capacity(opens.len());
        let mut entries = Vec::new();
        let mut given_up: Vec<(Reason, LookupKey)> = Vec::new();
        for (open, answer) in opens.into_iter().zip(answers) {
            let value = match answer {
                Ok(ItemAnswer::Known(value)) => Ok(Ok(value)),
                Ok(ItemAnswer::Absent(absence)) => Ok(Err(absence)),
                Ok(ItemAnswer::Missing) => Err(Reason::ErpIncomplete),
                Err(reason) => Err(reason),
            };
            match value {
                Ok(value) => {
                    let entry = self.subject.entry(value);
                    settled.push((open.place, Found::Asked(entry.clone())));
                    entries.push((open.key, entry));
                }
                Err(reason) => {
                    settled.push((open.place, self.fallback(&open, reason)));
                    given_up.push((reason, S::leased(&open.key)));
                }
            }
        }
        let kept = async {
            if !entries.is_empty()
                && let Err(error) = self.subject.keep(&entries).await
            {
                tracing::warn!(%error, entries = entries.len(), "the ERP's answers were passed on, but not kept");
            }
        };
        futures::join!(kept, self.give_up(given_up, owner));
        settled
    }

    async fn ask(&self, opens: &[Open<S>]) -> Vec<Result<ItemAnswer<S::Value>, Reason>> {
        let limits = match self.subject.limits().await {
            Ok(limits) => limits,
            Err(error) => return opens.iter().map(|_| Err(reason(&error))).collect(),
        };
        let places: Vec<usize> = opens.iter().map(|open| open.place).collect();
        let calls: Vec<Vec<usize>> = places
            .chunks(limits.max_items_per_call.max(1))
            .map(<[usize]>::to_vec)
            .collect();
        let calls = calls.into_iter().map(|places| async move {
            match self.subject.ask(&places).await {
                Ok(answers) => answers.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => {
                    tracing::warn!(%error, items = places.len(), "the ERP did not answer a lookup");
                    places.iter().map(|_| Err(reason(&error))).collect()
                }
            }
        });
        let answers: Vec<Vec<_>> = stream::iter(calls)
            .buffered(limits.max_concurrency.clamp(1, IN_FLIGHT))
            .collect()
            .await;
        answers.into_iter().flatten().collect()
    }

    async fn give_up(&self, keys: Vec<(Reason, LookupKey)>, owner: Option<&str>) {
        let Some(owner) = owner else { return };
        let now = self.parts.clock.now();
        let mut left = keys;
        while let Some((why, _)) = left.first().cloned() {
            let (these, others): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(reason, _)| *reason == why);
            let these: Vec<LookupKey> = these.into_iter().map(|(_, key)| key).collect();
            if let Err(error) = self.parts.cache.give_up(&these, owner, now, why).await {
                tracing::warn!(%error, keys = these.len(), "leases could not be given up; they end by themselves");
            }
            left = others;
        }
    }

    /// Waits for what others are asking the ERP for, and takes over from those who are gone.
    async fn follow(&self, mut waiting: Vec<Open<S>>) -> Settled<S> {
        let mut settled = Vec::with_capacity(waiting.len());
        let mut pause = FIRST_PAUSE_MS;
        while !waiting.is_empty() {
            let left = self.context.deadline.millis_since(self.parts.clock.now());
            if left <= pause {
                settled.extend(self.give_in(&waiting, Reason::ErpTimeout));
                return settled;
            }
            self.rest(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE_MS);
            let keys: Vec<S::Key> = waiting.iter().map(|open| open.key.clone()).collect();
            let slots = match self.subject.read(&keys).await {
                Ok(slots) => slots,
                Err(error) => {
                    tracing::warn!(%error, "the answer to another request could not be read");
                    settled.extend(self.give_in(&waiting, Reason::ErpTimeout));
                    return settled;
                }
            };
            let now = self.parts.clock.now();
            let (mut still, mut free) = (Vec::new(), Vec::new());
            for (open, slot) in waiting.into_iter().zip(slots) {
                let open = Open { slot, ..open };
                match self.news(&open, now) {
                    Some(found) => settled.push((open.place, found)),
                    None if leased(&open.slot, now) => still.push(open),
                    None => free.push(open),
                }
            }
            let (owner, granted, refused) = self.lease(free).await;
            settled.extend(self.lead(granted, owner.as_deref()).await);
            still.extend(refused);
            waiting = still;
        }
        settled
    }

    /// What another request brought since this one began: it is as good as asked by this one, even
    /// if it is so scarce that nobody may keep it.
    fn news(&self, open: &Open<S>, now: Timestamp) -> Option<Found<S::Entry>> {
        if let Some(entry) = &open.slot.entry {
            let age = self.age(open.place, &open.slot, now);
            if age != Age::Expired && S::as_of(entry) >= self.start {
                return Some(Found::Asked(entry.clone()));
            }
            if age == Age::Fresh {
                return Some(Found::Kept(entry.clone()));
            }
        }
        let (at, reason) = open.slot.failed?;
        (at >= self.start).then(|| self.fallback(open, reason))
    }

    fn give_in(&self, waiting: &[Open<S>], reason: Reason) -> Settled<S> {
        waiting
            .iter()
            .map(|open| (open.place, self.fallback(open, reason)))
            .collect()
    }

    /// What can be shown without the ERP.
    fn fallback(&self, open: &Open<S>, reason: Reason) -> Found<S::Entry> {
        shown(
            open.slot.entry.clone(),
            self.age(open.place, &open.slot, self.parts.clock.now()),
            reason,
        )
    }

    fn age(&self, place: usize, slot: &Slot<S::Entry>, now: Timestamp) -> Age {
        slot.entry
            .as_ref()
            .map_or(Age::Expired, |entry| self.subject.age(place, entry, now))
    }

    /// Pauses between half and all of `millis`, so that those who wait do not all look at once.
    async fn rest(&self, millis: i64) {
        let half = millis.unsigned_abs() / 2;
        let millis = half.saturating_add(self.parts.ids.below(half.saturating_add(1)));
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// What can be shown of an entry of such an age.
fn shown<E>(entry: Option<E>, age: Age, reason: Reason) -> Found<E> {
    match (entry, age) {
        (Some(entry), Age::Fresh) => Found::Kept(entry),
        (Some(entry), Age::Stale) => Found::Stale(entry, reason),
        (Some(_), Age::Expired) | (None, _) => Found::Missing(reason),
    }
}

fn leased<E>(slot: &Slot<E>, now: Timestamp) -> bool {
    slot.leased_until.is_some_and(|until| now < until)
}
