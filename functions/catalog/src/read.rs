//! What callers ask for, as values of the domain.

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use app::UseCaseError;
use app::catalog::MAX_ITEMS;
use app::ports::Cursor;
use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use domain::ids::{Language, Sku};
use serde::Deserialize;
use wire::storefront::catalog as body;

/// Items of a page, unless the caller says otherwise.
const DEFAULT_LIMIT: usize = 20;
/// Most languages that are read: each costs a read for every item.
const MAX_LANGUAGES: usize = 4;

/// The languages of `Accept-Language` (RFC 9110), in lower case, the preferred one first. A
/// regional language is followed by its base language: `de-CH` by `de`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Languages(pub Vec<Language>);

impl<S: Sync> FromRequestParts<S> for Languages {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts
            .headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        Ok(Self(parse(header.unwrap_or_default())))
    }
}

fn parse(header: &str) -> Vec<Language> {
    let mut ranked: Vec<(u16, String)> = header.split(',').filter_map(range).collect();
    // Stable: of equal weight the first stays first.
    ranked.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let mut languages: Vec<Language> = Vec::new();
    for (_, tag) in ranked {
        let mut rest = Some(tag.as_str());
        while let Some(tag) = rest {
            if let Ok(language) = Language::parse(tag)
                && !languages.contains(&language)
                && languages.len() < MAX_LANGUAGES
            {
                languages.push(language);
            }
            rest = tag.rsplit_once('-').map(|(shorter, _)| shorter);
        }
    }
    languages
}

/// Weight in thousandths and tag. `None` for a language that is not wanted, and for `*`, which any
/// text satisfies.
fn range(part: &str) -> Option<(u16, String)> {
    let mut params = part.split(';').map(str::trim);
    let tag = params.next().filter(|tag| !tag.is_empty() && *tag != "*")?;
    let weight = params
        .find_map(|param| param.strip_prefix("q="))
        .map_or(Some(1000), thousandths)?;
    (weight > 0).then(|| (weight, tag.to_lowercase()))
}

/// `0.85` as 850.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: u16 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(
        whole
            .parse::<u16>()
            .ok()?
            .checked_mul(1000)?
            .checked_add(fraction)?
            .min(1000),
    )
}

/// The items of a query. Text that is not a valid item number cannot exist, so it is absent from
/// the answer like any other unknown item.
pub(crate) fn skus(query: &body::ItemsQuery) -> Result<Vec<Sku>, UseCaseError> {
    if query.skus.len() > MAX_ITEMS {
        let message = format!("a query has at most {MAX_ITEMS} skus");
        return Err(UseCaseError::invalid("/skus", "too_many", message));
    }
    let skus = query.skus.iter().filter_map(|sku| Sku::parse(sku).ok());
    Ok(skus.collect())
}

#[derive(Debug, Deserialize)]
pub(crate) struct PageParams {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// How many items of a list, and from where.
pub(crate) fn page(params: PageParams) -> (usize, Option<Cursor>) {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_ITEMS);
    (limit, params.cursor.map(Cursor::new))
}
