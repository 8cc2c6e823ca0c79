//! Reads of the members.

use app::ports::{MemberReader, Membership, StoreError};
use async_trait::async_trait;
use domain::caller::Customer;
use domain::ids::{AddressId, OrganizationId, UserId};
use domain::member::{Address, OrderRules, Organization, User};

use super::MembersTable;
use super::record::{
    ADDRESSES, ORGANIZATION, RULES, USER, address_sk, organization_pk, read_address,
    read_organization, read_rules, read_user, user_pk,
};
use crate::attribute::{Attributes, get_text, key};
use crate::batch::{self, TableKey};
use crate::loads::rows::is_gone;
use crate::query::{Asked, get, query_all};

#[async_trait]
impl MemberReader for MembersTable {
    async fn member(&self, customer: &Customer) -> Result<Option<Membership>, StoreError> {
        let organization_pk = organization_pk(&customer.organization);
        let keys = [
            TableKey::two(user_pk(&customer.user), USER),
            TableKey::two(&organization_pk, ORGANIZATION),
            TableKey::two(&organization_pk, RULES),
        ];
        let (mut user, mut organization, mut rules) = (None, None, OrderRules::default());
        let records = batch::read_all(&self.client, &self.table, &keys, &[]).await?;
        for record in records.iter().filter(|record| !is_gone(record)) {
            match get_text(record, "sk")? {
                USER => user = Some(read_user(record)?),
                RULES => rules = read_rules(record)?,
                _ => organization = Some(read_organization(record)?),
            }
        }
        let member = user
            .zip(organization)
            .map(|(user, organization)| Membership {
                user,
                organization,
                rules,
            });
        Ok(member.filter(|member| member.user.organization == member.organization.id))
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        self.one(key(user_pk(id), USER), read_user).await
    }

    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, StoreError> {
        self.one(key(organization_pk(id), ORGANIZATION), read_organization)
            .await
    }

    async fn addresses(&self, organization: &OrganizationId) -> Result<Vec<Address>, StoreError> {
        let asked = Asked::beginning(organization_pk(organization), ADDRESSES);
        let records = query_all(&self.client, &self.table, asked).await?;
        records
            .iter()
            .filter(|record| !is_gone(record))
            .map(read_address)
            .collect()
    }

    async fn address(
        &self,
        organization: &OrganizationId,
        id: &AddressId,
    ) -> Result<Option<Address>, StoreError> {
        self.one(
            key(organization_pk(organization), address_sk(id)),
            read_address,
        )
        .await
    }
}

impl MembersTable {
    async fn one<T>(
        &self,
        key: Attributes,
        read: impl Fn(&Attributes) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let record = get(&self.client, &self.table, key).await?;
        record
            .as_ref()
            .filter(|record| !is_gone(record))
            .map(read)
            .transpose()
    }
}
