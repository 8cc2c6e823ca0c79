//! Reads are tried again where that helps, and left out where it does not.

use super::*;
use app::ports::ErpError;
use app::ports::erp::{ErpAvailability, ErpPrices, ErpSubmission};
use domain::submission::SendOutcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

impl Pair {
    async fn price(&self) -> Result<(), ErpError> {
        self.client
            .prices(&context(), &customer(), usd(), &[price_of("TAP-5")])
            .await
            .map(|_| ())
    }

    fn asked(&self, operation: &str) -> u64 {
        self.simulator
            .calls()
            .counts
            .get(operation)
            .copied()
            .unwrap_or_default()
    }
}

#[tokio::test]
async fn a_read_that_met_a_passing_failure_is_tried_once_more_and_no_more() {
    for (kind, status, tries) in [
        (FaultKind::Status, Some(503), 2),
        (FaultKind::Status, Some(429), 2),
        (FaultKind::Partial, None, 2),
        (FaultKind::Status, Some(500), 1),
        (FaultKind::Error200, None, 1),
        (FaultKind::Garbage, None, 1),
        (FaultKind::Hang, None, 1),
    ] {
        let pair = Pair::start().await;
        pair.simulator.arm(Fault {
            status,
            ..Fault::new("prices", kind, 9)
        });
        assert!(pair.price().await.is_err(), "{kind:?}");
        assert_eq!(pair.asked("prices"), tries, "{kind:?} {status:?}");
        pair.simulator.disarm();
        pair.simulator.arm(Fault {
            status,
            ..Fault::new("prices", kind, 1)
        });
        assert_eq!(
            pair.price().await.is_ok(),
            tries == 2,
            "{kind:?} {status:?}"
        );
    }
}

#[tokio::test]
async fn five_failures_stop_lookups_and_nothing_else() {
    let pair = Pair::start().await;
    pair.simulator.arm(Fault {
        status: Some(500),
        ..Fault::new("*", FaultKind::Status, 5)
    });
    for _ in 0..5 {
        assert_eq!(pair.price().await, Err(ErpError::Unavailable("status_500")));
    }
    assert_eq!(
        pair.price().await,
        Err(ErpError::Unavailable("circuit_open"))
    );
    let stock = pair
        .client
        .availability(&context(), &[stock_of("TAP-5")])
        .await;
    assert_eq!(stock, Err(ErpError::Unavailable("circuit_open")));
    assert_eq!((pair.asked("prices"), pair.asked("availability")), (5, 0));
    // A buyer who commits gets a real answer.
    assert!(matches!(
        pair.client.submit(&context(), &submission("C1")).await,
        SendOutcome::Accepted { .. }
    ));
}

#[tokio::test]
async fn what_the_erp_refuses_does_not_stop_lookups() {
    let pair = Pair::start().await;
    let refusal = Fault {
        code: Some("no_contract".to_owned()),
        status: Some(422),
        ..Fault::new("prices", FaultKind::ErrorSentence, 20)
    };
    pair.simulator.arm(refusal);
    for _ in 0..4 {
        assert!(pair.price().await.is_err());
    }
    pair.simulator.disarm();
    assert!(pair.price().await.is_ok());
}

/// A server that answers every request with 429 and these headers, which say how long to wait.
async fn busy(
    headers: &'static str,
) -> (
    ErpClient,
    tokio::sync::mpsc::UnboundedReceiver<std::time::Instant>,
) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (arrived, arrivals) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            arrived.send(std::time::Instant::now()).unwrap();
            let head = format!(
                "HTTP/1.1 429 X\r\n{headers}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    (client(base_url), arrivals)
}

/// The clock of these tests shows noon of a Sunday, 22 November 2026.
#[tokio::test]
async fn a_busy_erp_is_given_the_time_that_it_asks_for() {
    for (headers, least) in [
        ("retry-after: 1", Some(1_000)),
        ("retry-after: Sun, 22 Nov 2026 12:00:01 GMT", Some(1_000)),
        // Its clock is ten years behind ours, and counts.
        (
            "date: Tue, 22 Nov 2016 12:00:00 GMT\r\nretry-after: Tue, 22 Nov 2016 12:00:01 GMT",
            Some(1_000),
        ),
        // Over, or not to be understood: as long as without it.
        ("retry-after: Sun, 22 Nov 2026 11:00:00 GMT", Some(50)),
        ("retry-after: soon", Some(50)),
        // More than the time that is left: no second call.
        ("retry-after: 60", None),
        ("retry-after: 99999999999999999999", None),
        ("retry-after: Sun, 22 Nov 2026 12:01:00 GMT", None),
    ] {
        let (mut erp, mut arrivals) = busy(headers).await;
        erp.config.limits.lookup = TimeLimit {
            base_ms: 3_000,
            per_line_ms: 0,
            read_ms: 5_000,
        };
        let prices = erp
            .prices(&context(), &customer(), usd(), &[price_of("TAP-5")])
            .await;
        assert_eq!(
            prices,
            Err(ErpError::Unavailable("status_429")),
            "{headers}"
        );
        let first = arrivals.recv().await.unwrap();
        let second = arrivals.try_recv().ok();
        match (least, second) {
            (Some(least), Some(second)) => {
                assert!(
                    second.duration_since(first).as_millis() >= least,
                    "{headers}"
                );
            }
            (least, second) => assert_eq!(least.is_some(), second.is_some(), "{headers}"),
        }
    }
}

/// A slow answer is waited for until its limit, and one that stopped is not.
#[tokio::test]
async fn an_answer_that_stops_is_given_up_long_before_the_limit_of_the_whole_call() {
    for (pause, read_ms, in_time) in [(2_000, 200, true), (20, 200, false)] {
        let mut pair = Pair::start().await;
        let limit = TimeLimit {
            base_ms: 1_500,
            per_line_ms: 0,
            read_ms,
        };
        let limits = &mut pair.client.config.limits;
        (
            limits.lookup,
            limits.checkout,
            limits.submission,
            limits.tracking,
        ) = (limit, limit, limit, limit);
        pair.simulator.arm(Fault {
            delay_ms: Some(pause),
            ..Fault::new("*", FaultKind::SlowDrip, 9)
        });
        let began = std::time::Instant::now();
        assert_eq!(pair.price().await, Err(ErpError::Timeout));
        let outcome = pair.client.submit(&context(), &submission("C1")).await;
        assert!(
            matches!(outcome, SendOutcome::Unknown { reason: "timeout" }),
            "{outcome:?}"
        );
        let took = began.elapsed().as_millis();
        assert_eq!(
            took < 1_400,
            in_time,
            "{took} ms for two calls with pauses of {pause}"
        );
    }
}
