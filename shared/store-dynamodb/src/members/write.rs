//! Loads into the members.

use std::collections::HashSet;

use app::ports::{Cursor, InFile, Outcome, Publications, RowWriter, Stage, StoreError, Swept};
use async_trait::async_trait;
use domain::load::{Accepted, LoadKind, MemberRecord, Pointer, Reference, RowProblem};
use domain::member::Origin;

use super::MembersTable;
use super::record::{
    ORGANIZATION, ORIGIN, TAX_ID, USER, address_sk, organization_pk, origin_text, user_pk,
    write_address, write_organization, write_user,
};
use crate::attribute::{Attributes, Record, get_text, text};
use crate::batch::{self, Key};
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
        stage: &Stage,
    ) -> Result<Vec<Outcome>, StoreError> {
        rows::apply::<_, MemberLayout>(&self.client, &self.table, &rows, stage).await
    }

    fn references(&self, row: &MemberRecord) -> Vec<Reference> {
        row.references()
    }

    async fn missing(
        &self,
        references: Vec<Reference>,
        _: &Stage,
    ) -> Result<Vec<Reference>, StoreError> {
        let organizations = references.iter().filter_map(|reference| match reference {
            Reference::Organization(id) => Some(Key::two(organization_pk(id), ORGANIZATION)),
            Reference::Category(_) | Reference::Item(_) => None,
        });
        let organizations: Vec<_> = organizations.collect();
        let there =
            batch::read_all_current(&self.client, &self.table, &organizations, &["pk", GONE])
                .await?;
        let there = there
            .iter()
            .filter(|record| !is_gone(record))
            .map(|record| get_text(record, "pk"));
        let there: HashSet<&str> = there.collect::<Result<_, _>>()?;
        let is_there = |reference: &Reference| match reference {
            Reference::Organization(id) => there.contains(organization_pk(id).as_str()),
            Reference::Category(_) | Reference::Item(_) => false,
        };
        Ok(references
            .iter()
            .filter(|reference| !is_there(reference))
            .cloned()
            .collect())
    }

    async fn sweep(
        &self,
        stage: &Stage,
        in_file: &InFile<'_>,
        from: Option<Cursor>,
    ) -> Result<Swept, StoreError> {
        self.sweep_page(stage, in_file, from).await
    }
}

#[async_trait]
impl Publications for MembersTable {
    async fn pointer(&self, kind: LoadKind) -> Result<Pointer, StoreError> {
        loads::pointer::pointer(&self.client, &self.table, kind).await
    }

    async fn replace(
        &self,
        kind: LoadKind,
        from: u64,
        pointer: &Pointer,
    ) -> Result<bool, StoreError> {
        loads::pointer::replace(&self.client, &self.table, kind, from, pointer).await
    }
}

struct MemberLayout;

fn registered(there: &Attributes) -> bool {
    there
        .get(ORIGIN)
        .and_then(|origin| origin.as_s().ok())
        .is_some_and(|origin| origin == origin_text(Origin::Registered))
}

impl Layout<MemberRecord> for MemberLayout {
    const KEPT: &'static [&'static str] = &[ORIGIN, TAX_ID];

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

    fn refusal(row: &MemberRecord, there: &Attributes) -> Option<RowProblem> {
        (Self::removes(row) && registered(there)).then(|| {
            RowProblem::row(
                "registered_here",
                "who registered in the storefront is not removed by a file",
            )
        })
    }

    fn content(row: &MemberRecord, there: Option<&Attributes>, record: Record) -> Record {
        let record = match row {
            MemberRecord::Organization(organization) => {
                // A file without tax numbers does not take away the one that was registered.
                let known = there.and_then(|there| there.get(TAX_ID)).cloned();
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
        if there.is_some_and(registered) {
            record.with(ORIGIN, text(origin_text(Origin::Registered)))
        } else {
            record
        }
    }
}
