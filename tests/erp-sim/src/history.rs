//! Orders and quotes of other channels: what a customer bought by EDI or by telephone, before this
//! side existed.

use std::sync::Arc;

use rust_decimal::Decimal;
use wire::erp::{Document, DocumentCustomer, DocumentLine, Totals};
use wire::value::{Instant, Number};

use crate::amount;
use crate::dataset::{Dataset, Organization};
use crate::documents::{Kind, Stored};
use crate::mode::Mode;
use crate::state::ErpState;

const DAY: i64 = 86_400_000;
/// Organizations that bought elsewhere: the first of the file.
const ORGANIZATIONS: usize = 25;

/// The state at the start: the dataset, and a few documents of other channels.
pub(crate) fn initial_state(dataset: Arc<Dataset>, mode: Mode, now: i64) -> ErpState {
    let mut state = ErpState::new(dataset, mode);
    add_other_channels(&mut state, now);
    state
}

/// Gives the first organizations two orders by EDI, one by telephone and a quote by telephone. They
/// lack what such documents lack in the field: the user, parts of the totals, the unit of a line.
fn add_other_channels(state: &mut ErpState, now: i64) {
    let dataset = Arc::clone(&state.dataset);
    for (index, organization) in dataset.organizations.iter().take(ORGANIZATIONS).enumerate() {
        let items: Vec<(&str, Decimal)> = dataset
            .items
            .iter()
            .filter(|(_, item)| item.active)
            .filter_map(|(sku, item)| {
                Some((sku.as_str(), item.list_price(&organization.currency, now)?))
            })
            .collect();
        let pick = |offset: usize| {
            items
                .get((index.wrapping_mul(7).wrapping_add(offset)) % items.len().max(1))
                .copied()
        };
        let age = |days: usize| {
            now.saturating_sub(
                i64::try_from(days.saturating_add(index))
                    .unwrap_or(0)
                    .saturating_mul(DAY),
            )
        };
        let wanted = [
            (Kind::Order, "edi", age(40), "shipped", pick(0)),
            (Kind::Order, "edi", age(12), "shipped", pick(3)),
            (Kind::Order, "phone", age(2), "confirmed", pick(5)),
            (Kind::Quote, "phone", age(3), "offered", pick(9)),
        ];
        for (kind, channel, placed_at, status, item) in wanted {
            let Some((sku, price)) = item else { continue };
            let number = state.documents(kind).all().len();
            let reference = format!("{channel}-{}-{number}", organization.id);
            let document = document(organization, channel, reference, placed_at, (sku, price));
            store(state, kind, document, status, placed_at, now);
        }
    }
}

fn document(
    organization: &Organization,
    channel: &str,
    reference: String,
    placed_at: i64,
    (sku, price): (&str, Decimal),
) -> Document {
    let quantity = Decimal::from(10);
    let price = amount::round(price, &organization.currency);
    let total = amount::money(price.saturating_mul(quantity), &organization.currency);
    Document {
        reference: Some(reference),
        accepted: Some(true),
        placed_at: Some(Instant(placed_at)),
        channel: Some(channel.to_owned()),
        customer: Some(DocumentCustomer {
            organization_id: Some(organization.id.clone()),
            // An EDI partner sends no user; the person who took the call noted the caller.
            user_id: organization.user.clone().filter(|_| channel == "phone"),
        }),
        currency: Some(organization.currency.clone()),
        totals: Some(Totals {
            product: Some(total.clone()),
            grand: Some(total.clone()),
            ..Totals::default()
        }),
        lines: Some(vec![DocumentLine {
            line_id: Some("1".to_owned()),
            sku: Some(sku.to_owned()),
            quantity: Some(Number(quantity)),
            unit_price: Some(amount::money(price, &organization.currency)),
            line_total: Some(total),
            ..DocumentLine::default()
        }]),
        ..Document::default()
    }
}

fn store(
    state: &mut ErpState,
    kind: Kind,
    mut document: Document,
    status: &str,
    placed_at: i64,
    now: i64,
) {
    let documents = state.documents(kind);
    let id = documents.next_id();
    document.external_order_id = Some(id.clone());
    document.status = Some(status.to_owned());
    let mut expires_at = None;
    if kind == Kind::Quote {
        document.external_quote_id = Some(id);
        let end = now.saturating_add(DAY.saturating_mul(30));
        expires_at = Some(end);
        document.expires_at = serde_json::to_value(Instant(end))
            .ok()
            .and_then(|end| end.as_str().map(str::to_owned));
    }
    documents.add(Stored {
        document,
        key: None,
        placed_at,
        visible_at: placed_at,
        expires_at,
        refuses_repeats: false,
    });
}
