//! Orders and quotes of every channel as the ERP has them, merged with our submissions that have
//! not reached it yet.

use std::sync::Arc;

use domain::caller::Customer;
use domain::ids::{ExternalId, OrganizationId, SubmissionId};
use domain::submission::{Submission, SubmissionKind, TimelineEvent};
use domain::time::Timestamp;

use crate::error::UseCaseError;
use crate::ports::erp::{
    CallContext, DocumentKind, DocumentQuery, ErpError, ErpTracking, ExternalDocument,
};
use crate::ports::submissions::Submissions;
use crate::ports::{Clock, StoreError};

/// Most of our submissions that are merged into a list.
const SUBMISSION_LIMIT: usize = 100;

/// An order or a quote: our submission, the ERP's document, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub submission: Option<Submission>,
    pub external: Option<ExternalDocument>,
}

/// Documents and how current they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked<T> {
    pub found: T,
    /// When the ERP was asked.
    pub as_of: Timestamp,
    /// The ERP failed, so `found` is only what we store ourselves.
    pub stale: bool,
    /// The cursor of a list's next page.
    pub next_cursor: Option<String>,
}

impl<T> Tracked<T> {
    fn current(found: T, as_of: Timestamp) -> Self {
        Self {
            found,
            as_of,
            stale: false,
            next_cursor: None,
        }
    }

    fn stale(found: T, as_of: Timestamp) -> Self {
        Self {
            stale: true,
            ..Self::current(found, as_of)
        }
    }
}

impl Document {
    fn submitted(submission: Submission) -> Self {
        Self {
            submission: Some(submission),
            external: None,
        }
    }
}

/// The documents that a caller asks for.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub kind: DocumentKind,
    /// Only documents with this status of the ERP.
    pub status: Option<String>,
    /// The cursor of the previous page.
    pub cursor: Option<String>,
    /// Most documents from the ERP.
    pub limit: usize,
}

/// Shows orders and quotes. All members of an organization see all of its documents.
pub struct Tracking {
    pub erp: Arc<dyn ErpTracking>,
    pub submissions: Arc<dyn Submissions>,
    pub clock: Arc<dyn Clock>,
}

