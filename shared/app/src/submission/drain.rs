//! What waits for an ERP that was away goes on when it is back, in the order of capture.

use domain::submission::State;

use super::handover::{HandOver, Went};
use crate::failure::Failure;
use crate::ports::erp::CallContext;

/// Submissions that are looked for in one go: as many as a worker comes to in a while, so that what others settled
/// meanwhile is not met too often.
const AT_ONCE: usize = 25;
/// So many in a row that the ERP did not settle say that it is away again. A few may have a reason of their own.
const STUCK: usize = 3;

impl HandOver {
    /// The ERP answers: what waits for it goes on without minding its backoff, the oldest first, until there is nothing
    /// left, no time, or no answer. Workers that do the same at once pass over what others hold. Costs two calls for each
    /// [`AT_ONCE`] and one to read each.
    pub(super) async fn drain(&self, context: &CallContext) -> Result<(), Failure> {
        let mut stuck = 0;
        loop {
            let waiting = self.submissions.oldest(State::Waiting, AT_ONCE);
            let (mut oldest, unknown) = futures::try_join!(waiting, self.submissions.oldest(State::Unknown, AT_ONCE))?;
            oldest.extend(unknown);
            oldest.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            let mut settled = 0;
            for one in oldest.iter().take(AT_ONCE) {
                let Some(mut submission) = self.submissions.submission(&one.id).await? else { continue };
                // The index is late: it may be done, and must not be done again for its due time.
                if !matches!(submission.state, State::Waiting | State::Unknown) {
                    continue;
                }
                if !self.has_time(context, &submission) {
                    return Ok(());
                }
                submission.go_on();
                match self.advance(context, submission).await? {
                    Went::Settled => (settled, stuck) = (settled + 1, 0),
                    Went::Waits => stuck += 1,
                    Went::Nowhere => {}
                }
                if stuck == STUCK {
                    return Ok(());
                }
            }
            if settled == 0 {
                return Ok(());
            }
        }
    }
}
