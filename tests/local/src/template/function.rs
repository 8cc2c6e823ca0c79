//! A function of the template: its limits, its variables and what calls it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::resolve::Resolver;
use super::{Node, TemplateError, policy};
use crate::edge::{REGION, Statement};

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The name of its crate, taken from `CodeUri`.
    pub name: String,
    /// Its name in the template.
    pub logical_name: String,
    /// How long one call may take.
    pub timeout: Duration,
    /// Its memory in megabytes.
    pub memory: u32,
    /// Its variables.
    pub env: BTreeMap<String, String>,
    /// What its role may do.
    pub statements: Vec<Statement>,
    /// The routes of the HTTP API that call it.
    pub routes: Vec<Route>,
    /// The queues that call it.
    pub queues: Vec<QueueSource>,
    /// The buckets that call it.
    pub buckets: Vec<BucketSource>,
    /// The schedules that call it.
    pub schedules: Vec<Schedule>,
}

impl Function {
    /// What its process finds in its environment: its own variables, and those by which the AWS SDK
    /// finds the service at `aws`, whose edge verifies no credentials.
    #[must_use]
    pub fn variables(&self, aws: &str) -> BTreeMap<String, String> {
        let service = [
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", aws),
        ];
        let service = service.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.env.clone().into_iter().chain(service).collect()
    }
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method, in capitals.
    pub method: String,
    /// The path with its parameters in braces.
    pub path: String,
    /// Whether anybody may call it.
    pub public: bool,
}

/// A queue whose messages call a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The name of the queue.
    pub queue: String,
    /// The most messages of one call.
    pub batch_size: i32,
    /// Whether the function names the messages that failed, rather than failing with all.
    pub partial_failures: bool,
    /// The most calls at once.
    pub concurrency: usize,
}

/// A bucket whose new objects call a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSource {
    /// The name of the bucket.
    pub bucket: String,
    /// What the key of an object must begin with.
    pub prefix: String,
    /// What the key of an object must end with.
    pub suffix: String,
}

/// A schedule that calls a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The time between two calls.
    pub every: Duration,
}

/// What Lambda grants when the template says nothing.
const DEFAULT_TIMEOUT_SECONDS: i64 = 3;
const DEFAULT_MEMORY: i64 = 128;
const DEFAULT_BATCH_SIZE: i64 = 10;
/// The pollers of a queue without a limit; AWS starts with five.
const DEFAULT_CONCURRENCY: i64 = 5;

pub(super) fn read(
    logical_name: &str,
    properties: &Node,
    globals: Option<&Node>,
    resolver: &Resolver<'_>,
) -> Result<Function, TemplateError> {
    let missing = |property: &str| TemplateError::Missing {
        resource: logical_name.to_owned(),
        property: property.to_owned(),
    };
    let own_or_global = |path: &[&str]| {
        properties
            .at(path)
            .or_else(|| globals.and_then(|node| node.at(path)))
    };
    let number =
        |path: &[&str], default| own_or_global(path).and_then(Node::int).unwrap_or(default);

    let code = properties
        .get("CodeUri")
        .and_then(Node::text)
        .ok_or_else(|| missing("CodeUri"))?;
    let name = code
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();

    let mut env = BTreeMap::new();
    for node in [globals, Some(properties)].into_iter().flatten() {
        for (variable, value) in node
            .at(&["Environment", "Variables"])
            .map(Node::entries)
            .unwrap_or_default()
        {
            env.insert(variable.clone(), resolver.text(value)?);
        }
    }

    let seconds = u64::try_from(number(&["Timeout"], DEFAULT_TIMEOUT_SECONDS))
        .map_err(|_| missing("Timeout"))?;
    let mut function = Function {
        name: name.to_owned(),
        logical_name: logical_name.to_owned(),
        timeout: Duration::from_secs(seconds),
        memory: u32::try_from(number(&["MemorySize"], DEFAULT_MEMORY))
            .map_err(|_| missing("MemorySize"))?,
        env,
        statements: policy::read(properties.get("Policies").unwrap_or(&Node::Null), resolver)?,
        routes: vec![],
        queues: vec![],
        buckets: vec![],
        schedules: vec![],
    };
    for (event, declaration) in properties
        .get("Events")
        .map(Node::entries)
        .unwrap_or_default()
    {
        let details = declaration.get("Properties").unwrap_or(&Node::Null);
        let lacks = |property: &str| missing(&format!("Events.{event}.{property}"));
        match declaration.get("Type").and_then(Node::text) {
            Some("HttpApi") => function
                .routes
                .push(route(details).ok_or_else(|| lacks("Method or Path"))?),
            Some("SQS") => function.queues.push(queue(details, resolver, &lacks)?),
            Some("S3") => function.buckets.push(bucket(details, resolver, &lacks)?),
            Some("ScheduleV2" | "Schedule") => {
                let rate = details
                    .get("ScheduleExpression")
                    .or_else(|| details.get("Schedule"))
                    .and_then(Node::text);
                let every = rate
                    .and_then(every)
                    .ok_or_else(|| lacks("ScheduleExpression"))?;
                function.schedules.push(Schedule { every });
            }
            _ => return Err(lacks("Type")),
        }
    }
    Ok(function)
}

