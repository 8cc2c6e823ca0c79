//! The HTTP API's event of payload version 2.0, and the way back from a function's answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::time::Timestamp;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::macros::format_description;

use crate::edge::{ACCOUNT, Body};

/// What the gateway found out about a request before it calls a function.
pub(super) struct Matched<'a> {
    /// Method and path of the route, as the template writes them.
    pub(super) route_key: &'a str,
    /// The path parameters, still percent-encoded.
    pub(super) parameters: Vec<(String, String)>,
    /// The verified claims, unless the route is public.
    pub(super) claims: Option<&'a Map<String, Value>>,
    pub(super) request_id: &'a str,
    pub(super) now: Timestamp,
}

/// The event for a request.
pub(super) fn event(parts: &Parts, body: &Bytes, matched: Matched<'_>) -> Value {
    let mut headers = headers(parts);
    // HTTP/1.1 clients always name the host; a caller within this process need not.
    headers
        .entry("host")
        .or_insert_with(|| Value::from("localhost"));
    let text_header = |name: &str| {
        headers
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let host = text_header("host");
    let cookies: Vec<_> = text_header("cookie")
        .split("; ")
        .filter(|cookie| !cookie.is_empty())
        .map(str::to_owned)
        .collect();
    let raw_path = parts.uri.path();
    let raw_query = parts.uri.query().unwrap_or_default();

    let mut context = json!({
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": host,
        "domainPrefix": "local",
        "http": {
            "method": parts.method.as_str(),
            "path": raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": text_header("user-agent"),
        },
        "requestId": matched.request_id,
        "routeKey": matched.route_key,
        "stage": "$default",
        "time": common_log_time(matched.now),
        "timeEpoch": matched.now.as_millis(),
    });
    if let Some(claims) = matched.claims {
        let claims: Map<_, _> = claims
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(claim(value))))
            .collect();
        context["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    }

    let mut event = json!({
        "version": "2.0",
        "routeKey": matched.route_key,
        "rawPath": raw_path,
        "rawQueryString": raw_query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": false,
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !raw_query.is_empty() {
        event["queryStringParameters"] = Value::Object(query(raw_query));
    }
    if !matched.parameters.is_empty() {
        let decoded = matched
            .parameters
            .into_iter()
            .map(|(name, value)| (name, Value::from(decode(&value))));
        event["pathParameters"] = Value::Object(decoded.collect());
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(text) if is_text(&text_header("content-type")) => event["body"] = Value::from(text),
            _ => {
                event["body"] = Value::from(STANDARD.encode(body));
                event["isBase64Encoded"] = Value::from(true);
            }
        }
    }
    event
}

/// Header names in lower case, repeated headers joined by a comma.
fn headers(parts: &Parts) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        let values: Vec<_> = parts
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        headers.insert(name.as_str().to_owned(), Value::from(values.join(",")));
    }
    headers
}

/// Decoded parameters, repeated ones joined by a comma.
fn query(raw: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (
            decode(&name.replace('+', " ")),
            decode(&value.replace('+', " ")),
        );
        let value = match parameters.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        parameters.insert(name, Value::from(value));
    }
    parameters
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// API Gateway hands these over as text and encodes everything else, `application/problem+json`
/// included.
fn is_text(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind == "application/json" || kind.starts_with("text/")
}

/// A claim as API Gateway writes it: always text, an array as `[a b]`.
fn claim(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(claim).collect::<Vec<_>>().join(" ")
        ),
        other => other.to_string(),
    }
}

fn common_log_time(now: Timestamp) -> String {
    let format =
        format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    time::OffsetDateTime::from_unix_timestamp(now.as_seconds())
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    status_code: u16,
    headers: Map<String, Value>,
    multi_value_headers: Map<String, Value>,
    cookies: Vec<String>,
    body: Option<String>,
    is_base64_encoded: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status_code: 200,
            headers: Map::new(),
            multi_value_headers: Map::new(),
            cookies: vec![],
            body: None,
            is_base64_encoded: false,
        }
    }
}

/// The response that a function's answer stands for; nothing when it stands for none.
pub(super) fn response(answer: Value) -> Option<Response<Body>> {
    let answer: Answer = serde_json::from_value(answer).ok()?;
    let body = match answer.body {
        None => Bytes::new(),
        Some(body) if answer.is_base64_encoded => STANDARD.decode(body).ok()?.into(),
        Some(body) => body.into(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    let multiple = answer
        .multi_value_headers
        .iter()
        .flat_map(|(name, values)| {
            values
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default()
                .iter()
                .map(move |value| (name, value))
        });
    for (name, value) in answer.headers.iter().chain(multiple) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(text),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    for cookie in answer.cookies {
        if let Ok(value) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    // The length is the server's to say.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    Some(response)
}
