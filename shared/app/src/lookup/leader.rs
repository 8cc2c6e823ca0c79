//! The leader of a key asks the ERP, caches the answer and so ends the lease.

use domain::freshness::Reason;
use futures::stream::{self, StreamExt};

use super::cache_lookup::{CacheLookup, Pending, Resolved};
use super::kind::{LookupKind, LookupResult, reason};
use crate::ports::erp::ItemAnswer;
use crate::ports::lookups::{LeaseFailure, LookupKey};

/// Most concurrent calls of one request, even if the ERP accepts more: other requests call it too.
const MAX_CONCURRENT_CALLS: usize = 4;

/// A lease without an answer, and why.
struct Unanswered {
    key: LookupKey,
    reason: Reason,
}

impl<K: LookupKind> CacheLookup<'_, K> {
    /// Asks the ERP and caches its answers. Leases without an answer are abandoned, so that their
    /// followers do not wait for the end of the lease.
    pub(super) async fn lead(
        &self,
        keys: Vec<Pending<K>>,
        owner: Option<&str>,
    ) -> Vec<Resolved<K>> {
        if keys.is_empty() {
            return Vec::new();
        }
        let answers = self.ask_erp(&keys).await;
        let mut resolved = Vec::with_capacity(keys.len());
        let mut entries = Vec::new();
        let mut unanswered = Vec::new();
        for (pending, answer) in keys.into_iter().zip(answers) {
            let answer = match answer {
                Ok(ItemAnswer::Known(value)) => Ok(Ok(value)),
                Ok(ItemAnswer::Absent(absence)) => Ok(Err(absence)),
                Ok(ItemAnswer::Missing) => Err(Reason::ErpIncomplete),
                Err(reason) => Err(reason),
            };
            match answer {
                Ok(value_or_absence) => {
                    let entry = self.kind.entry(value_or_absence);
                    resolved.push(Resolved {
                        index: pending.index,
                        result: LookupResult::FromErp(entry.clone()),
                    });
                    entries.push((pending.key, entry));
                }
                Err(reason) => {
                    resolved.push(self.fall_back(&pending, reason));
                    unanswered.push(Unanswered {
                        key: K::lookup_key(&pending.key),
                        reason,
                    });
                }
            }
        }
        futures::join!(
            self.write_cache(&entries),
            self.abandon_leases(unanswered, owner)
        );
        resolved
    }

    /// The ERP's answer for each key, or why there is none; in their order, in as few calls as the
    /// ERP allows.
    async fn ask_erp(&self, keys: &[Pending<K>]) -> Vec<Result<ItemAnswer<K::Value>, Reason>> {
        let limits = match self.kind.limits(self.context).await {
            Ok(limits) => limits,
            Err(error) => return keys.iter().map(|_| Err(reason(&error))).collect(),
        };
        let indexes: Vec<usize> = keys.iter().map(|pending| pending.index).collect();
        let calls: Vec<Vec<usize>> = indexes
            .chunks(limits.max_items_per_call.max(1))
            .map(<[usize]>::to_vec)
            .collect();
        let calls = calls.into_iter().map(|indexes| async move {
            match self.kind.ask(self.context, &indexes).await {
                Ok(answers) => answers.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => {
                    tracing::warn!(
                        %error, items = indexes.len(),
                        "the ERP did not answer a lookup"
                    );
                    indexes.iter().map(|_| Err(reason(&error))).collect()
                }
            }
        });
        let answers: Vec<Vec<_>> = stream::iter(calls)
            .buffered(limits.max_concurrency.clamp(1, MAX_CONCURRENT_CALLS))
            .collect()
            .await;
        answers.into_iter().flatten().collect()
    }

    async fn write_cache(&self, entries: &[(K::Key, K::Entry)]) {
        if !entries.is_empty()
            && let Err(error) = self.kind.write_cache(entries).await
        {
            tracing::warn!(
                %error, entries = entries.len(),
                "the ERP's answers were served, but not cached"
            );
        }
    }

    /// Abandons leases, with one call to the store per reason.
    async fn abandon_leases(&self, mut unanswered: Vec<Unanswered>, owner: Option<&str>) {
        let Some(owner) = owner else { return };
        let at = self.deps.clock.now();
        while let Some(reason) = unanswered.first().map(|first| first.reason) {
            let (same, others): (Vec<_>, Vec<_>) =
                unanswered.into_iter().partition(|key| key.reason == reason);
            let keys: Vec<LookupKey> = same.into_iter().map(|unanswered| unanswered.key).collect();
            let failure = LeaseFailure { at, reason };
            if let Err(error) = self.deps.cache.abandon_leases(&keys, owner, failure).await {
                tracing::warn!(
                    %error, keys = keys.len(),
                    "leases could not be abandoned; they expire"
                );
            }
            unanswered = others;
        }
    }
}
