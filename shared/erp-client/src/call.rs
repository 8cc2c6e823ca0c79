//! One HTTP exchange: headers, time limit, size limit, repetition of reads.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, UNIX_EPOCH};

use app::ports::erp::CallContext;
use domain::time::Timestamp;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde::Serialize;

use crate::ErpClient;
use crate::answer::{CallError, RawResponse, Success};
use crate::breaker::Breaker;
use crate::config::{TimeLimit, TimeLimits};
use crate::operation::Operation;

/// Most bytes of an answer. 500 lines with every field are far below one million.
const MAX_BYTES: usize = 8 << 20;
/// A call is not begun with less time than this left, in milliseconds: it would be cut off.
const MIN_MS: i64 = 100;
/// Attempts of a read, the first included. They share the time limit of one.
const ATTEMPTS: u32 = 2;
/// The shortest and the longest pause before a read is repeated, in milliseconds.
const PAUSE_MS: (u64, u64) = (50, 150);

/// A call of one operation.
pub(crate) struct ErpCall<'a> {
    pub operation: Operation<'a>,
    pub limit: TimeLimit,
    pub query: Vec<(&'static str, String)>,
    /// Lines or items; the time limit grows with them.
    pub lines: usize,
    /// Sent as `Idempotency-Key`; for submissions.
    pub key: Option<&'a str>,
    /// Refuses the call while the ERP does not answer calls of this kind.
    pub breaker: Option<&'a Breaker>,
}

impl<'a> ErpCall<'a> {
    /// A call without query, lines and key.
    pub fn new(operation: Operation<'a>, limits: &TimeLimits) -> Self {
        Self {
            operation,
            limit: operation.limit(limits),
            query: Vec::new(),
            lines: 0,
            key: None,
            breaker: None,
        }
    }

    pub fn lines(mut self, lines: usize) -> Self {
        self.lines = lines;
        self
    }

    /// Behind a circuit breaker.
    pub fn guarded(mut self, breaker: &'a Breaker) -> Self {
        self.breaker = Some(breaker);
        self
    }
}

