//! One HTTP exchange: headers, time limit, size limit.

use std::time::Duration;

use app::ports::erp::CallContext;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;

use crate::ErpClient;
use crate::answer::{Failure, Good, Raw};
use crate::config::TimeLimit;

/// Most bytes of an answer. 500 lines with every field are far below one million.
const MOST_BYTES: usize = 8 << 20;
/// With less time than this left, in milliseconds, a call would only be cut off.
const LEAST_MS: i64 = 100;

/// What is asked.
pub(crate) struct Call<'a> {
    pub method: Method,
    /// Percent-encoded one by one.
    pub path: &'a [&'a str],
    pub query: Vec<(&'static str, String)>,
    pub limit: TimeLimit,
    /// Lines or items that the limit grows with.
    pub lines: usize,
    /// For submissions: sent as `Idempotency-Key`.
    pub key: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// A call without query, lines and key.
    pub fn new(method: Method, path: &'a [&'a str], limit: TimeLimit) -> Self {
        Self { method, path, query: Vec::new(), limit, lines: 0, key: None }
    }

    /// With so many lines.
    pub fn lines(mut self, lines: usize) -> Self {
        self.lines = lines;
        self
    }
}

impl ErpClient {
    /// A read without a body. Repeated once when there was no connection: then the ERP saw nothing of it.
    pub(crate) async fn get(&self, context: &CallContext, call: &Call<'_>) -> Result<Good, Failure> {
        self.twice(context, call, None).await
    }

    /// A read with a body; repeated like [`Self::get`].
    pub(crate) async fn ask<T: Serialize + Sync>(
        &self,
        context: &CallContext,
        call: &Call<'_>,
        body: &T,
    ) -> Result<Good, Failure> {
        let body = serde_json::to_vec(body).map_err(|_| Failure::Unusable("request"))?;
        self.twice(context, call, Some(&body)).await
    }

    /// A write; sent once.
    pub(crate) async fn write<T: Serialize + Sync>(
        &self,
        context: &CallContext,
        call: &Call<'_>,
        body: Option<&T>,
    ) -> Result<Good, Failure> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|_| Failure::NotProcessed("request"))?;
        self.once(context, call, body.as_deref()).await?.checked()
    }

    async fn twice(&self, context: &CallContext, call: &Call<'_>, body: Option<&[u8]>) -> Result<Good, Failure> {
        let raw = match self.once(context, call, body).await {
            Err(Failure::NotProcessed(_)) => self.once(context, call, body).await?,
            other => other?,
        };
        raw.checked()
    }

    async fn once(&self, context: &CallContext, call: &Call<'_>, body: Option<&[u8]>) -> Result<Raw, Failure> {
        let left = context.deadline.millis_since(self.clock.now());
        if left < LEAST_MS {
            return Err(Failure::NoTime);
        }
        let timeout = u64::try_from(call.limit.of(call.lines).min(left)).unwrap_or(0);
        let request = self.request(context, call, body).timeout(Duration::from_millis(timeout));
        let mut response = request.send().await.map_err(|error| transport(&error))?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        let body = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len().saturating_add(chunk.len()) > MOST_BYTES => {
                    break Err(Failure::Unusable("answer_too_large"));
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break Ok(bytes),
                Err(error) => break Err(transport(&error)),
            }
        };
        Ok(Raw { status, body })
    }

    fn request(&self, context: &CallContext, call: &Call<'_>, body: Option<&[u8]>) -> RequestBuilder {
        let mut url = self.base.clone();
        // A base is an http URL by construction, so its path can be extended.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .bearer_auth(&self.config.token)
            .header("accept", "application/json")
            .header("x-correlation-id", &context.correlation_id);
        if let Some(key) = call.key {
            request = request.header("idempotency-key", key);
        }
        match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_vec()),
            None => request,
        }
    }
}

/// Only a connection that never came about is certain not to have carried the request.
fn transport(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        Failure::NotProcessed("no_connection")
    } else if error.is_builder() {
        // A header that cannot be written, such as a correlation id with a line break.
        Failure::NotProcessed("request")
    } else if error.is_timeout() {
        Failure::Timeout
    } else {
        Failure::Failed("connection_broken")
    }
}
