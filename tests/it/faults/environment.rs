//! The system of the simulated runs: the real functions on the embedded store, the simulator behind
//! its socket, and in between the boundaries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use app::ports::Ids;
use app::ports::carts::Carts;
use domain::ids::CartId;
use domain::time::Timestamp;
use erp_sim::{Dataset, Fault as ErpFault, FaultKind, Mode, Simulator};
use lambda_kit::{Env, Function, Runtime};
use local::edge::{Edge, EdgeOptions};
use local::provision::provision;
use local::template::{Deployment, SOURCE, Template};
use serde_json::{Value, json};
use store_dynamodb::CartsTable;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::boundary::{CallBoundaries, Event, FaultyTransport};
use super::plan::{DuplicateProtection, Fault, Plan, Rng, Site};
use super::run::{Scenario, run};
use super::time::VirtualClock;
use crate::app::{ADA, TestApp};

/// The functions that a submission passes.
const FUNCTIONS: [&str; 3] = ["submit", "submit-worker", "reconcile"];
/// Where time begins, in seconds.
const EPOCH_SECONDS: i64 = 1_800_000_000;

/// What every run begins with, made once by the real functions: members, and a prepared cart.
pub struct Blueprint {
    members: Vec<Value>,
    catalog: Vec<Value>,
    cart: Value,
    ledger: Value,
    reservation: Value,
    order: Value,
    dataset: Dataset,
    pub event: Value,
}

/// What is in the cart.
pub const LINES: [(&str, u32); 2] = [("BLT-HEX-M8", 20), ("WRN-CMB-13", 1)];

impl Blueprint {
    /// The one of this process.
    pub fn get() -> Arc<Self> {
        static BLUEPRINT: OnceLock<Arc<Blueprint>> = OnceLock::new();
        Arc::clone(BLUEPRINT.get_or_init(|| {
            // In a thread of its own, for it takes real time, and the caller lives in virtual
            // time.
            let made = std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(Self::make())
            });
            Arc::new(made.join().unwrap())
        }))
    }

    async fn make() -> Self {
        let app = TestApp::start().await;
        let prepared = app.prepared(ADA, &LINES).await;
        let table = |operation: &str, body: Value| -> Value {
            let answer = app
                .stack()
                .edge()
                .dynamodb()
                .call(operation, body.to_string().as_bytes())
                .unwrap();
            serde_json::from_str(&answer).unwrap()
        };
        let members = table("Scan", json!({"TableName": "MembersTable"}))["Items"]
            .as_array()
            .unwrap()
            .clone();
        let catalog = table("Scan", json!({"TableName": "CatalogTable"}))["Items"]
            .as_array()
            .unwrap()
            .clone();
        let record = |kind: &str| {
            let key = json!({"pk": {"S": format!("{kind}#{}", prepared.cart_id)}});
            table("GetItem", json!({"TableName": "CartsTable", "Key": key}))["Item"].clone()
        };
        let (cart, ledger) = (record("cart"), record("reservation"));
        let lines = prepared.preparation["lines"].as_array().unwrap().iter().map(
            |line| json!({"lineId": line["lineId"], "sku": line["sku"], "quantity": line["quantity"], "unit": "EA"}),
        );
        let reservation = json!({
            "store": "online",
            "customer": {"organizationId": "ORG-100", "userId": ADA},
            "lines": lines.collect::<Vec<_>>(),
        });
        let dataset = Dataset::read(app.stack().dataset().folder()).unwrap();
        let event = include_str!("../../../events/submit/order.json");
        let replace = |value: &Value| -> Value {
            serde_json::from_str(&value.to_string().replace(&prepared.cart_id, "CART-ID")).unwrap()
        };
        let blueprint = Self {
            members,
            catalog,
            cart: replace(&cart),
            ledger: replace(&ledger),
            reservation,
            order: replace(&prepared.order()),
            dataset,
            event: serde_json::from_str(event).unwrap(),
        };
        app.delete(ADA, &format!("/carts/{}/preparation", prepared.cart_id))
            .await;
        app.finish().await;
        blueprint
    }

    fn cart_of(value: &Value, id: &str) -> Value {
        serde_json::from_str(&value.to_string().replace("CART-ID", id)).unwrap()
    }
}

/// Ids that begin anew with every run.
pub struct RunIds(Mutex<(String, u64, Rng)>);

impl RunIds {
    fn lock(&self) -> std::sync::MutexGuard<'_, (String, u64, Rng)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run begins.
    pub fn begin(&self, run: &str, seed: u64) {
        *self.lock() = (run.to_owned(), 0, Rng::new(seed));
    }
}

