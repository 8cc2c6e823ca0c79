//! Prices and availabilities on the lines of a cart.

use domain::caller::Customer;
use domain::cart::{Cart, LineAvailability};
use domain::freshness::Freshness;
use domain::ids::LineId;
use domain::money::Money;

use super::CartService;
use crate::error::UseCaseError;
use crate::lookup::{AvailabilityItem, Mode};
use crate::ports::erp::{CallContext, PriceQuestion};

impl CartService {
    /// Puts prices on all lines, and availabilities on those named. An ERP that fails leaves what
    /// the lines had.
    pub(super) async fn look_up(
        &self,
        context: &CallContext,
        cart: &mut Cart,
        prices: Mode,
        lines: &[LineId],
        availability: Mode,
    ) -> Result<(), UseCaseError> {
        let (priced, available) = futures::join!(
            self.price_lines(context, cart, prices),
            self.check_lines(context, cart, lines, availability)
        );
        for (line, (price, freshness)) in cart.lines.iter_mut().zip(priced?) {
            line.unit_price = price;
            line.price_freshness = freshness;
        }
        for (id, availability) in available? {
            if let Some(line) = cart.lines.iter_mut().find(|line| line.id == id) {
                line.availability = availability;
            }
        }
        Ok(())
    }

    async fn price_lines(
        &self,
        context: &CallContext,
        cart: &Cart,
        mode: Mode,
    ) -> Result<Vec<(Option<Money>, Freshness)>, UseCaseError> {
        if cart.lines.is_empty() {
            return Ok(Vec::new());
        }
        let customer = Customer {
            organization: cart.organization.clone(),
            user: cart.user.clone(),
        };
        let questions: Vec<PriceQuestion> = cart
            .lines
            .iter()
            .map(|line| PriceQuestion {
                sku: line.sku.clone(),
                quantity: line.quantity,
                unit: line.unit.clone(),
            })
            .collect();
        let items = self
            .prices
            .prices(context, &customer, cart.currency, mode, &questions)
            .await?;
        Ok(items
            .into_iter()
            .map(|item| (item.unit_price, item.freshness))
            .collect())
    }

    async fn check_lines(
        &self,
        context: &CallContext,
        cart: &Cart,
        lines: &[LineId],
        mode: Mode,
    ) -> Result<Vec<(LineId, LineAvailability)>, UseCaseError> {
        let named: Vec<_> = cart
            .lines
            .iter()
            .filter(|line| lines.contains(&line.id))
            .collect();
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let items: Vec<AvailabilityItem> = named
            .iter()
            .map(|line| AvailabilityItem {
                sku: line.sku.clone(),
                location: None,
                quantity: Some(line.quantity),
                unit: Some(line.unit.clone()),
            })
            .collect();
        let answers = self
            .availability
            .availabilities(context, mode, &items)
            .await?;
        Ok(named
            .into_iter()
            .zip(answers)
            .map(|(line, (availability, freshness))| {
                let seen = LineAvailability {
                    status: availability.status,
                    quantity: availability.quantity,
                    freshness,
                };
                (line.id.clone(), seen)
            })
            .collect())
    }
}
