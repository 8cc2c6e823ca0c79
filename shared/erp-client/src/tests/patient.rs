//! Reads are tried again where that helps, and left out where it does not.

use super::*;
use app::ports::ErpError;
use app::ports::erp::{ErpAvailability, ErpPrices, ErpSubmission};
use domain::submission::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

impl Pair {
    async fn price(&self) -> Result<(), ErpError> {
        self.client.prices(&context(), &customer(), usd(), &[price_of("TAP-5")]).await.map(|_| ())
    }

    fn asked(&self, operation: &str) -> u64 {
        self.simulator.calls().counts.get(operation).copied().unwrap_or_default()
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
        pair.simulator.arm(Fault { status, ..Fault::new("prices", kind, 9) });
        assert!(pair.price().await.is_err(), "{kind:?}");
        assert_eq!(pair.asked("prices"), tries, "{kind:?} {status:?}");
        pair.simulator.disarm();
        pair.simulator.arm(Fault { status, ..Fault::new("prices", kind, 1) });
        assert_eq!(pair.price().await.is_ok(), tries == 2, "{kind:?} {status:?}");
    }
}

#[tokio::test]
async fn five_failures_stop_lookups_and_nothing_else() {
    let pair = Pair::start().await;
    pair.simulator.arm(Fault { status: Some(500), ..Fault::new("*", FaultKind::Status, 5) });
    for _ in 0..5 {
        assert_eq!(pair.price().await, Err(ErpError::Unavailable("status_500")));
    }
    assert_eq!(pair.price().await, Err(ErpError::Unavailable("circuit_open")));
    let stock = pair.client.availability(&context(), &[stock_of("TAP-5")]).await;
    assert_eq!(stock, Err(ErpError::Unavailable("circuit_open")));
    assert_eq!((pair.asked("prices"), pair.asked("availability")), (5, 0));
    // Whoever commits gets a real answer.
    assert!(matches!(pair.client.submit(&context(), &submission("C1")).await, Outcome::Accepted { .. }));
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

/// A server that answers every request with 429 and says how long to wait.
async fn busy(retry_after: &'static str) -> (ErpClient, tokio::sync::mpsc::UnboundedReceiver<std::time::Instant>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (told, arrivals) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            told.send(std::time::Instant::now()).unwrap();
            let head = format!(
                "HTTP/1.1 429 X\r\nretry-after: {retry_after}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    (client(base_url), arrivals)
}

#[tokio::test]
async fn a_busy_erp_is_given_the_time_that_it_asks_for() {
    let (mut erp, mut arrivals) = busy("1").await;
    erp.config.limits.lookup = TimeLimit { base_ms: 3_000, per_line_ms: 0 };
    let prices = erp.prices(&context(), &customer(), usd(), &[price_of("TAP-5")]).await;
    assert_eq!(prices, Err(ErpError::Unavailable("status_429")));
    let (first, second) = (arrivals.recv().await.unwrap(), arrivals.recv().await.unwrap());
    assert!(second.duration_since(first).as_millis() >= 1_000);

    // More than there is time for: there is no second call.
    let (erp, mut arrivals) = busy("60").await;
    let prices = erp.prices(&context(), &customer(), usd(), &[price_of("TAP-5")]).await;
    assert_eq!(prices, Err(ErpError::Unavailable("status_429")));
    arrivals.recv().await.unwrap();
    assert!(arrivals.try_recv().is_err());
}
