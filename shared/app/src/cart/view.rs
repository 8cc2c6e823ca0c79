//! Prices and availabilities on the lines of a cart.

use domain::caller::Customer;
use domain::cart::{Cart, LineAvailability};
use domain::ids::LineId;

use super::CartService;
use crate::error::UseCaseError;
use crate::lookup::{AvailabilityItem, Mode, PriceItem};
use crate::ports::erp::{CallContext, PriceQuestion};

impl CartService {
    /// Puts prices on all lines, and availabilities on the given lines, both from lookups. If the
    /// ERP fails, they are stale or missing, as every lookup's.
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
        for (line, price) in cart.lines.iter_mut().zip(priced?) {
            line.unit_price = price.unit_price;
            line.price_freshness = price.freshness;
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
    ) -> Result<Vec<PriceItem>, UseCaseError> {
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
        self.prices
            .prices(context, &customer, cart.currency, mode, &questions)
            .await
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
            .map(|(line, answer)| {
                let availability = LineAvailability {
                    status: answer.availability.status,
                    quantity: answer.availability.quantity,
                    freshness: answer.freshness,
                };
                (line.id.clone(), availability)
            })
            .collect())
    }
}