impl ErpClient {
    /// A call of `operation` with its time limit.
    pub(crate) fn call<'a>(&self, operation: Operation<'a>) -> ErpCall<'a> {
        ErpCall::new(operation, &self.config.limits)
    }

    /// A read without a body. Repeated once where that helps: no connection, a broken one, or a
    /// busy ERP.
    pub(crate) async fn get(
        &self,
        context: &CallContext,
        call: &ErpCall<'_>,
    ) -> Result<Success, CallError> {
        self.read(context, call, None).await
    }

    /// A read with a body; repeated like [`Self::get`].
    pub(crate) async fn ask<T: Serialize + Sync>(
        &self,
        context: &CallContext,
        call: &ErpCall<'_>,
        body: &T,
    ) -> Result<Success, CallError> {
        let body = serde_json::to_vec(body).map_err(|_| CallError::Unusable("request"))?;
        self.read(context, call, Some(&body)).await
    }

    /// A write; sent once.
    pub(crate) async fn write<T: Serialize + Sync>(
        &self,
        context: &CallContext,
        call: &ErpCall<'_>,
        body: Option<&T>,
    ) -> Result<Success, CallError> {
        let body = body
            .map(serde_json::to_vec)
            .transpose()
            .map_err(|_| CallError::NotProcessed("request"))?;
        let answer = self
            .once(context, call, body.as_deref())
            .await
            .and_then(RawResponse::checked);
        self.count(&answer);
        answer
    }

    fn count(&self, answer: &Result<Success, CallError>) {
        if let Some(metrics) = self
            .metrics
            .as_ref()
            .filter(|_| !matches!(answer, Err(CallError::NoTime)))
        {
            metrics.erp_called(answer.as_ref().is_err_and(CallError::is_outage));
        }
    }

    async fn read(
        &self,
        context: &CallContext,
        call: &ErpCall<'_>,
        body: Option<&[u8]>,
    ) -> Result<Success, CallError> {
        // The attempts share the time limit of one, so that a caller never waits longer for a
        // failing read.
        let end = context
            .deadline
            .min(self.clock.now().plus_millis(call.limit.of(call.lines)));
        let context = CallContext {
            deadline: end,
            ..context.clone()
        };
        let mut attempt = 1;
        loop {
            if call
                .breaker
                .is_some_and(|breaker| !breaker.allows(self.clock.now()))
            {
                return Err(CallError::NotProcessed("circuit_open"));
            }
            let sent = self.once(&context, call, body).await;
            let asked_to_wait = sent.as_ref().ok().and_then(|raw| raw.retry_after_ms);
            let answer = sent.and_then(RawResponse::checked);
            self.count(&answer);
            if let Some(breaker) = call.breaker
                && breaker.ended(
                    answer.as_ref().is_err_and(CallError::is_outage),
                    self.clock.now(),
                )
            {
                tracing::warn!(
                    path = call.operation.path().join("/"),
                    "the ERP does not answer; the circuit breaker opened"
                );
            }
            let failure = match answer {
                Err(failure) if attempt < ATTEMPTS && failure.may_pass() => failure,
                other => return other,
            };
            // Added to the wait that the ERP asks for, so that callers that got the same answer do
            // not retry at the same time.
            let pause = asked_to_wait
                .unwrap_or(0)
                .saturating_add(pause(&context.correlation_id, attempt));
            let wake = self
                .clock
                .now()
                .plus_millis(i64::try_from(pause).unwrap_or(i64::MAX));
            if end.millis_since(wake) < MIN_MS {
                return Err(failure);
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
            attempt = attempt.saturating_add(1);
        }
    }

    async fn once(
        &self,
        context: &CallContext,
        call: &ErpCall<'_>,
        body: Option<&[u8]>,
    ) -> Result<RawResponse, CallError> {
        let left = context.deadline.millis_since(self.clock.now());
        if left < MIN_MS {
            return Err(CallError::NoTime);
        }
        let timeout = u64::try_from(call.limit.of(call.lines).min(left)).unwrap_or(0);
        let request = self
            .request(context, call, body)
            .timeout(Duration::from_millis(timeout));
        let mut response = request.send().await.map_err(|error| transport(&error))?;
        let status = response.status().as_u16();
        let retry_after_ms = retry_after(response.headers(), self.clock.now());
        let mut bytes = Vec::new();
        let silence = Duration::from_millis(call.limit.read_ms);
        let body = loop {
            let Ok(piece) = tokio::time::timeout(silence, response.chunk()).await else {
                break Err(CallError::Timeout);
            };
            match piece {
                Ok(Some(chunk)) if bytes.len().saturating_add(chunk.len()) > MAX_BYTES => {
                    break Err(CallError::Unusable("answer_too_large"));
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break Ok(bytes),
                Err(error) => break Err(transport(&error)),
            }
        };
        Ok(RawResponse {
            status,
            retry_after_ms,
            body,
        })
    }

    fn request(
        &self,
        context: &CallContext,
        call: &ErpCall<'_>,
        body: Option<&[u8]>,
    ) -> RequestBuilder {
        let mut url = self.base.clone();
        // A base is an http URL by construction, so its path can be extended.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(call.operation.path());
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self
            .http
            .request(call.operation.method(), url)
            .bearer_auth(&self.config.token)
            .header("accept", "application/json")
            .header("x-correlation-id", &context.correlation_id);
        if let Some(key) = call.key {
            request = request.header("idempotency-key", key);
        }
        match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_vec()),
            None => request,
        }
    }
}

/// How long the ERP asks to wait, in milliseconds. The header is a number of seconds or an instant.
/// An instant is compared with the response's own `Date`, because the ERP's clock may differ from
/// ours; with our clock if `Date` is missing.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let wait = text("retry-after")?;
    if !wait.is_empty() && wait.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(wait.parse().unwrap_or(u64::MAX).saturating_mul(1000));
    }
    let until = instant(wait)?;
    let from = text("date").and_then(instant).unwrap_or(now);
    Some(u64::try_from(until.millis_since(from)).unwrap_or(0))
}

/// An instant in the format of HTTP headers.
fn instant(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    Some(Timestamp::from_millis(
        i64::try_from(since.as_millis()).ok()?,
    ))
}

/// The pause before the next attempt. It differs between requests, so that requests that failed at
/// once are not repeated at once.
fn pause(correlation_id: &str, attempt: u32) -> u64 {
    let mut hasher = DefaultHasher::new();
    (correlation_id, attempt).hash(&mut hasher);
    let (shortest, longest) = PAUSE_MS;
    shortest + hasher.finish() % (longest - shortest + 1)
}

/// Only a connection that was never established is certain not to have carried the request.
fn transport(error: &reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::NotProcessed("no_connection")
    } else if error.is_builder() {
        // A header that cannot be written, such as a correlation id with a line break.
        CallError::NotProcessed("request")
    } else if error.is_timeout() {
        CallError::Timeout
    } else {
        CallError::Failed("connection_broken")
    }
}