fn route(details: &Node) -> Option<Route> {
    Some(Route {
        method: details.get("Method")?.text()?.to_ascii_uppercase(),
        path: details.get("Path")?.text()?.to_owned(),
        public: details.at(&["Auth", "Authorizer"]).and_then(Node::text) == Some("NONE"),
    })
}

fn queue(
    details: &Node,
    resolver: &Resolver<'_>,
    lacks: &dyn Fn(&str) -> TemplateError,
) -> Result<QueueSource, TemplateError> {
    let arn = resolver.text(details.get("Queue").ok_or_else(|| lacks("Queue"))?)?;
    let number = |path: &[&str], default| match details.at(path) {
        Some(node) => resolver
            .text(node)?
            .parse()
            .map_err(|_| lacks(path[path.len() - 1])),
        None => Ok(default),
    };
    let responses = details
        .get("FunctionResponseTypes")
        .map(Node::items)
        .unwrap_or_default();
    Ok(QueueSource {
        queue: arn.rsplit(':').next().unwrap_or_default().to_owned(),
        batch_size: i32::try_from(number(&["BatchSize"], DEFAULT_BATCH_SIZE)?)
            .map_err(|_| lacks("BatchSize"))?,
        partial_failures: responses
            .iter()
            .any(|kind| kind.text() == Some("ReportBatchItemFailures")),
        concurrency: usize::try_from(number(
            &["ScalingConfig", "MaximumConcurrency"],
            DEFAULT_CONCURRENCY,
        )?)
        .map_err(|_| lacks("ScalingConfig"))?,
    })
}

fn bucket(
    details: &Node,
    resolver: &Resolver<'_>,
    lacks: &dyn Fn(&str) -> TemplateError,
) -> Result<BucketSource, TemplateError> {
    let rules = details
        .at(&["Filter", "S3Key", "Rules"])
        .map(Node::items)
        .unwrap_or_default();
    let rule = |name: &str| {
        let rule = rules
            .iter()
            .find(|rule| rule.get("Name").and_then(Node::text) == Some(name));
        rule.and_then(|rule| rule.get("Value"))
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(BucketSource {
        bucket: resolver.text(details.get("Bucket").ok_or_else(|| lacks("Bucket"))?)?,
        prefix: rule("prefix"),
        suffix: rule("suffix"),
    })
}

/// The time between two calls of `rate(1 minute)`.
fn every(expression: &str) -> Option<Duration> {
    let (count, unit) = expression
        .strip_prefix("rate(")?
        .strip_suffix(')')?
        .split_once(' ')?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(
        count.parse::<u64>().ok()?.checked_mul(seconds)?,
    ))
}
