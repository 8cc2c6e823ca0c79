//! The operations of the contract. This list is the only one: what a new entry needs elsewhere, the
//! compiler asks for.

use axum::http::Method;

/// Declares each operation with its name, which faults, counts and calls use, and its routes. A
/// route with a query is that of requests with this parameter; it precedes the route without one.
macro_rules! operations {
    ($(
        $operation:ident $name:literal: $($method:ident $path:literal $(? $parameter:literal)?),+;
    )+) => {
        /// An operation of the contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($operation,)+
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$operation),+];

            /// The name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => $name,)+
                }
            }
        }

        /// Every route of the contract.
        pub(crate) const ROUTES: &[Route] = &[$($(Route {
            operation: Operation::$operation,
            method: Method::$method,
            path: $path,
            parameter: [$($parameter,)? ""][0],
        }),+),+];
    };
}

operations! {
    Capabilities "capabilities": GET "/capabilities";
    Health "health": GET "/health";
    Availability "availability": POST "/availability";
    Reserve "reserve": PUT "/reservations/{reference}";
    Cancel "cancel": DELETE "/reservations/{reference}", DELETE "/preparations/{reference}";
    Prices "prices": POST "/prices";
    Calculate "calculate": POST "/orders/calculate";
    Prepare "prepare": PUT "/preparations/{reference}";
    SubmitOrder "submit-order": POST "/orders";
    SubmitQuote "submit-quote": POST "/quotes";
    Find "find": GET "/orders" ? "reference", GET "/quotes" ? "reference";
    List "list": GET "/orders", GET "/quotes";
    Detail "detail": GET "/orders/{id}", GET "/quotes/{id}";
    Members "members": PUT "/organizations/{id}", PUT "/users/{id}";
}

/// A route of an operation.
#[derive(Debug)]
pub(crate) struct Route {
    pub operation: Operation,
    pub method: Method,
    /// A segment in braces is any text.
    pub path: &'static str,
    /// The query parameter that makes a request one of this route; empty if none does.
    pub parameter: &'static str,
}

impl Route {
    fn matches(&self, method: &Method, path: &str, query: Option<&str>) -> bool {
        let segments = |path: &'_ str| path.trim_matches('/').split('/').count();
        let pairs = self.path.trim_matches('/').split('/');
        let pairs = pairs.zip(path.trim_matches('/').split('/'));
        let has_parameter = || {
            let mut names = query.unwrap_or_default().split('&');
            names.any(|pair| {
                pair.split_once('=')
                    .is_some_and(|(name, _)| name == self.parameter)
            })
        };
        self.method == *method
            && segments(self.path) == segments(path)
            && pairs
                .into_iter()
                .all(|(own, given)| own.starts_with('{') || own == given)
            && (self.parameter.is_empty() || has_parameter())
    }
}

impl Operation {
    /// The operation that a request asks for; `None` for any other request, those to the control
    /// routes included.
    pub fn of(method: &Method, path: &str, query: Option<&str>) -> Option<Self> {
        let route = ROUTES
            .iter()
            .find(|route| route.matches(method, path, query));
        route.map(|route| route.operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_of_the_first_route_that_it_matches() {
        for (method, path, query, expected) in [
            (Method::GET, "/orders", Some("reference=s-1"), Some("find")),
            (
                Method::GET,
                "/quotes",
                Some("limit=1&reference=s-1"),
                Some("find"),
            ),
            (Method::GET, "/orders", Some("limit=1"), Some("list")),
            (Method::GET, "/orders", None, Some("list")),
            (Method::GET, "/orders/1", None, Some("detail")),
            (Method::POST, "/orders/calculate", None, Some("calculate")),
            (Method::DELETE, "/preparations/c-1", None, Some("cancel")),
            (Method::DELETE, "/reservations/c-1", None, Some("cancel")),
            (Method::PUT, "/users/u-1", None, Some("members")),
            (Method::PUT, "/orders", None, None),
            (Method::GET, "/orders/1/lines", None, None),
            (Method::GET, "/_sim/orders", None, None),
        ] {
            let found = Operation::of(&method, path, query).map(Operation::name);
            assert_eq!(found, expected, "{method} {path} {query:?}");
        }
    }
}