impl Ids for RunIds {
    fn mint(&self) -> String {
        let mut state = self.lock();
        state.1 += 1;
        format!("{}-{:06}", state.0, state.1)
    }

    fn below(&self, bound: u64) -> u64 {
        self.lock().2.next().checked_rem(bound).unwrap_or(0)
    }
}

/// The system. It serves many runs, one after the other.
pub struct Environment {
    edge: Edge,
    pub simulator: Simulator,
    /// By what the ERP promises, which an instance remembers for longer than a run, and by name.
    pub functions: BTreeMap<(&'static str, &'static str), (Function, Duration)>,
    pub boundaries: Arc<CallBoundaries>,
    pub driver: UnboundedReceiver<Event>,
    pub clock: VirtualClock,
    pub ids: Arc<RunIds>,
    pub blueprint: Arc<Blueprint>,
    /// Carts as functions read them, apart from all faults.
    carts: CartsTable,
    pub runs: i64,
    _objects: TempDir,
}

impl Environment {
    /// A new system. `number` tells it from the others of this process. Needs a runtime of
    /// [`super::time`].
    pub async fn start(number: usize) -> Self {
        let blueprint = Blueprint::get();
        let clock = VirtualClock::at(Timestamp::from_seconds(EPOCH_SECONDS));
        let (sender, driver) = unbounded_channel();
        let boundaries = CallBoundaries::new(clock.clone(), sender);
        let ids = Arc::new(RunIds(Mutex::new((String::new(), 0, Rng::new(0)))));

        let time = clock.clone();
        let time: erp_sim::Clock = Arc::new(move || app::ports::Clock::now(&time).as_millis());
        let options = erp_sim::Options {
            mode: Mode::Explicit,
            ..erp_sim::Options::new(blueprint.dataset.clone(), time)
        };
        let token = options.token.clone();
        let simulator = Simulator::new(options);
        simulator.watch(boundaries.watcher(simulator.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let erp = format!("http://{}", listener.local_addr().unwrap());
        let served = simulator.clone();
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });

        let url = "http://127.0.0.1:1".to_owned();
        let parameters = [
            ("ErpUrl", erp),
            ("JwtIssuer", url.clone()),
            ("JwtAudience", "storefront".to_owned()),
            ("JwksUrl", url.clone()),
            ("LogLevel", "off".to_owned()),
        ];
        let deployment = Deployment {
            parameters: parameters
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            secrets: [("erp:token".to_owned(), token)].into(),
            queue_base: url.clone(),
        };
        let template = Template::read(SOURCE, &deployment).unwrap();
        let objects = tempfile::tempdir().unwrap();
        let (created, _) = unbounded_channel();
        let options = EdgeOptions {
            database: None,
            objects: objects.path(),
            url: url.clone(),
            created,
        };
        let edge = Edge::open(options).unwrap();
        let region = format!("simulated-{number}");
        let env = |function: &str| {
            let own = template
                .function(function)
                .map(|function| function.env.clone())
                .unwrap_or_default();
            // The SDK keeps its budget for repetitions per region, so environments with regions of
            // their own do not meet.
            let lambda = [
                ("AWS_REGION", region.as_str()),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_ENDPOINT_URL", url.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", function),
            ];
            Env::from_pairs(
                own.iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .chain(lambda),
            )
        };
        let plain = Runtime::new(
            env("submit"),
            Some(edge.http_client()),
            Arc::new(clock.clone()),
            ids.clone(),
        )
        .unwrap();
        provision(&edge, &plain.sdk, &template).await.unwrap();

