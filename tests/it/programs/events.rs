//! Every sample event is handed to the function that it is for, so that what is documented works.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::app::TestApp;

/// The sample events: function, file and content.
pub fn events() -> Vec<(String, PathBuf, Value)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"));
    let mut events = Vec::new();
    for function in std::fs::read_dir(folder).unwrap() {
        let function = function.unwrap();
        for file in std::fs::read_dir(function.path()).unwrap() {
            let path = file.unwrap().path();
            assert_eq!(
                path.extension().and_then(|end| end.to_str()),
                Some("json"),
                "{}",
                path.display()
            );
            let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap());
            let event = event.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            events.push((function.file_name().into_string().unwrap(), path, event));
        }
    }
    events.sort_by(|one, two| one.1.cmp(&two.1));
    events
}

/// The sample event in a file, such as `prices/query.json`.
pub fn event(file: &str) -> Value {
    events()
        .into_iter()
        .find(|(_, path, _)| path.ends_with(file))
        .unwrap()
        .2
}

#[tokio::test]
async fn every_sample_event_is_answered_by_its_function() {
    let app = TestApp::start().await;
    for (function, path, event) in events() {
        let name = path.display();
        let answer = app.stack().invoke(&function, event.clone()).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}"));
        check(&app, &function, &path, &event, &answer);
    }
    app.finish().await;
}

/// A request is one of the function's routes, and is answered by it: well, or for a reason that
/// lies in the request.
pub fn check(app: &TestApp, function: &str, path: &Path, event: &Value, answer: &Value) {
    let name = path.display();
    let Some(route) = event["routeKey"].as_str() else {
        return;
    };
    let routes = &app.stack().template().function(function).unwrap().routes;
    assert!(
        routes
            .iter()
            .any(|known| format!("{} {}", known.method, known.path) == route),
        "{name}: {route} is not a route of {function}"
    );
    let status = answer["statusCode"]
        .as_u64()
        .unwrap_or_else(|| panic!("{name}: {answer}"));
    assert!((200..500).contains(&status), "{name}: {answer}");
    let body = answer["body"].as_str().unwrap_or_default();
    let code = serde_json::from_str::<Value>(body).unwrap_or_default()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        !matches!(
            code.as_str(),
            "route_not_found" | "method_not_allowed" | "unauthenticated"
        ),
        "{name}: {body}"
    );
}

#[test]
fn an_event_of_the_http_api_looks_like_one() {
    for (_, path, event) in events() {
        let name = path.display();
        if event["version"] != "2.0" {
            continue;
        }
        assert_eq!(
            event["requestContext"]["routeKey"], event["routeKey"],
            "{name}"
        );
        assert_eq!(
            event["requestContext"]["http"]["path"], event["rawPath"],
            "{name}"
        );
        let method = event["routeKey"]
            .as_str()
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        assert_eq!(event["requestContext"]["http"]["method"], method, "{name}");
        for (claim, value) in event["requestContext"]["authorizer"]["jwt"]["claims"]
            .as_object()
            .into_iter()
            .flatten()
        {
            assert!(
                value.is_string(),
                "{name}: API Gateway hands the claim {claim} over as text"
            );
        }
        if let Some(length) = event["headers"]["content-length"].as_str() {
            let body = event["body"].as_str().unwrap_or_default();
            assert_eq!(length, body.len().to_string(), "{name}");
        }
    }
}
