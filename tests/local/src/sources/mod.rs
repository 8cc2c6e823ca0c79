//! What calls functions besides the storefront API: queues, buckets and schedules.

mod bucket;
mod queue;
mod schedule;

pub use bucket::object_created;
pub use queue::delivered;

use std::sync::Arc;

use app::ports::{Clock, Ids};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::edge::{Edge, ObjectCreated};
use crate::host::Host;
use crate::stop::Stop;
use crate::template::Template;

/// What every source works with.
#[derive(Clone)]
struct Context {
    host: Host,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    stop: Stop,
}

/// What everything that calls functions is started from.
pub struct Sources<'a> {
    /// Declares the sources.
    pub template: &'a Template,
    /// Tells a pump that a message arrived.
    pub edge: &'a Edge,
    /// Reads the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Brings new objects.
    pub created: UnboundedReceiver<ObjectCreated>,
    /// Runs the functions.
    pub host: Host,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Ends them.
    pub stop: Stop,
    /// Whether schedules run by themselves.
    pub schedules: bool,
}

impl Sources<'_> {
    /// Starts everything that calls functions, each in a task of `tasks`.
    pub fn start(self, tasks: &mut JoinSet<()>) {
        let context = Context {
            host: self.host,
            clock: self.clock,
            ids: self.ids,
            stop: self.stop,
        };
        let mut buckets = Vec::new();
        for function in &self.template.functions {
            for source in &function.queues {
                let arrivals = self.edge.sqs().arrivals(&source.queue);
                let url = self.edge.sqs().queue_url(&source.queue);
                let name = function.name.clone();
                tasks.spawn(queue::pump(
                    context.clone(),
                    self.sqs.clone(),
                    source.clone(),
                    url,
                    arrivals,
                    name,
                ));
            }
            for source in function.schedules.iter().filter(|_| self.schedules) {
                tasks.spawn(schedule::run(
                    context.clone(),
                    source.clone(),
                    function.name.clone(),
                ));
            }
            buckets.extend(
                function
                    .buckets
                    .iter()
                    .map(|source| (source.clone(), function.name.clone())),
            );
        }
        tasks.spawn(bucket::notify(context, buckets, self.created));
    }
}
