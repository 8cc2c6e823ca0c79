//! One lookup: cache first, then the ERP, as the module's story tells it.

use domain::freshness::{Age, Reason};
use domain::time::Timestamp;
use futures::FutureExt;

use super::kind::{LookupKind, LookupResult};
use super::{LookupDeps, Mode};
use crate::ports::StoreError;
use crate::ports::erp::CallContext;
use crate::ports::lookups::{EntryLease, LeaseRequest, Slot};

/// Most entries that are refreshed ahead by one request: they must not make a call slow.
const MAX_REFRESH_AHEAD: usize = 20;
/// An entry is near its end in this last part of its lifetime: a fifth.
const LAST_PART: i64 = 5;

/// A key without a result yet.
#[derive(Clone)]
pub(super) struct Pending<K: LookupKind> {
    pub(super) index: usize,
    pub(super) key: K::Key,
    pub(super) slot: Slot<K::Entry>,
    /// The entry is still fresh, so no request waits for this key.
    pub(super) refresh_ahead: bool,
}

/// The result for the key at an index.
pub(super) struct Resolved<K: LookupKind> {
    pub(super) index: usize,
    pub(super) result: LookupResult<K::Entry>,
}

/// The results of a lookup.
pub(super) struct LookupAnswers<K: LookupKind> {
    /// One per key, in their order.
    pub(super) results: Vec<LookupResult<K::Entry>>,
    /// Hot entries for [`CacheLookup::refresh`] after the response.
    pub(super) to_refresh: Vec<Pending<K>>,
}

/// The keys of a request by what has to happen to them.
struct Triage<K: LookupKind> {
    resolved: Vec<Resolved<K>>,
    /// No request asks the ERP for these yet: this one tries to lead.
    to_lead: Vec<Pending<K>>,
    /// Another request asks the ERP for these.
    to_follow: Vec<Pending<K>>,
    /// Fresh, but near their end.
    near_end: Vec<Pending<K>>,
}

/// The answer of the store to a request for leases.
pub(super) struct LeaseRound<K: LookupKind> {
    /// The owner of the granted leases; `None` if the store failed and the ERP is asked without.
    pub(super) owner: Option<String>,
    pub(super) granted: Vec<Pending<K>>,
    pub(super) refused: Vec<Pending<K>>,
}

impl LookupDeps {
    /// The result for each key of `kind`, in their order. Refreshes hot entries after the response.
    ///
    /// # Errors
    /// [`StoreError`] if the cache cannot be read.
    pub(super) async fn look_up<K: LookupKind>(
        &self,
        context: &CallContext,
        mode: Mode,
        kind: K,
    ) -> Result<Vec<LookupResult<K::Entry>>, StoreError> {
        let answers = CacheLookup::new(self, context, &kind).run(mode).await?;
        if !answers.to_refresh.is_empty()
            && let Some(background) = &self.background
        {
            let deps = self.clone();
            let context = self.refresh_context(context);
            let refresh = async move {
                CacheLookup::new(&deps, &context, &kind)
                    .refresh(answers.to_refresh)
                    .await;
            };
            background.spawn(refresh.boxed());
        }
        Ok(answers.results)
    }
}

/// One request's lookup of one kind.
pub(super) struct CacheLookup<'a, K: LookupKind> {
    pub(super) deps: &'a LookupDeps,
    pub(super) context: &'a CallContext,
    pub(super) kind: &'a K,
    pub(super) started_at: Timestamp,
}

impl<'a, K: LookupKind> CacheLookup<'a, K> {
    pub(super) fn new(deps: &'a LookupDeps, context: &'a CallContext, kind: &'a K) -> Self {
        Self {
            deps,
            context,
            kind,
            started_at: deps.clock.now(),
        }
    }

    /// Looks up every key of the kind.
    ///
    /// # Errors
    /// [`StoreError`] if the first read of the cache fails. Later failures of the cache are logged:
    /// by then the ERP's answers are worth more than it.
    pub(super) async fn run(self, mode: Mode) -> Result<LookupAnswers<K>, StoreError> {
        let (mut resolved, to_refresh) = match mode {
            Mode::Live => (self.ask_live().await?, Vec::new()),
            Mode::Cached | Mode::Auto => self.cache_first(mode).await?,
        };
        resolved.sort_by_key(|resolved| resolved.index);
        Ok(LookupAnswers {
            results: resolved.into_iter().map(|key| key.result).collect(),
            to_refresh,
        })
    }

