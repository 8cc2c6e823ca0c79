//! The programs that are deployed, run as the Lambda service runs them: by its Runtime API and
//! Extensions API, standing still between the events.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Failed, Program, Sandbox};

use crate::app::{ADA, TestApp, built, read_metrics};
use crate::programs::events::{check, event, events};

/// What a program wrote about metrics; fails when a line is not a JSON object.
fn metrics(sandbox: &Sandbox) -> Vec<BTreeMap<String, u64>> {
    let lines = sandbox.output();
    let objects = lines.iter().inspect(|line| {
        let object = serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object());
        assert!(object, "{line}");
    });
    objects
        .filter(|line| line.contains("\"_aws\""))
        .map(|line| read_metrics(line))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_event_is_answered_by_the_program_of_its_function() {
    let app = TestApp::start().await;
    let mut by_function: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (function, path, event) in events() {
        by_function.entry(function).or_default().push((path, event));
    }
    let mut written = BTreeMap::new();
    for (function, events) in by_function {
        let sandbox = Sandbox::start(app.program(&function)).await.unwrap();
        for (path, event) in events {
            let answer = sandbox.invoke(&event).await;
            let answer = answer.unwrap_or_else(|failed| {
                panic!("{}: {failed:?} {:?}", path.display(), sandbox.output())
            });
            check(&app, &function, &path, &event, &answer);
        }
        sandbox.at_rest().await.unwrap();
        assert!(sandbox.is_frozen(), "{function}");
        assert_eq!(sandbox.errors(), [] as [String; 0], "{function}");
        written.insert(function, metrics(&sandbox));
    }
    let names = |function: &str| -> Vec<String> {
        let names = written[function]
            .iter()
            .flat_map(|line| line.keys().cloned());
        names
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect()
    };
    assert_eq!(
        names("prices"),
        ["ErpCalls", "ErpErrors", "StaleValues", "Values"]
    );
    assert_eq!(names("tracking"), ["ErpCalls", "ErpErrors"]);
    let waiting = [
        "HeldLoads",
        "OldestAwaitingApproval",
        "OldestUnconfirmed",
        "SubmissionsNeedingAttention",
    ];
    assert!(
        waiting
            .iter()
            .all(|name| names("reconcile").iter().any(|other| other == name)),
        "{:?}",
        names("reconcile")
    );
    assert!(written["catalog"].is_empty(), "{:?}", written["catalog"]);
    app.finish().await;
}

/// A price that is near its end, and the sample event that asks for it.
async fn near_its_end(app: &TestApp) -> Value {
    let event = event("prices/query.json");
    // Of 900 seconds, give or take a tenth, the last fifth.
    app.advance(-800);
    app.post(ADA, "/prices/query", asked(&event))
        .await
        .expect(200);
    app.advance(800);
    event
}

fn asked(event: &Value) -> Value {
    serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
}

/// The first item of an answer, which must come from the cache and not be stale.
fn kept(answer: &Value) -> Value {
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let item = body["items"][0].clone();
    assert_eq!(
        (&item["freshness"]["source"], &item["freshness"]["stale"]),
        (&json!("cache"), &json!(false)),
        "{item}"
    );
    item
}

/// When the ERP said what is kept now.
async fn as_of(app: &TestApp, event: &Value) -> String {
    let mut body = asked(event);
    body["mode"] = json!("cached");
    let answer = app.post(ADA, "/prices/query", body).await.expect(200);
    answer.list("items")[0]["freshness"]["asOf"]
        .as_str()
        .unwrap()
        .to_owned()
}

const SLOW: Duration = Duration::from_millis(1_500);

