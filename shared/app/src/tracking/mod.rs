//! Orders and quotes as the ERP has them, whatever channel they came from, together with what has
//! not arrived there yet.

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

/// Most of our own submissions that are merged into a list.
const OWN_LIMIT: usize = 100;

/// An order or a quote: what the ERP has of it, what we have of it, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Ours.
    pub submission: Option<Submission>,
    /// The ERP's.
    pub external: Option<ExternalDocument>,
}

/// Documents and how old the word on them is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked<T> {
    /// What was found.
    pub found: T,
    /// When it was asked for.
    pub as_of: Timestamp,
    /// Whether the ERP failed, so that only what we know ourselves is shown.
    pub stale: bool,
    /// Where a list goes on.
    pub next_cursor: Option<String>,
}

/// Which documents a caller asks for.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Orders or quotes.
    pub kind: DocumentKind,
    /// With this status of the ERP.
    pub status: Option<String>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// Most documents from the ERP.
    pub limit: usize,
}

/// Shows orders and quotes. All members of an organization see all of its documents.
pub struct Tracking {
    /// The ERP.
    pub erp: Arc<dyn ErpTracking>,
    /// Ours.
    pub submissions: Arc<dyn Submissions>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Tracking {
    /// A page of the organization's documents. What is still on its way to the ERP comes first, on
    /// the first page. An ERP that fails leaves what was captured here, marked as stale.
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
        let (answer, unarrived) = futures::join!(
            self.erp.list(context, &asked),
            self.newest(customer, query.kind, first_page)
        );
        let unarrived = unarrived?;
        let as_of = self.clock.now();
        let page = match answer {
            Ok(page) => page,
            // The only thing of ours in a list that an ERP may refuse is the cursor, and that came
            // from the caller.
            Err(ErpError::Refused { .. }) if query.cursor.is_some() => {
                return Err(StoreError::Cursor.into());
            }
            // Only the first page has something to stand in for the ERP.
            Err(error) if !first_page => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "the ERP did not list documents");
                let known = unarrived.into_iter().take(query.limit);
                let found = known
                    .map(|s| Document {
                        submission: Some(s),
                        external: None,
                    })
                    .collect();
                return Ok(Tracked {
                    found,
                    as_of,
                    stale: true,
                    next_cursor: None,
                });
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
        let on_the_way = unarrived.into_iter().filter(|s| !arrived(s));
        let mut found: Vec<Document> = on_the_way
            .map(|s| Document {
                submission: Some(s),
                external: None,
            })
            .collect();
        found.extend(theirs.into_iter().map(|d| Document {
            submission: own.iter().find(|s| is_same(&d, s)).cloned(),
            external: Some(d),
        }));
        Ok(Tracked {
            found,
            as_of,
            stale: false,
            next_cursor: page.next_cursor,
        })
    }

    /// Our submissions behind the references of the ERP's documents.
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
    /// [`UseCaseError::NotFound`], also for what belongs to another organization; [`UseCaseError::Erp`] when
    /// only the ERP can know it and it fails; [`UseCaseError::Store`].
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
            return Ok(Tracked {
                found,
                as_of: self.clock.now(),
                stale: false,
                next_cursor: None,
            });
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
                Ok(Tracked {
                    found,
                    as_of,
                    stale: false,
                    next_cursor: None,
                })
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
                Ok(Tracked {
                    found,
                    as_of,
                    stale: false,
                    next_cursor: None,
                })
            }
            (Ok(_), None) => Err(UseCaseError::NotFound),
            (Err(error), Some(own)) => {
                tracing::warn!(%error, "the ERP did not show a document");
                let found = Document {
                    submission: Some(own),
                    external: None,
                };
                Ok(Tracked {
                    found,
                    as_of,
                    stale: true,
                    next_cursor: None,
                })
            }
            (Err(ErpError::Refused { .. }), None) => Err(UseCaseError::NotFound),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// What happened to a document on its way to the ERP; nothing for one of another channel.
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

    /// The newest of ours, some of which may not have arrived in the ERP.
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
                OWN_LIMIT,
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

/// A document without an owner belongs to nobody who asks here.
fn belongs_to(document: &ExternalDocument, organization: &OrganizationId) -> bool {
    document.organization.as_ref() == Some(organization)
}

fn is_same(document: &ExternalDocument, submission: &Submission) -> bool {
    document.reference.as_deref() == Some(submission.id().as_str())
        || submission.external_id() == Some(&document.external_id)
}