    /// Asks the ERP for entries near their end, except those that another request asks for.
    pub(super) async fn refresh(self, near_end: Vec<Pending<K>>) {
        let round = self.acquire_leases(near_end).await;
        if round.owner.is_some() {
            self.lead(round.granted, round.owner.as_deref()).await;
        }
    }

    async fn cache_first(
        &self,
        mode: Mode,
    ) -> Result<(Vec<Resolved<K>>, Vec<Pending<K>>), StoreError> {
        let mut keys = self.triage(mode).await?;
        let to_refresh = self.fill_calls(&mut keys).await;
        if keys.to_lead.is_empty() && keys.to_follow.is_empty() {
            return Ok((keys.resolved, to_refresh));
        }
        let round = self.acquire_leases(keys.to_lead).await;
        for refused in round.refused {
            if refused.refresh_ahead {
                keys.resolved
                    .push(self.fall_back(&refused, Reason::NotCached));
            } else {
                keys.to_follow.push(refused);
            }
        }
        let (led, followed) = futures::join!(
            self.lead(round.granted, round.owner.as_deref()),
            self.follow(keys.to_follow)
        );
        keys.resolved.extend(led);
        keys.resolved.extend(followed);
        Ok((keys.resolved, to_refresh))
    }

    /// Reads the cache and decides what has to happen to each key.
    async fn triage(&self, mode: Mode) -> Result<Triage<K>, StoreError> {
        let keys = self.kind.keys();
        let slots = self.kind.read_cache(keys).await?;
        let now = self.deps.clock.now();
        let mut triage = Triage {
            resolved: Vec::with_capacity(keys.len()),
            to_lead: Vec::new(),
            to_follow: Vec::new(),
            near_end: Vec::new(),
        };
        for (index, (key, slot)) in keys.iter().zip(slots).enumerate() {
            let age = self.age(index, &slot, now);
            let leased = is_leased(&slot, now);
            let refresh_ahead = mode == Mode::Auto
                && age == Age::Fresh
                && !leased
                && self.is_near_end(index, &slot, now);
            if !refresh_ahead && (mode == Mode::Cached || age == Age::Fresh) {
                let result = LookupResult::from_cache(slot.entry, age, Reason::NotCached);
                triage.resolved.push(Resolved { index, result });
                continue;
            }
            let pending = Pending {
                index,
                key: key.clone(),
                slot,
                refresh_ahead,
            };
            if refresh_ahead {
                triage.near_end.push(pending);
            } else if leased {
                triage.to_follow.push(pending);
            } else {
                triage.to_lead.push(pending);
            }
        }
        Ok(triage)
    }

    /// Fills the calls for `to_lead` with entries near their end. The others are served from the
    /// cache; those that are hot are returned, to be refreshed after the response.
    async fn fill_calls(&self, keys: &mut Triage<K>) -> Vec<Pending<K>> {
        let room = if keys.to_lead.is_empty() {
            0
        } else {
            self.spare_room(keys.to_lead.len()).await
        };
        let mut near_end = std::mem::take(&mut keys.near_end).into_iter();
        keys.to_lead.extend(near_end.by_ref().take(room));
        let mut to_refresh = Vec::new();
        for pending in near_end {
            keys.resolved
                .push(self.fall_back(&pending, Reason::NotCached));
            if to_refresh.len() < MAX_REFRESH_AHEAD && self.is_hot(&pending) {
                to_refresh.push(pending);
            }
        }
        to_refresh
    }

    /// How many more keys fit into the calls for `misses` keys without another call.
    async fn spare_room(&self, misses: usize) -> usize {
        let per_call = self
            .deps
            .capabilities
            .known()
            .await
            .map_or(1, |known| known.max_items_per_call.max(1));
        let calls = misses.div_ceil(per_call);
        calls
            .saturating_mul(per_call)
            .saturating_sub(misses)
            .min(MAX_REFRESH_AHEAD)
    }

    fn is_hot(&self, pending: &Pending<K>) -> bool {
        self.deps.background.is_some()
            && pending.slot.entry.as_ref().is_some_and(|entry| {
                self.deps
                    .hot_keys
                    .is_hot(K::lookup_key(&pending.key), K::as_of(entry))
            })
    }