async fn ask_thrice(app: &TestApp, sandbox: &Sandbox, event: &Value) {
    for _ in 0..2 {
        kept(&sandbox.invoke(event).await.unwrap());
    }
    sandbox.at_rest().await.unwrap();
    app.fault(json!({"operation": "prices", "kind": "delay", "delayMs": SLOW.as_millis()}));
    let began = Instant::now();
    kept(&sandbox.invoke(event).await.unwrap());
    assert!(
        began.elapsed() < SLOW / 2,
        "the buyer waits for nothing: {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_renewed_after_the_answer_is_done_before_the_function_is_paused() {
    let app = TestApp::start().await;
    let event = near_its_end(&app).await;
    let before = (as_of(&app, &event).await, app.calls("prices"));
    let sandbox = Sandbox::start(app.program("prices")).await.unwrap();
    sandbox.ready().await.unwrap();
    assert_eq!(
        sandbox.extensions().await,
        [("after".to_owned(), vec!["INVOKE".to_owned()])]
    );
    assert!(sandbox.is_frozen());
    let began = Instant::now();
    ask_thrice(&app, &sandbox, &event).await;
    assert!(!sandbox.is_frozen(), "the service waits for the extension");
    sandbox.at_rest().await.unwrap();
    assert!(began.elapsed() >= SLOW, "{:?}", began.elapsed());
    assert!(sandbox.is_frozen());
    assert_eq!(app.calls("prices"), before.1 + 1);
    assert!(as_of(&app, &event).await > before.0, "renewed");
    // The next buyer finds it, and asks no more.
    kept(&sandbox.invoke(&event).await.unwrap());
    sandbox.at_rest().await.unwrap();
    assert_eq!(app.calls("prices"), before.1 + 1);
    app.finish().await;
}

/// What the extension is for: without it the service stops the function in the middle of the
/// renewal.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_extension_a_renewal_is_cut_short_and_harms_no_one() {
    let app = TestApp::start().await;
    let event = near_its_end(&app).await;
    let before = as_of(&app, &event).await;
    let sandbox = Sandbox::start(Program {
        extensions: false,
        ..app.program("prices")
    })
    .await
    .unwrap();
    sandbox.ready().await.unwrap();
    assert_eq!(sandbox.extensions().await, []);
    ask_thrice(&app, &sandbox, &event).await;
    sandbox.at_rest().await.unwrap();
    assert!(sandbox.is_frozen());
    tokio::time::sleep(SLOW * 2).await;
    assert_eq!(
        as_of(&app, &event).await,
        before,
        "it is paused, so nothing is kept"
    );
    kept(&sandbox.invoke(&event).await.unwrap());
    assert!(
        sandbox
            .output()
            .iter()
            .any(|line| line.contains("no extension could be registered"))
    );
    app.finish().await;
}

