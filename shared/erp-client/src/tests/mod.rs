//! Against the simulator, over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faulty;
mod patient;
mod regular;
mod untrusted;

use std::path::Path;
use std::sync::Arc;

use app::ports::Clock;
use app::ports::erp::{
    AvailabilityQuestion, CallContext, CheckoutLine, PriceQuestion, ReserveRequest,
};
use domain::caller::Customer;
use domain::cart::Shipping;
use domain::ids::{CartId, LineId, OrganizationId, Sku, SubmissionId, Unit, UserId};
use domain::member::PostalAddress;
use domain::money::{Currency, Money};
use domain::preparation::Totals;
use domain::quantity::Quantity;
use domain::submission::{
    Content, Order, OrderLine, Payment, State, Submission, SubmissionSnapshot,
};
use domain::time::Timestamp;
use erp_sim::{Dataset, Fault, FaultKind, Options, Simulator};
use rust_decimal::Decimal;

use crate::{BreakerLimits, Config, ErpClient, TimeLimit, TimeLimits};

/// 2026-11-22T12:00:00Z
const NOON: i64 = 1_795_348_800_000;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOON)
    }
}

/// A simulator and a client with short limits.
struct Pair {
    simulator: Simulator,
    client: ErpClient,
}

impl Pair {
    async fn start() -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/local/data");
        let simulator = Simulator::new(Options::new(
            Dataset::read(&data).unwrap(),
            Arc::new(|| NOON),
        ));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let served = simulator.clone();
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        Self {
            simulator,
            client: client(base_url),
        }
    }

    fn arm(&self, operation: &str, kind: FaultKind) {
        self.simulator.arm(Fault::new(operation, kind, 1));
    }

    /// The number of orders and drafts with a reference.
    fn held(&self, reference: &str) -> usize {
        self.simulator
            .orders()
            .iter()
            .filter(|order| order["reference"] == reference)
            .count()
    }
}

fn client(base_url: String) -> ErpClient {
    let limit = TimeLimit {
        base_ms: 400,
        per_line_ms: 10,
        read_ms: 5_000,
    };
    let limits = TimeLimits {
        connect_ms: 300,
        lookup: limit,
        checkout: limit,
        submission: limit,
        tracking: limit,
    };
    let breaker = BreakerLimits {
        consecutive: 5,
        window: 10,
        open_ms: 5_000,
    };
    let config = Config {
        base_url,
        token: Options::LOCAL_TOKEN.to_owned(),
        store: "main".to_owned(),
        limits,
        breaker,
    };
    ErpClient::new(config, Arc::new(Noon)).unwrap()
}

fn reservation<'a>(
    reference: &'a CartId,
    customer: &'a Customer,
    lines: &'a [CheckoutLine],
    expires_at: Timestamp,
) -> ReserveRequest<'a> {
    ReserveRequest {
        reference,
        customer,
        lines,
        expires_at,
    }
}

fn context() -> CallContext {
    CallContext {
        deadline: Timestamp::from_millis(NOON + 5_000),
        correlation_id: "c-1".to_owned(),
    }
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn money(amount: &str) -> Money {
    Money::parse(amount, usd()).unwrap()
}

fn customer() -> Customer {
    Customer {
        organization: OrganizationId::parse("ORG-100").unwrap(),
        user: UserId::parse("ada@hillside.example").unwrap(),
    }
}

fn sku(text: &str) -> Sku {
    Sku::parse(text).unwrap()
}

fn price_of(text: &str) -> PriceQuestion {
    PriceQuestion {
        sku: sku(text),
        quantity: Quantity::ONE,
        unit: Unit::parse("EA").unwrap(),
    }
}

fn stock_of(text: &str) -> AvailabilityQuestion {
    AvailabilityQuestion {
        sku: sku(text),
        location: None,
    }
}

fn checkout_line(id: &str, item: &str, quantity: u32) -> CheckoutLine {
    CheckoutLine {
        id: LineId::parse(id).unwrap(),
        sku: sku(item),
        quantity: Quantity::new(Decimal::from(quantity)).unwrap(),
        unit: Unit::parse("EA").unwrap(),
        unit_price: Some(money("5.00")),
    }
}

fn shipping() -> Shipping {
    Shipping {
        address_id: None,
        address: PostalAddress {
            name: "H".to_owned(),
            line1: "480 Depot Road".to_owned(),
            line2: None,
            city: "Oakland".to_owned(),
            region: Some("CA".to_owned()),
            postal_code: "94607".to_owned(),
            country: "US".to_owned(),
        },
        method: "STANDARD".to_owned(),
        requested_delivery_date: None,
    }
}

fn cart(id: &str) -> CartId {
    CartId::parse(id).unwrap()
}

/// One measuring tape for 5.00, shipped to California: 13.02 in all.
fn order() -> Order {
    let line = OrderLine {
        id: LineId::parse("1").unwrap(),
        sku: sku("TAP-5"),
        name: "Tape".to_owned(),
        quantity: Quantity::ONE,
        unit: Unit::parse("EA").unwrap(),
        unit_price: Some(money("5.00")),
        line_total: Some(money("5.00")),
    };
    let totals = Totals {
        product: money("5.00"),
        adjustment: money("0.00"),
        shipping: money("6.97"),
        tax: money("0.44"),
        shipping_tax: money("0.61"),
        grand: money("13.02"),
    };
    Order {
        currency: usd(),
        lines: vec![line],
        totals,
        accepted_total: money("13.02"),
        shipping: shipping(),
        billing_address: None,
        purchase_order_number: Some("PO 7".to_owned()),
        payment: Payment::Account,
        comment: None,
    }
}

fn submission(id: &str) -> Submission {
    submission_of(id, Content::Order(Box::new(order())))
}

fn submission_of(id: &str, content: Content) -> Submission {
    let now = Timestamp::from_millis(NOON);
    Submission::from(SubmissionSnapshot {
        id: SubmissionId::parse(id).unwrap(),
        organization: customer().organization,
        user: customer().user,
        state: State::Sending,
        revision: 1,
        attempt: 1,
        sends_without_trace: 0,
        failures: 0,
        lease: None,
        last_sent_at: Some(now),
        refusal: None,
        due_at: None,
        created_at: now,
        updated_at: now,
        external_id: None,
        external_status: None,
        reason: None,
        approval: None,
        correlation_id: "c-1".to_owned(),
        content,
    })
}