impl Tracking {
    /// A page of the organization's documents. The first page starts with submissions that have not
    /// reached the ERP yet. If the ERP fails, the first page is our submissions, marked as stale.
    ///
    /// # Errors
    /// [`UseCaseError::Store`].
    pub async fn list(
        &self,
        context: &CallContext,
        customer: &Customer,
        query: &ListQuery,
    ) -> Result<Tracked<Vec<Document>>, UseCaseError> {
        let asked = DocumentQuery {
            kind: query.kind,
            organization: customer.organization.clone(),
            user: None,
            status: query.status.clone(),
            cursor: query.cursor.clone(),
            limit: query.limit,
        };
        let first_page = query.cursor.is_none() && query.status.is_none();
        let (answer, newest) = futures::join!(
            self.erp.list(context, &asked),
            self.newest(customer, query.kind, first_page)
        );
        let newest = newest?;
        let as_of = self.clock.now();
        let page = match answer {
            Ok(page) => page,
            // The only part of the request that an ERP may refuse is the cursor, which came from
            // the caller.
            Err(ErpError::Refused { .. }) if query.cursor.is_some() => {
                return Err(StoreError::Cursor.into());
            }
            // Only the first page can fall back on our submissions.
            Err(error) if !first_page => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "the ERP did not list documents");
                let known = newest.into_iter().take(query.limit);
                let found = known.map(Document::submitted).collect();
                return Ok(Tracked::stale(found, as_of));
            }
        };
        let theirs: Vec<ExternalDocument> = page
            .documents
            .into_iter()
            .filter(|d| belongs_to(d, &customer.organization))
            .collect();
        let own = self.referenced(customer, query.kind, &theirs).await?;
        let arrived =
            |s: &Submission| s.external_id().is_some() || own.iter().any(|o| o.id() == s.id());
        let not_arrived = newest.into_iter().filter(|s| !arrived(s));
        let mut found: Vec<Document> = not_arrived.map(Document::submitted).collect();
        found.extend(theirs.into_iter().map(|d| Document {
            submission: own.iter().find(|s| is_same(&d, s)).cloned(),
            external: Some(d),
        }));
        Ok(Tracked {
            next_cursor: page.next_cursor,
            ..Tracked::current(found, as_of)
        })
    }

    /// Our submissions that the ERP's documents refer to.
    async fn referenced(
        &self,
        customer: &Customer,
        kind: DocumentKind,
        documents: &[ExternalDocument],
    ) -> Result<Vec<Submission>, UseCaseError> {
        let references = documents.iter().filter_map(|d| d.reference.as_deref());
        let ids: Vec<SubmissionId> = references
            .filter_map(|reference| SubmissionId::parse(reference).ok())
            .collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.submissions.submissions(&ids).await?;
        found.retain(|s| is_own(s, customer, kind));
        Ok(found)
    }

    /// One document by our id or the ERP's.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`], also for another organization's document; [`UseCaseError::Erp`]
    /// if only the ERP can have it and fails; [`UseCaseError::Store`].
    pub async fn detail(
        &self,
        context: &CallContext,
        customer: &Customer,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Tracked<Document>, UseCaseError> {
        let submission = self.own_by_id(customer, kind, id).await?;
        let number = match &submission {
            Some(own) => own.external_id().cloned(),
            None => Some(ExternalId::parse(id).map_err(|_| UseCaseError::NotFound)?),
        };
        let Some(number) = number else {
            let found = Document {
                submission,
                external: None,
            };
            return Ok(Tracked::current(found, self.clock.now()));
        };
        let answer = self.erp.detail(context, kind, &number).await;
        let as_of = self.clock.now();
        match (answer, submission) {
            (Ok(external), Some(own)) => {
                let external = external.filter(|d| belongs_to(d, &customer.organization));
                let found = Document {
                    submission: Some(own),
                    external,
                };
                Ok(Tracked::current(found, as_of))
            }
            (Ok(Some(external)), None) if belongs_to(&external, &customer.organization) => {
                let submission = match &external.reference {
                    Some(reference) => self.own_by_id(customer, kind, reference).await?,
                    None => None,
                };
                let found = Document {
                    submission,
                    external: Some(external),
                };
                Ok(Tracked::current(found, as_of))
            }
            (Ok(_), None) => Err(UseCaseError::NotFound),
            (Err(error), Some(own)) => {
                tracing::warn!(%error, "the ERP did not return a document");
                Ok(Tracked::stale(Document::submitted(own), as_of))
            }
            (Err(ErpError::Refused { .. }), None) => Err(UseCaseError::NotFound),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// The events of a document on its way to the ERP; empty for one of another channel.
    ///
    /// # Errors
    /// As [`Tracking::detail`].
    pub async fn timeline(
        &self,
        context: &CallContext,
        customer: &Customer,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Vec<TimelineEvent>, UseCaseError> {
        let own = match self.own_by_id(customer, kind, id).await? {
            Some(own) => Some(own),
            None => {
                self.detail(context, customer, kind, id)
                    .await?
                    .found
                    .submission
            }
        };
        match own {
            Some(own) => Ok(self.submissions.timeline(own.id()).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Our newest submissions, if `wanted`; some may not have reached the ERP yet.
    async fn newest(
        &self,
        customer: &Customer,
        kind: DocumentKind,
        wanted: bool,
    ) -> Result<Vec<Submission>, UseCaseError> {
        if !wanted {
            return Ok(Vec::new());
        }
        let page = self
            .submissions
            .of_organization(
                &customer.organization,
                submission_kind(kind),
                None,
                SUBMISSION_LIMIT,
            )
            .await?;
        Ok(page.items)
    }

    async fn own_by_id(
        &self,
        customer: &Customer,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Submission>, UseCaseError> {
        let Ok(id) = SubmissionId::parse(id) else {
            return Ok(None);
        };
        let found = self.submissions.submission(&id).await?;
        Ok(found.filter(|s| is_own(s, customer, kind)))
    }
}

fn submission_kind(kind: DocumentKind) -> SubmissionKind {
    match kind {
        DocumentKind::Order => SubmissionKind::Order,
        DocumentKind::Quote => SubmissionKind::Quote,
    }
}

fn is_own(submission: &Submission, customer: &Customer, kind: DocumentKind) -> bool {
    *submission.organization() == customer.organization
        && submission.kind() == submission_kind(kind)
}

/// A document without an organization belongs to none.
fn belongs_to(document: &ExternalDocument, organization: &OrganizationId) -> bool {
    document.organization.as_ref() == Some(organization)
}

fn is_same(document: &ExternalDocument, submission: &Submission) -> bool {
    document.reference.as_deref() == Some(submission.id().as_str())
        || submission.external_id() == Some(&document.external_id)
}