/// A function that is paused does not see that the ERP closes its connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_from_before_the_function_stood_still_is_not_used_any_more() {
    let app = TestApp::start().await;
    let event = events()
        .into_iter()
        .find(|(_, path, _)| path.ends_with("prices/query-live.json"))
        .unwrap()
        .2;
    let sandbox = Sandbox::start(app.program("prices")).await.unwrap();
    sandbox.invoke(&event).await.unwrap();
    for _ in 0..2 {
        // From now on the connection of this call is closed after a tenth of a second, and the next
        // one on it is cut.
        app.fault(json!({"operation": "prices", "kind": "stale-keepalive", "delayMs": 100}));
        sandbox.invoke(&event).await.unwrap();
        sandbox.at_rest().await.unwrap();
        assert!(sandbox.is_frozen());
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let before = metrics(&sandbox).len();
        let answer = sandbox.invoke(&event).await.unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["items"][0]["freshness"]["source"], "erp", "{body}");
        sandbox.at_rest().await.unwrap();
        let line = &metrics(&sandbox)[before];
        assert_eq!((line["ErpCalls"], line["ErpErrors"]), (1, 0), "{line:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_lacks_a_variable_tells_the_service_which() {
    let app = TestApp::start().await;
    for function in &app.stack().template().functions {
        let own = function
            .env
            .keys()
            .find(|name| name.ends_with("_TABLE"))
            .unwrap();
        for variable in [own.as_str(), "STACK_NAME", "AWS_REGION"] {
            let mut program = app.program(&function.name);
            program.variables.remove(variable).unwrap();
            let sandbox = Sandbox::start(program).await.unwrap();
            let failed = sandbox.ready().await.unwrap_err();
            let message = format!("the environment variable {variable} is not set");
            let expected = Failed::Init {
                kind: "Config.Missing".to_owned(),
                message: message.clone(),
            };
            assert_eq!(failed, expected, "{}", function.name);
            assert!(
                sandbox.output().iter().any(|line| line.contains(&message)),
                "{:?}",
                sandbox.output()
            );
            assert_eq!(
                sandbox.exited().await.and_then(|status| status.code()),
                Some(1),
                "{}",
                function.name
            );
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_asked_to_end_ends_at_once() {
    let app = TestApp::start().await;
    for function in ["prices", "submit", "submit-worker"] {
        let sandbox = Sandbox::start(app.program(function)).await.unwrap();
        sandbox.ready().await.unwrap();
        let began = Instant::now();
        let status = sandbox.terminate().await.unwrap();
        assert_eq!(status.signal(), Some(15), "{function}: not killed");
        assert!(
            began.elapsed() < Duration::from_millis(500),
            "{function}: {:?}",
            began.elapsed()
        );
    }
    app.finish().await;
}

async fn misbehaving(behind: &str, seconds: u64) -> Sandbox {
    let variables = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AUTH_MODE", "gateway"),
        ("STACK_NAME", "test"),
        ("LOG_FORMAT", "json"),
        ("BEHIND", behind),
    ];
    let program = Program {
        binary: env!("CARGO_BIN_EXE_misbehaving").into(),
        name: "misbehaving".to_owned(),
        memory: 128,
        timeout: Duration::from_secs(seconds),
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        extensions: true,
    };
    Sandbox::start(program).await.unwrap()
}

fn request(path: &str) -> Value {
    let text = include_str!("../../../events/catalog/health.json").replace("/health", path);
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_one_request_and_the_program_goes_on() {
    let sandbox = misbehaving("http", 5).await;
    for _ in 0..3 {
        let answer = sandbox.invoke(&request("/panic")).await.unwrap();
        let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&answer["statusCode"], &problem["code"]),
            (&json!(500), &json!("internal_error")),
            "{answer}"
        );
        assert!(!answer.to_string().contains("on demand"), "{answer}");
        // Neither does the extension wait forever.
        sandbox.at_rest().await.unwrap();
        let answer = sandbox.invoke(&request("/work")).await.unwrap();
        assert_eq!(answer["body"], "done", "{answer}");
    }
    let began = Instant::now();
    sandbox.at_rest().await.unwrap();
    assert!(
        began.elapsed() > Duration::from_millis(200),
        "work is under way: {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_or_an_error_fails_one_event_and_the_program_goes_on() {
    let sandbox = misbehaving("queue", 5).await;
    for (what, expected) in [
        ("panic", "Lambda panicked: on demand"),
        ("fail", "on demand"),
    ] {
        match sandbox.invoke(&json!({"do": what})).await {
            Err(Failed::Error { message, .. }) => assert_eq!(message, expected),
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(
            sandbox.invoke(&json!({})).await.unwrap(),
            json!({"done": true})
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_dies_or_takes_too_long_fails_its_event() {
    let dying = misbehaving("queue", 5).await;
    assert_eq!(
        dying.invoke(&json!({"do": "die"})).await,
        Err(Failed::Exited("exit status: 7".to_owned()))
    );
    let hanging = misbehaving("queue", 1).await;
    hanging.ready().await.unwrap();
    let began = Instant::now();
    assert_eq!(
        hanging.invoke(&json!({"do": "hang"})).await,
        Err(Failed::TimedOut)
    );
    assert!(
        (1_000..2_500).contains(&began.elapsed().as_millis()),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        hanging.invoke(&json!({})).await,
        Err(Failed::TimedOut),
        "it is gone"
    );
}

/// Guards the other tests here: the programs are those of all functions.
#[test]
fn there_is_a_program_for_each_function() {
    for name in local::functions::NAMES {
        built(name);
    }
}
