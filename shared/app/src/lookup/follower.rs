//! Followers wait for the answers that other requests ask the ERP for.

use std::time::Duration;

use domain::freshness::{Age, Reason};
use domain::time::Timestamp;

use super::cache_lookup::{CacheLookup, Pending, Resolved, is_leased};
use super::kind::{LookupKind, LookupResult};

/// The first pause of a follower, in milliseconds. Each pause is twice as long as the one before.
const FIRST_PAUSE_MS: i64 = 25;
/// The longest pause, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 500;

impl<K: LookupKind> CacheLookup<'_, K> {
    /// Polls the cache until each key has an answer. If a leader's lease ends without one, this
    /// request tries to lead. At the deadline it falls back on the cache.
    pub(super) async fn follow(&self, mut waiting: Vec<Pending<K>>) -> Vec<Resolved<K>> {
        let mut resolved = Vec::with_capacity(waiting.len());
        let mut pause = FIRST_PAUSE_MS;
        while !waiting.is_empty() {
            let left = self.context.deadline.millis_since(self.deps.clock.now());
            if left <= pause {
                resolved.extend(self.fall_back_all(&waiting));
                return resolved;
            }
            self.sleep_up_to(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE_MS);
            let keys: Vec<K::Key> = waiting.iter().map(|pending| pending.key.clone()).collect();
            let slots = match self.kind.read_cache(&keys).await {
                Ok(slots) => slots,
                Err(error) => {
                    tracing::warn!(%error, "the answer to another request could not be read");
                    resolved.extend(self.fall_back_all(&waiting));
                    return resolved;
                }
            };
            let now = self.deps.clock.now();
            let (mut still_leased, mut to_lead) = (Vec::new(), Vec::new());
            for (pending, slot) in waiting.into_iter().zip(slots) {
                let pending = Pending { slot, ..pending };
                match self.leaders_answer(&pending, now) {
                    Some(answer) => resolved.push(answer),
                    None if is_leased(&pending.slot, now) => still_leased.push(pending),
                    None => to_lead.push(pending),
                }
            }
            let round = self.acquire_leases(to_lead).await;
            resolved.extend(self.lead(round.granted, round.owner.as_deref()).await);
            still_leased.extend(round.refused);
            waiting = still_leased;
        }
        resolved
    }

    /// The answer that a leader brought since this request started; `None` if there is none yet. It
    /// counts as live for this request too, even if stock is so scarce that the entry is never
    /// fresh.
    fn leaders_answer(&self, pending: &Pending<K>, now: Timestamp) -> Option<Resolved<K>> {
        let resolved = |result| Resolved {
            index: pending.index,
            result,
        };
        if let Some(entry) = &pending.slot.entry {
            let age = self.age(pending.index, &pending.slot, now);
            if age != Age::Expired && K::as_of(entry) >= self.started_at {
                return Some(resolved(LookupResult::FromErp(entry.clone())));
            }
            if age == Age::Fresh {
                return Some(resolved(LookupResult::Cached(entry.clone())));
            }
        }
        let failure = pending.slot.failure?;
        (failure.at >= self.started_at).then(|| self.fall_back(pending, failure.reason))
    }

    fn fall_back_all(&self, waiting: &[Pending<K>]) -> Vec<Resolved<K>> {
        waiting
            .iter()
            .map(|pending| self.fall_back(pending, Reason::ErpTimeout))
            .collect()
    }

    /// Sleeps between half and all of `millis`, so that followers do not all read at once.
    async fn sleep_up_to(&self, millis: i64) {
        let half = millis.unsigned_abs() / 2;
        let millis = half.saturating_add(self.deps.ids.below(half.saturating_add(1)));
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
