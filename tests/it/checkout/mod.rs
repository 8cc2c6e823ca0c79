//! From a cart to a preparation: reservations, live prices and totals.

mod crash;
mod preparation;
mod reservations;
mod work_counts;
