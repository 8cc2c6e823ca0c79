//! A schedule that calls a function.

use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Context;
use crate::edge::{ACCOUNT, REGION};
use crate::template::Schedule;

/// Calls the function at every tick, for the first time after one interval, until the stack stops.
pub(super) async fn run(context: Context, schedule: Schedule, function: String) {
    let mut stop = context.stop.clone();
    let mut ticks = interval_at(Instant::now() + schedule.every, schedule.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => return,
            _ = ticks.tick() => {}
        }
        let event = json!({
            "version": "0",
            "id": context.ids.mint(),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": context.clock.now().to_string(),
            "region": REGION,
            "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{function}")],
            "detail": "{}",
        });
        if let Err(error) = context.host.invoke(&function, event).await {
            tracing::error!(%error, "a scheduled call failed");
        }
    }
}
