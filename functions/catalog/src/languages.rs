//! `Accept-Language` (RFC 9110).

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use domain::ids::Language;

/// Most languages that are looked at: each costs a read for every item.
const MAX_LANGUAGES: usize = 4;

/// The languages that the caller reads, the favourite first, in lower case. A regional one is
/// followed by its language: `de-CH` by `de`.
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

/// Weight in thousandths and tag; none for what is not wanted, and for `*`, which any text
/// satisfies.
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