        let mut functions = BTreeMap::new();
        for (support, name) in DuplicateProtection::ALL
            .into_iter()
            .flat_map(|support| FUNCTIONS.map(|name| (support, name)))
        {
            let transport = FaultyTransport::new(edge.http_client(), Arc::clone(&boundaries), name);
            let transport = aws_smithy_runtime_api::client::http::SharedHttpClient::new(transport);
            let mut start = Runtime::new(
                env(name),
                Some(transport),
                Arc::new(clock.clone()),
                ids.clone(),
            )
            .unwrap();
            // As functions have it, but that a repetition waits for no random time, which no run
            // could repeat.
            let retry = start.sdk.retry_config().unwrap().clone();
            let retry = retry
                .with_initial_backoff(Duration::ZERO)
                .with_max_backoff(Duration::ZERO);
            start.sdk = start.sdk.to_builder().retry_config(retry).build();
            let function = local::functions::build(name, &start)
                .await
                .unwrap()
                .unwrap();
            functions.insert(
                (support.name(), name),
                (function, template.function(name).unwrap().timeout),
            );
        }
        let carts = CartsTable::new(&plain.sdk, "CartsTable", ids.clone());
        let mut environment = Self {
            carts,
            edge,
            simulator,
            functions,
            boundaries,
            driver,
            clock,
            ids,
            blueprint,
            runs: 0,
            _objects: objects,
        };
        for member in &environment.blueprint.members {
            environment.table(
                "PutItem",
                json!({"TableName": "MembersTable", "Item": member}),
            );
        }
        for item in &environment.blueprint.catalog {
            environment.table(
                "PutItem",
                json!({"TableName": "CatalogTable", "Item": item}),
            );
        }
        // From now on every instance knows what the ERP promises, so that no run depends on those
        // before it.
        for support in DuplicateProtection::ALL {
            let calm = run(
                &mut environment,
                Scenario::of(support),
                Plan::Fixed(Vec::new()),
                0,
            )
            .await;
            let sent = calm
                .sites
                .iter()
                .position(|site| *site == Site::Erp("submit-order"));
            let sent = sent.unwrap_or_else(|| panic!("nothing was sent: {:#?}", calm.trace));
            // Asking what became of it begins with what the ERP can do.
            let lost = Fault::Erp(vec![ErpFault::new(
                "submit-order",
                FaultKind::CommitThenDrop,
                1,
            )]);
            let ended = run(
                &mut environment,
                Scenario::of(support),
                Plan::Fixed(vec![(sent, lost)]),
                0,
            )
            .await;
            assert!(
                ended.sites.contains(&Site::Erp("capabilities")),
                "{:#?}",
                ended.trace
            );
        }
        environment
    }

    /// One operation on the tables, past every boundary.
    pub fn table(&self, operation: &str, body: Value) -> Value {
        let answer = self
            .edge
            .dynamodb()
            .call(operation, body.to_string().as_bytes());
        let answer = answer.unwrap_or_else(|refusal| panic!("{operation} {body}: {refusal:?}"));
        serde_json::from_str(&answer).unwrap()
    }

    /// A prepared cart of the given id, with its reservation in the ERP and in the ledger until
    /// `expires_at`.
    pub async fn prepare(&self, id: &str, now: Timestamp, expires_at: Timestamp) -> Value {
        let mut cart = Blueprint::cart_of(&self.blueprint.cart, id);
        let mut document: Value =
            serde_json::from_str(cart["document"]["S"].as_str().unwrap()).unwrap();
        document["preparation"]["expiresAt"] = json!(expires_at.to_string());
        cart["document"]["S"] = json!(document.to_string());
        cart["expiresAt"]["N"] = json!(now.plus_seconds(30 * 86_400).as_seconds().to_string());
        self.table("PutItem", json!({"TableName": "CartsTable", "Item": cart}));
        // The content digest covers the cart's own id and time, so it is computed again as
        // preparing computes it.
        let cart_with_preparation = self
            .carts
            .cart(&CartId::parse(id).unwrap(), now)
            .await
            .unwrap()
            .unwrap();
        let text = domain::digest::canonical_text(
            &cart_with_preparation,
            cart_with_preparation.preparation.as_ref().unwrap(),
        );
        document["preparation"]["seal"] = json!(lambda_kit::fingerprint(text.as_bytes()));
        cart["document"]["S"] = json!(document.to_string());
        self.table("PutItem", json!({"TableName": "CartsTable", "Item": cart}));
        let mut ledger = Blueprint::cart_of(&self.blueprint.ledger, id);
        ledger["dueAt"]["S"] = json!(expires_at.to_string());
        ledger["heldUntil"]["S"] = json!(now.to_string());
        self.table(
            "PutItem",
            json!({"TableName": "CartsTable", "Item": ledger}),
        );
        let mut reservation = self.blueprint.reservation.clone();
        reservation["expiresAt"] = json!(expires_at.to_string());
        let (status, answer) = self
            .simulator
            .ask("PUT", &format!("/reservations/{id}"), &reservation)
            .await;
        assert_eq!(status, 200, "{answer}");
        Blueprint::cart_of(&self.blueprint.order, id)
    }

    /// What is left of a cart goes.
    pub fn forget(&self, id: &str) {
        for kind in ["cart", "reservation"] {
            let key = json!({"pk": {"S": format!("{kind}#{id}")}});
            self.table("DeleteItem", json!({"TableName": "CartsTable", "Key": key}));
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // The watcher holds the simulator that holds the watcher.
        self.simulator
            .watch(Arc::new(|_, _| Box::pin(async { erp_sim::Verdict::Go })));
    }
}
