//! What a worker has in its hands, and for how long.

use domain::load::{Chunk, Load, Phase};
use domain::time::Timestamp;

use super::kinds::Rows;
use super::open::Form;
use super::run::{LoadError, Loader};

/// How long a load, a chunk and the turn of a kind stay with a worker without a sign of life.
/// Longer than the longest write of a store with all its repetitions, so that whoever lost them no
/// longer writes.
pub(super) const LEASE_SECONDS: i64 = 180;
/// They are prolonged at most this often.
pub(super) const RENEW_MILLIS: i64 = 20_000;
/// The progress of a load that is worked off by one worker is kept at most this often.
const PROGRESS_MILLIS: i64 = 1000;

/// A worker, and what it works on.
pub(super) struct Hands {
    /// The load, as it was read or written last.
    pub load: Load,
    /// Tells this worker from others.
    pub owner: String,
    /// Whether the load as a whole is in its hands; otherwise one chunk.
    pub whole: bool,
    /// The chunk as it was kept last, unless the load as a whole is in its hands.
    pub kept: Option<Chunk>,
    /// How the file is read, once that is known.
    pub form: Option<Form>,
    /// When they were prolonged.
    pub renewed: Timestamp,
    /// When the work must stop.
    pub until: Timestamp,
}

impl<R: Rows> Loader<R> {
    /// Makes sure that a worker still has what it works on, for long enough to write a batch.
    /// `chunk` is how far it is.
    pub(super) async fn renew(&self, hands: &mut Hands, chunk: &Chunk) -> Result<(), LoadError> {
        let now = self.clock.now();
        let due = now.millis_since(hands.renewed) >= RENEW_MILLIS;
        if hands.whole && hands.load.work.phase == Phase::Count {
            hands.load.counts = chunk.counts;
            hands.load.first_reasons.clone_from(&chunk.first_reasons);
        }
        if hands.whole && (due || now.millis_since(hands.load.updated_at) >= PROGRESS_MILLIS) {
            hands.load.bytes_read = chunk.bytes_read;
            self.keep(hands).await?;
        }
        if due {
            if let Some(kept) = &hands.kept {
                let until = Some(now.plus_seconds(LEASE_SECONDS));
                let (id, phase) = (&hands.load.id, hands.load.work.phase);
                if !self
                    .loads
                    .keep_chunk(id, phase, kept, &hands.owner, until)
                    .await?
                {
                    return Err(LoadError::Lost);
                }
            }
            self.take_turn(&hands.load).await?;
            hands.renewed = now;
        }
        Ok(())
    }

    /// Prolongs everything at once, before something that counts.
    pub(super) async fn renew_now(&self, hands: &mut Hands) -> Result<(), LoadError> {
        self.keep(hands).await?;
        self.take_turn(&hands.load).await?;
        hands.renewed = self.clock.now();
        Ok(())
    }

    /// Keeps the load as it is.
    pub(super) async fn keep(&self, hands: &mut Hands) -> Result<(), LoadError> {
        let now = self.clock.now();
        hands.load.updated_at = now;
        let until = Some(now.plus_seconds(LEASE_SECONDS));
        if self.loads.keep(&hands.load, &hands.owner, until).await? {
            Ok(())
        } else {
            Err(LoadError::Lost)
        }
    }

    /// Keeps a chunk. Whoever has the load as a whole needs no hold on it.
    pub(super) async fn keep_chunk(
        &self,
        hands: &mut Hands,
        chunk: &Chunk,
        done: bool,
    ) -> Result<(), LoadError> {
        let now = self.clock.now();
        let until = (!done && !hands.whole).then(|| now.plus_seconds(LEASE_SECONDS));
        let (id, phase) = (&hands.load.id, hands.load.work.phase);
        if !self
            .loads
            .keep_chunk(id, phase, chunk, &hands.owner, until)
            .await?
        {
            return Err(LoadError::Lost);
        }
        if !hands.whole {
            hands.kept = Some(chunk.clone());
        }
        Ok(())
    }

    /// Takes the turn of the load's kind, or keeps it. All workers of a load share it.
    pub(super) async fn take_turn(&self, load: &Load) -> Result<(), LoadError> {
        let now = self.clock.now();
        let until = now.plus_seconds(LEASE_SECONDS);
        if self
            .loads
            .take_turn(load.kind, load.id.as_str(), now, until)
            .await?
        {
            Ok(())
        } else {
            Err(LoadError::Busy)
        }
    }
}
