//! What a request was answered.

use std::ops::Index;

use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use local::edge::Body;
use serde_json::Value;

/// Status, headers and body. Indexing looks into the JSON.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

impl Answer {
    pub async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text,
            json,
        }
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The problem document, if it is a whole one with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{}",
            answer.text
        );
        assert_eq!(answer["code"], code, "{}", answer.text);
        assert_eq!(answer["status"], status);
        for field in ["type", "title", "detail", "requestId"] {
            assert!(
                answer[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {}",
                answer.text
            );
        }
        assert!(answer["errors"].is_array(), "{}", answer.text);
        assert!(
            !answer.header("x-correlation-id").is_empty(),
            "no correlation id"
        );
        answer
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The elements of an array in the body.
    #[track_caller]
    pub fn list(&self, name: &str) -> &[Value] {
        self.json[name]
            .as_array()
            .unwrap_or_else(|| panic!("no array {name} in {}", self.text))
    }

    #[track_caller]
    pub fn text_of(&self, name: &str) -> String {
        self.json[name]
            .as_str()
            .unwrap_or_else(|| panic!("no text {name} in {}", self.text))
            .to_owned()
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.json[name]
    }
}
