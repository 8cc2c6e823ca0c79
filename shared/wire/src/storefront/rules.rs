//! What an organization demands of the orders of its buyers.

use domain::member as model;
use serde::{Deserialize, Serialize};

use crate::value::Money;

/// `GET /me/organization`, and the answer of `PUT /me/organization`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationRules {
    /// The id.
    pub organization_id: String,
    /// The name.
    pub name: String,
    /// The currency of its carts, and of the limit.
    pub currency: String,
    /// Whether an order must carry a purchase order number.
    pub purchase_order_number_required: bool,
    /// The grand total above which an order waits for an approver; null = none waits.
    pub approval_above: Option<Money>,
}

impl OrganizationRules {
    /// The rules of an organization.
    #[must_use]
    pub fn new(organization: &model::Organization, rules: &model::OrderRules) -> Self {
        Self {
            organization_id: organization.id.to_string(),
            name: organization.name.clone(),
            currency: organization.currency.to_string(),
            purchase_order_number_required: rules.purchase_order_number_required,
            approval_above: rules.approval_above.map(Money::from),
        }
    }
}

/// `PUT /me/organization`: both are replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulesRequest {
    /// Whether an order must carry a purchase order number.
    pub purchase_order_number_required: bool,
    /// The grand total above which an order waits for an approver; missing or null = none waits.
    #[serde(default)]
    pub approval_above: Option<Money>,
}
