//! Availability: what the ERP has in stock.

use std::sync::Arc;

use app::directory::Directory;
use app::items::PricedItems;
use app::lookup::{
    AgedAvailability, AnsweredAvailability, AvailabilityLookup, AvailabilityQuery, LookupDeps,
    Mode, RequestedAvailability,
};
use app::{FieldError, UseCaseError};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use domain::freshness::{AvailabilityFreshness, ThresholdRules};
use domain::ids::{LocationId, Sku, StoreId};
use domain::quantity::Quantity;
use erp_client::ErpClient;
use lambda_kit::{Call, ConfigError, Env, Function, Json, Member, Problem, Runtime};
use store_dynamodb::{CatalogTable, LookupsTable, MembersTable};
use wire::storefront::freshness::Freshness;
use wire::storefront::lookups as body;
use wire::value::{Instant, Number};

/// How the function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CATALOG_TABLE`: units and multiples.
    pub catalog_table: String,
    /// `MEMBERS_TABLE`: who asks.
    pub members_table: String,
    /// `LOOKUPS_TABLE`: the cache.
    pub lookups_table: String,
    /// `STORE_ID`: the store that is asked for.
    pub store: StoreId,
    /// `INVENTORY_RULES`: how long an availability is fresh, as [`wire::rules`] describes;
    /// optional.
    pub rules: ThresholdRules,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that is missing.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            catalog_table: env.required("CATALOG_TABLE")?.to_owned(),
            members_table: env.required("MEMBERS_TABLE")?.to_owned(),
            lookups_table: env.required("LOOKUPS_TABLE")?.to_owned(),
            store: StoreId::parse(env.required("STORE_ID")?)
                .map_err(|e| env.invalid("STORE_ID", &e.to_string()))?,
            rules: wire::rules::read(env.optional("INVENTORY_RULES").unwrap_or("[]"))
                .map_err(|e| env.invalid("INVENTORY_RULES", &e.to_string()))?,
        })
    }
}

/// Builds the function.
///
/// # Errors
/// [`ConfigError`] when a variable is missing.
pub async fn build(runtime: &Runtime) -> Result<Function, ConfigError> {
    let config = Config::from_env(&runtime.env)?;
    let erp = ErpClient::from_variables(
        |name| runtime.env.optional(name),
        runtime.clock.clone(),
        runtime.metrics.handle(),
    );
    let erp = Arc::new(erp.map_err(|error| runtime.env.invalid(error.name, error.reason))?);
    let cache = Arc::new(LookupsTable::new(&runtime.sdk, config.lookups_table));
    let deps = LookupDeps::new(
        erp.clone(),
        cache,
        runtime.clock.clone(),
        runtime.ids.clone(),
        config.store,
    )
    .refreshing_ahead(runtime.after_response.handle())
    .with_metrics(runtime.metrics.handle());
    runtime.warm_with({
        let deps = deps.clone();
        async move { deps.warm_up().await }
    });
    let query = AvailabilityQuery {
        directory: Directory::new(
            Arc::new(MembersTable::new(&runtime.sdk, config.members_table)),
            runtime.clock.clone(),
        ),
        items: PricedItems::new(
            Arc::new(CatalogTable::new(&runtime.sdk, config.catalog_table)),
            runtime.clock.clone(),
        ),
        lookup: AvailabilityLookup {
            erp,
            deps,
            freshness: AvailabilityFreshness::new(config.rules),
        },
    };
    let router = Router::new()
        .route("/inventory/query", post(availability))
        .with_state(Arc::new(query));
    lambda_kit::serve(router, runtime)
}

async fn availability(
    State(query): State<Arc<AvailabilityQuery>>,
    call: Call,
    member: Member,
    Json(asked): Json<body::AvailabilityQuery>,
) -> Result<Json<body::AvailableItems>, Problem> {
    let items = asked_items(&asked)?;
    let locations = asked_locations(&asked)?;
    let mode = match asked.mode {
        body::Mode::Cached => Mode::Cached,
        body::Mode::Auto => Mode::Auto,
        body::Mode::Live => Mode::Live,
    };
    let answers = query
        .answer(&call.context(), &member.customer, mode, &items, &locations)
        .await?;
    Ok(Json(body::AvailableItems {
        items: answers.into_iter().map(available).collect(),
    }))
}

fn asked_items(
    asked: &body::AvailabilityQuery,
) -> Result<Vec<RequestedAvailability>, UseCaseError> {
    let mut items = Vec::with_capacity(asked.items.len());
    let mut errors = Vec::new();
    for (at, item) in asked.items.iter().enumerate() {
        let mut refuse = |field: &str, code, message: String| {
            errors.push(FieldError::new(
                format!("/items/{at}/{field}"),
                code,
                message,
            ))
        };
        let sku = Sku::parse(&item.sku).map_err(|e| refuse("sku", "invalid_sku", e.to_string()));
        let quantity = item.quantity.map(|q| Quantity::new(q.0)).transpose();
        let quantity = quantity.map_err(|e| refuse("quantity", "invalid_quantity", e.to_string()));
        if let (Ok(sku), Ok(quantity)) = (sku, quantity) {
            items.push(RequestedAvailability { sku, quantity });
        }
    }
    if errors.is_empty() {
        Ok(items)
    } else {
        Err(UseCaseError::Invalid(errors))
    }
}

fn asked_locations(asked: &body::AvailabilityQuery) -> Result<Vec<LocationId>, UseCaseError> {
    let parse = |(at, location): (usize, &String)| {
        LocationId::parse(location).map_err(|e| {
            UseCaseError::invalid(
                format!("/locations/{at}"),
                "invalid_location",
                e.to_string(),
            )
        })
    };
    asked
        .locations
        .iter()
        .flatten()
        .enumerate()
        .map(parse)
        .collect()
}

fn available(answer: AnsweredAvailability) -> body::AvailableItem {
    let AgedAvailability {
        availability,
        freshness,
    } = answer.answer;
    body::AvailableItem {
        sku: answer.sku.to_string(),
        location: answer.location.map(|location| location.to_string()),
        status: availability.status.into(),
        available_quantity: availability.quantity.map(Number),
        unit: availability.unit.map(|unit| unit.to_string()),
        available_from: availability.available_from.map(Instant::from),
        freshness: Freshness::from(&freshness),
    }
}