    fn is_near_end(&self, index: usize, slot: &Slot<K::Entry>, now: Timestamp) -> bool {
        slot.entry.as_ref().is_some_and(|entry| {
            self.kind.fresh_until(index, entry).is_some_and(|until| {
                until.millis_since(now) < until.millis_since(K::as_of(entry)) / LAST_PART
            })
        })
    }

    /// Asks the ERP for every key without a lease. A key without an answer is served from the cache
    /// as stale.
    async fn ask_live(&self) -> Result<Vec<Resolved<K>>, StoreError> {
        let keys = self.kind.keys();
        let pending = |(index, key): (usize, &K::Key)| Pending {
            index,
            key: key.clone(),
            slot: Slot::empty(),
            refresh_ahead: false,
        };
        let all = keys.iter().enumerate().map(pending).collect();
        let (mut resolved, failed): (Vec<_>, Vec<_>) = self
            .lead(all, None)
            .await
            .into_iter()
            .partition(|key: &Resolved<K>| matches!(key.result, LookupResult::FromErp(_)));
        if failed.is_empty() {
            return Ok(resolved);
        }
        let failed_keys: Vec<K::Key> = failed
            .iter()
            .filter_map(|failed| keys.get(failed.index).cloned())
            .collect();
        let slots = self.kind.read_cache(&failed_keys).await?;
        for (failed, slot) in failed.into_iter().zip(slots) {
            let reason = match failed.result {
                LookupResult::Missing(reason) => reason,
                LookupResult::FromErp(_) | LookupResult::Cached(_) | LookupResult::Stale(..) => {
                    Reason::ErpIncomplete
                }
            };
            let age = self.age(failed.index, &slot, self.deps.clock.now());
            let result = match LookupResult::from_cache(slot.entry, age, reason) {
                // The caller asked for a live value: a fresh entry is not one.
                LookupResult::Cached(entry) => LookupResult::Stale(entry, reason),
                other => other,
            };
            resolved.push(Resolved {
                index: failed.index,
                result,
            });
        }
        Ok(resolved)
    }

    /// Asks for the leases on `wanted`, all at once.
    pub(super) async fn acquire_leases(&self, wanted: Vec<Pending<K>>) -> LeaseRound<K> {
        if wanted.is_empty() {
            return LeaseRound {
                owner: None,
                granted: Vec::new(),
                refused: Vec::new(),
            };
        }
        let from = self.deps.clock.now();
        let lease = EntryLease {
            owner: self.deps.ids.mint(),
            from,
            until: from
                .plus_millis(self.deps.capabilities.lease_ms())
                .min(self.context.deadline),
        };
        let requests: Vec<LeaseRequest> = wanted
            .iter()
            .map(|pending| LeaseRequest {
                key: K::lookup_key(&pending.key),
                revision: pending.slot.revision.clone(),
            })
            .collect();
        match self.deps.cache.acquire_leases(&requests, &lease).await {
            Ok(answers) => {
                let (mut granted, mut refused) = (Vec::with_capacity(wanted.len()), Vec::new());
                for (pending, is_granted) in wanted.into_iter().zip(answers) {
                    if is_granted {
                        granted.push(pending);
                    } else {
                        refused.push(pending);
                    }
                }
                LeaseRound {
                    owner: Some(lease.owner),
                    granted,
                    refused,
                }
            }
            Err(error) => {
                // A second call to the ERP does less harm than no answer.
                tracing::warn!(%error, "leases could not be acquired; the ERP is asked without");
                LeaseRound {
                    owner: None,
                    granted: wanted,
                    refused: Vec::new(),
                }
            }
        }
    }

    /// What can be served without the ERP.
    pub(super) fn fall_back(&self, pending: &Pending<K>, reason: Reason) -> Resolved<K> {
        let age = self.age(pending.index, &pending.slot, self.deps.clock.now());
        Resolved {
            index: pending.index,
            result: LookupResult::from_cache(pending.slot.entry.clone(), age, reason),
        }
    }

    pub(super) fn age(&self, index: usize, slot: &Slot<K::Entry>, now: Timestamp) -> Age {
        slot.entry
            .as_ref()
            .map_or(Age::Expired, |entry| self.kind.age(index, entry, now))
    }
}

pub(super) fn is_leased<E>(slot: &Slot<E>, now: Timestamp) -> bool {
    slot.leased_until.is_some_and(|until| now < until)
}
