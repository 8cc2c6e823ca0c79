//! What anybody sees of the storefront: the catalog, prices and stock, and answers to bad requests.

mod browse;
mod confidentiality;
mod degradation;
mod hostile;
