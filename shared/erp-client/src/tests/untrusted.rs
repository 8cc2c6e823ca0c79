//! Answers that no simulator gives: canned ones, from a socket.

use super::*;
use app::ports::ErpError;
use app::ports::erp::{
    CalculateRequest, ErpCheckout, ErpPrices, ErpSubmission, ErpTracking, ItemAnswer,
};
use domain::ids::ExternalId;
use domain::submission::{LookupAnswer, SendOutcome, SubmissionKind};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A client of a server that gives one answer to everything.
async fn canned(status: u16, body: String) -> ErpClient {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/erp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let mut request = [0; 16_384];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    client(base_url)
}

async fn answering(body: Value) -> ErpClient {
    canned(200, body.to_string()).await
}

fn usd_json(amount: &str) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

#[tokio::test]
async fn a_price_that_cannot_be_right_is_missing() {
    let good = json!({"sku": "A", "unitPrice": usd_json("2.00")});
    let with = |name: &str, value: Value| {
        let mut item = good.clone();
        item[name] = value;
        item
    };
    let step = |min: f64, amount: &str| json!({"minQuantity": min, "unitPrice": usd_json(amount)});
    let cases = [
        (json!([good]), true),
        (json!([good, good]), false),
        // Entries that were not asked for change nothing.
        (
            json!([{"sku": "B", "unitPrice": usd_json("9.00")}, good, {"sku": "a"}, 7, null]),
            true,
        ),
        (json!([{"sku": "B", "unitPrice": usd_json("2.00")}]), false),
        (json!([with("code", json!("no_price"))]), false),
        (
            json!([with(
                "unitPrice",
                json!({"amount": "2.00", "currency": "EUR"})
            )]),
            false,
        ),
        (json!([with("unitPrice", usd_json("-2.00"))]), false),
        (json!([with("unitPrice", json!("2.00"))]), false),
        (json!([with("quantity", json!(7))]), false),
        (json!([with("unit", json!("BOX"))]), false),
        (json!([with("quantity", json!("1.0"))]), true),
        (
            json!([with(
                "quantityBreaks",
                json!([step(1.0, "2.00"), step(10.0, "1.50")])
            )]),
            true,
        ),
        (
            json!([with("quantityBreaks", json!([step(10.0, "1.50")]))]),
            true,
        ),
        (
            json!([with("quantityBreaks", json!([step(1.0, "3.00")]))]),
            false,
        ),
        (
            json!([with(
                "quantityBreaks",
                json!([step(1.0, "2.00"), {"minQuantity": 5}])
            )]),
            false,
        ),
    ];
    for (items, trusted) in cases {
        let erp = answering(json!({"items": items})).await;
        let answers = erp
            .prices(&context(), &customer(), usd(), &[price_of("A")])
            .await
            .unwrap();
        assert_eq!(
            matches!(answers[..], [ItemAnswer::Known(_)]),
            trusted,
            "{items}"
        );
    }
}

#[tokio::test]
async fn a_calculation_with_a_flaw_is_not_used() {
    let line = json!({"lineId": "a", "lineTotal": usd_json("5.00")});
    let totals = json!({"product": usd_json("5.00"), "grand": usd_json("5.00")});
    let cases = [
        (json!({"lines": [line], "totals": totals}), None),
        (
            json!({"reference": "C2", "lines": [line], "totals": totals}),
            Some("wrong_reference"),
        ),
        (json!({"lines": [], "totals": totals}), Some("line_missing")),
        (
            json!({"lines": [line, line], "totals": totals}),
            Some("extra_line"),
        ),
        (
            json!({"lines": [{"lineId": "a"}], "totals": totals}),
            Some("line_total_missing"),
        ),
        (
            json!({"lines": [line], "totals": {"product": usd_json("5.00")}}),
            Some("grand_total_missing"),
        ),
        (
            json!({
                "lines": [line],
                "totals": {"product": usd_json("5.00"),
                    "grand": {"amount": "5", "currency": "EUR"}},
            }),
            Some("amount"),
        ),
    ];
    let (reference, customer, shipping) = (cart("C1"), customer(), shipping());
    let lines = [checkout_line("a", "TAP-5", 1)];
    let request = CalculateRequest {
        reference: &reference,
        customer: &customer,
        currency: usd(),
        lines: &lines,
        shipping: &shipping,
    };
    for (body, flaw) in cases {
        let erp = answering(body).await;
        let calculation = erp.calculate(&context(), &request).await;
        assert_eq!(calculation.err(), flaw.map(ErpError::Invalid));
    }
}

#[tokio::test]
async fn only_a_clear_answer_settles_a_reference() {
    let id = SubmissionId::parse("C1").unwrap();
    let no_answer = |reason| LookupAnswer::NoAnswer { reason };
    let cases = [
        (200, json!({}), no_answer("empty_answer")),
        (200, json!({"orders": []}), LookupAnswer::NotFound),
        (200, json!({"orders": ["C1"]}), no_answer("wrong_reference")),
        (
            200,
            json!({"orders": [{"reference": "C2", "externalOrderId": "7"}]}),
            no_answer("wrong_reference"),
        ),
        (404, json!({}), no_answer("status_404")),
        (
            404,
            json!({"error": {"code": "not_found"}}),
            LookupAnswer::NotFound,
        ),
        (
            404,
            json!({"error": {"code": "no_such_route"}}),
            no_answer("refused"),
        ),
        (
            200,
            json!({"error": "not found"}),
            no_answer("error_without_code"),
        ),
    ];
    for (status, body, expected) in cases {
        let erp = canned(status, body.to_string()).await;
        assert_eq!(
            erp.find(&context(), SubmissionKind::Order, &id).await,
            expected,
            "{body}"
        );
    }
    let erp =
        answering(json!({"orders": [{"reference": "C1", "externalOrderId": 7, "accepted": true}]}))
            .await;
    let LookupAnswer::Found(found) = erp.find(&context(), SubmissionKind::Order, &id).await else {
        panic!()
    };
    assert_eq!(
        (found.external_id, found.accepted),
        (ExternalId::parse("7").ok(), true)
    );
}

#[tokio::test]
async fn only_an_acceptance_with_a_number_confirms() {
    let unknown = |reason| SendOutcome::Unknown { reason };
    let cases = [
        (
            201,
            json!({"externalOrderId": "7", "status": "new"}),
            unknown("not_accepted"),
        ),
        (201, json!({"accepted": true}), unknown("no_number")),
        (
            201,
            json!({"accepted": true, "externalOrderId": "7", "error": {"processed": "maybe"}}),
            unknown("processed_maybe"),
        ),
        (202, json!({"status": "pending"}), SendOutcome::Pending),
        (
            500,
            json!({"error": {"code": "total_changed"}}),
            unknown("status_500"),
        ),
        (
            503,
            json!({"error": {"processed": "no"}}),
            SendOutcome::Unavailable {
                reason: "not_processed",
            },
        ),
    ];
    for (status, body, expected) in cases {
        let erp = canned(status, body.to_string()).await;
        assert_eq!(
            erp.submit(&context(), &submission("C1")).await,
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let erp = canned(200, format!("{{\"x\":\"{}\"}}", "y".repeat(9 << 20))).await;
    let id = ExternalId::parse("7").unwrap();
    let context = CallContext {
        deadline: Timestamp::from_millis(NOON + 30_000),
        ..context()
    };
    let detail = erp
        .detail(&context, app::ports::erp::DocumentKind::Order, &id)
        .await;
    assert_eq!(detail, Err(ErpError::Invalid("answer_too_large")));
}
