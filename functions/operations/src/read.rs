//! What operators ask for, as values of the domain.

use app::UseCaseError;
use app::dead_letters::Redrive;
use app::ports::lookups::Invalidation;
use app::ports::{Cursor, LoadFilter};
use domain::ids::{ExternalId, OrganizationId, Sku};
use domain::load::{LoadKind, LoadState};
use domain::submission::{Resolution, State};
use serde::Deserialize;
use wire::storefront::{lookups, operations as body};

/// Entries of a page, unless the caller says otherwise.
const DEFAULT_LIMIT: usize = 50;
/// Most entries of a page.
const MAX_LIMIT: usize = 200;
/// Longest reason of an operator, in bytes.
const MAX_REASON: usize = 500;

/// The parameters of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct ListParams {
    kind: Option<String>,
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

impl ListParams {
    pub(crate) fn load_filter(&self) -> Result<LoadFilter, UseCaseError> {
        let kind = self
            .kind
            .as_deref()
            .map(|text| LoadKind::parse(text).ok_or_else(|| unknown("/kind", "kind of loads")));
        let state = self
            .state
            .as_deref()
            .map(|text| LoadState::parse(text).ok_or_else(|| unknown("/state", "state of loads")));
        Ok(LoadFilter {
            kind: kind.transpose()?,
            state: state.transpose()?,
        })
    }

    pub(crate) fn submission_state(&self) -> Result<Option<State>, UseCaseError> {
        let parse =
            |text| State::parse(text).ok_or_else(|| unknown("/state", "state of submissions"));
        self.state.as_deref().map(parse).transpose()
    }

    /// How many entries, and from where.
    pub(crate) fn page(self) -> (usize, Option<Cursor>) {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        (limit, self.cursor.map(Cursor::new))
    }
}

fn unknown(pointer: &str, what: &str) -> UseCaseError {
    UseCaseError::invalid(pointer, "invalid_query", format!("there is no such {what}"))
}

pub(crate) fn redrive(asked: body::Redrive) -> Redrive {
    Redrive {
        message_ids: asked.message_ids,
        discard: asked.discard,
        dry_run: asked.dry_run,
    }
}

/// Exactly one of items, an organization or all.
pub(crate) fn invalidation(asked: &lookups::Invalidation) -> Result<Invalidation, UseCaseError> {
    let one = || {
        UseCaseError::invalid(
            "",
            "invalid_invalidation",
            "name either skus, or an organizationId, or all: true",
        )
    };
    match (&asked.skus, &asked.organization_id, asked.all) {
        (Some(skus), None, false) if !skus.is_empty() => {
            let parse = |(at, sku): (usize, &String)| {
                Sku::parse(sku).map_err(|e| {
                    UseCaseError::invalid(format!("/skus/{at}"), "invalid_sku", e.to_string())
                })
            };
            Ok(Invalidation::Skus(
                skus.iter()
                    .enumerate()
                    .map(parse)
                    .collect::<Result<_, _>>()?,
            ))
        }
        (None, Some(id), false) => OrganizationId::parse(id)
            .map(Invalidation::Organization)
            .map_err(|e| {
                UseCaseError::invalid("/organizationId", "invalid_organization", e.to_string())
            }),
        (None, None, true) => Ok(Invalidation::All),
        _ => Err(one()),
    }
}

pub(crate) fn resolution(asked: &body::Resolve) -> Result<Resolution, UseCaseError> {
    if asked.external_id.is_some() && asked.decision != body::ResolveDecision::Confirm {
        return Err(UseCaseError::invalid(
            "/externalId",
            "not_expected",
            "goes with the decision confirm alone",
        ));
    }
    if asked
        .reason
        .as_ref()
        .is_some_and(|reason| reason.len() > MAX_REASON)
    {
        return Err(UseCaseError::invalid(
            "/reason",
            "too_long",
            format!("has more than {MAX_REASON} bytes"),
        ));
    }
    Ok(match asked.decision {
        body::ResolveDecision::Confirm => {
            let id = asked.external_id.as_deref().unwrap_or_default();
            let id = ExternalId::parse(id);
            Resolution::Confirmed(id.map_err(|e| {
                UseCaseError::invalid("/externalId", "invalid_external_id", e.to_string())
            })?)
        }
        body::ResolveDecision::Reject => Resolution::Rejected(asked.reason.clone()),
        body::ResolveDecision::Resend => Resolution::Resend,
    })
}
