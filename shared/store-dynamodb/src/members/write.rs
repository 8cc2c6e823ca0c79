//! Loads into the members.

use std::collections::HashSet;

use app::ports::{
    Cursor, InFile, RowOutcome, RowWriter, StoreError, SweepPage, VersionStore, WriteTarget,
};
use async_trait::async_trait;
use domain::load::{Accepted, CatalogVersions, LoadKind, MemberRecord, Reference, RowProblem};
use domain::member::Origin;

use super::MembersTable;
use super::record::{
    ORGANIZATION, ORIGIN, TAX_ID, USER, address_sk, organization_pk, origin_text, user_pk,
    write_address, write_organization, write_user,
};
use crate::attribute::{Attributes, Record, get_text, text};
use crate::batch::{self, TableKey};
use crate::loads;
use crate::loads::rows::{self, GONE, Layout, is_gone};

#[async_trait]
impl RowWriter<MemberRecord> for MembersTable {
    fn identity(&self, row: &MemberRecord) -> u64 {
        let (pk, sk) = MemberLayout::key(row);
        rows::identity(&pk, &sk)
    }

    async fn apply(
        &self,
        rows: Vec<Accepted<MemberRecord>>,
        target: &WriteTarget,
    ) -> Result<Vec<RowOutcome>, StoreError> {
        rows::apply::<_, MemberLayout>(&self.client, &self.table, &rows, target).await
    }

    fn references(&self, row: &MemberRecord) -> Vec<Reference> {
        row.references()
    }

    async fn missing(
        &self,
        references: Vec<Reference>,
        _: &WriteTarget,
    ) -> Result<Vec<Reference>, StoreError> {
        let organizations = references.iter().filter_map(|reference| match reference {
            Reference::Organization(id) => Some(TableKey::two(organization_pk(id), ORGANIZATION)),
            Reference::Category(_) | Reference::Item(_) => None,
        });
        let organizations: Vec<_> = organizations.collect();
        let existing =
            batch::read_all_current(&self.client, &self.table, &organizations, &["pk", GONE])
                .await?;
        let existing = existing
            .iter()
            .filter(|record| !is_gone(record))
            .map(|record| get_text(record, "pk"));
        let existing: HashSet<&str> = existing.collect::<Result<_, _>>()?;
        let exists = |reference: &Reference| match reference {
            Reference::Organization(id) => existing.contains(organization_pk(id).as_str()),
            Reference::Category(_) | Reference::Item(_) => false,
        };
        Ok(references
            .iter()
            .filter(|reference| !exists(reference))
            .cloned()
            .collect())
    }

    async fn sweep(
        &self,
        target: &WriteTarget,
        in_file: &InFile<'_>,
        from: Option<Cursor>,
    ) -> Result<SweepPage, StoreError> {
        self.sweep_page(target, in_file, from).await
    }
}

#[async_trait]
impl VersionStore for MembersTable {
    async fn versions(&self, kind: LoadKind) -> Result<CatalogVersions, StoreError> {
        loads::versions::get_versions(&self.client, &self.table, kind).await
    }

    async fn replace(
        &self,
        kind: LoadKind,
        from: u64,
        versions: &CatalogVersions,
    ) -> Result<bool, StoreError> {
        loads::versions::replace(&self.client, &self.table, kind, from, versions).await
    }
}

struct MemberLayout;

fn registered(existing: &Attributes) -> bool {
    existing
        .get(ORIGIN)
        .and_then(|origin| origin.as_s().ok())
        .is_some_and(|origin| origin == origin_text(Origin::Registered))
}

impl Layout<MemberRecord> for MemberLayout {
    const READ: &'static [&'static str] = &[ORIGIN, TAX_ID];

    fn key(row: &MemberRecord) -> (String, String) {
        match row {
            MemberRecord::Organization(organization) => {
                (organization_pk(&organization.id), ORGANIZATION.to_owned())
            }
            MemberRecord::NoOrganization(id) => (organization_pk(id), ORGANIZATION.to_owned()),
            MemberRecord::User(user) => (user_pk(&user.id), USER.to_owned()),
            MemberRecord::NoUser(id) => (user_pk(id), USER.to_owned()),
            MemberRecord::Address(address) => (
                organization_pk(&address.organization),
                address_sk(&address.id),
            ),
            MemberRecord::NoAddress(organization, id) => {
                (organization_pk(organization), address_sk(id))
            }
        }
    }

    fn removes(row: &MemberRecord) -> bool {
        match row {
            MemberRecord::Organization(_) | MemberRecord::User(_) | MemberRecord::Address(_) => {
                false
            }
            MemberRecord::NoOrganization(_)
            | MemberRecord::NoUser(_)
            | MemberRecord::NoAddress(..) => true,
        }
    }

    fn rejection(row: &MemberRecord, existing: &Attributes) -> Option<RowProblem> {
        (Self::removes(row) && registered(existing)).then(|| {
            RowProblem::row(
                "registered_here",
                "members who registered in the storefront are not removed by a file",
            )
        })
    }

    fn content(row: &MemberRecord, existing: Option<&Attributes>, record: Record) -> Record {
        let record = match row {
            MemberRecord::Organization(organization) => {
                // A file without tax numbers does not remove the one that was registered.
                let known = existing.and_then(|existing| existing.get(TAX_ID)).cloned();
                let record = match known {
                    Some(tax_id) => record.with(TAX_ID, tax_id),
                    None => record,
                };
                write_organization(organization, record)
            }
            MemberRecord::User(user) => write_user(user, record),
            MemberRecord::Address(address) => write_address(address, record),
            MemberRecord::NoOrganization(_)
            | MemberRecord::NoUser(_)
            | MemberRecord::NoAddress(..) => return record,
        };
        if existing.is_some_and(registered) {
            record.with(ORIGIN, text(origin_text(Origin::Registered)))
        } else {
            record
        }
    }
}
