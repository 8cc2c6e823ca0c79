//! Orders: a buyer's whole way, from a cart to the ERP's number, and the hand-over behind it.

use std::time::Instant;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use local::edge::Body;
use local::stack::Stack;
use serde_json::{Value, json};

use crate::{Finding, cpu};

/// Who buys what, where to.
#[derive(Debug, Clone)]
pub struct Buyer {
    /// The user.
    pub user: String,
    /// An address of the user's organization.
    pub address: String,
    /// A shipping method of the ERP.
    pub method: String,
    /// The items, one each.
    pub skus: Vec<String>,
}

/// An order did not go through.
#[derive(Debug)]
pub struct OrderError {
    /// The step.
    pub step: String,
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: String,
}

impl std::fmt::Display for OrderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}", self.step, self.status, self.body)
    }
}

impl std::error::Error for OrderError {}

struct Storefront<'a> {
    stack: &'a Stack,
    token: String,
}

impl Storefront<'_> {
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Value, OrderError> {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header("content-type", "application/json");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if let Some(key) = key {
            request = request
                .header("idempotency-key", key)
                .header("prefer", "wait=10");
        }
        let step = format!("{method} {path}");
        let failed = |status, body: String| OrderError {
            step: step.clone(),
            status,
            body,
        };
        let request = request
            .body(Body::from(body.to_string()))
            .map_err(|e| failed(StatusCode::BAD_REQUEST, e.to_string()))?;
        let response = self.stack.call(request).await;
        let status = response.status();
        let bytes = response
            .into_body()
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if !status.is_success() || (key.is_some() && status != StatusCode::CREATED) {
            return Err(failed(status, text));
        }
        serde_json::from_str(&text).map_err(|e| failed(status, e.to_string()))
    }

    async fn order(&self, buyer: &Buyer) -> Result<(), OrderError> {
        let cart = self.call(Method::POST, "/carts", &json!({}), None).await?;
        let id = cart["cartId"].as_str().unwrap_or_default().to_owned();
        for sku in &buyer.skus {
            let line = json!({"sku": sku, "quantity": 1});
            self.call(Method::POST, &format!("/carts/{id}/lines"), &line, None)
                .await?;
        }
        let shipping = json!({"addressId": buyer.address, "method": buyer.method});
        self.call(
            Method::PUT,
            &format!("/carts/{id}/shipping"),
            &shipping,
            None,
        )
        .await?;
        let prepared = self
            .call(
                Method::POST,
                &format!("/carts/{id}/preparation"),
                &json!({}),
                None,
            )
            .await?;
        let order = json!({
            "cartId": id,
            "preparationId": prepared["preparationId"],
            "acceptedTotal": prepared["totals"]["grand"],
        });
        self.call(Method::POST, "/orders", &order, Some(&id))
            .await
            .map(drop)
    }
}

/// Places `orders` orders one after the other, each confirmed by the ERP before the next.
///
/// # Errors
/// [`OrderError`] for the first that does not go through.
pub async fn run(stack: &Stack, buyer: &Buyer, orders: u64) -> Result<Finding, OrderError> {
    let anonymous = Storefront {
        stack,
        token: String::new(),
    };
    let answer = anonymous
        .call(
            Method::POST,
            "/local/tokens",
            &json!({"userId": buyer.user}),
            None,
        )
        .await?;
    let storefront = Storefront {
        stack,
        token: answer["token"].as_str().unwrap_or_default().to_owned(),
    };
    // The first pays for connections and memories.
    storefront.order(buyer).await?;
    let (cpu, wall) = (cpu::used(), Instant::now());
    for _ in 0..orders {
        storefront.order(buyer).await?;
    }
    Ok(Finding {
        pieces: orders,
        cpu_ms: cpu::millis(cpu::used().saturating_sub(cpu)),
        wall_ms: cpu::millis(wall.elapsed()),
    })
}
