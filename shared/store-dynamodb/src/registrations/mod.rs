//! Registrations, in the members table next to the members that they create.
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `registration#<registration id>` | `registration` | a registration |
//!
//! The attributes `inbox` and `createdAt` of a registration put it on the index `by-inbox`.
//!
//! A member that a registration made carries `registration` = its id until an export file writes
//! the member; from then on the member is the ERP's, and the registration no longer touches it.

mod profile;
mod record;
#[cfg(test)]
mod tests;
mod transact;

use app::ports::registrations::{NewRegistration, Registered, Registrations};
use app::ports::{Cursor, Page, StoreError};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use domain::ids::RegistrationId;
use domain::registration::{Applicant, Inbox, Registration, RegistrationStatus};
use domain::submission::Transition;

use crate::attribute::{get_instant, get_parsed, instant, key, text};
use crate::error::store_error;
use crate::idempotency::done_put;
use crate::members::record::{
    ORGANIZATION, USER, address_sk, organization_pk, user_pk, write_address, write_organization,
    write_user,
};
use crate::submissions::new_submission_items;
use crate::{attribute::Record, cursor};
use record::{
    BY_INBOX, REGISTRATION, inbox_text, read_registration, registration_pk, write_registration,
};
use transact::{Guard, Part, Transaction};

/// The tables that a registration is written to.
#[derive(Debug, Clone)]
pub struct RegistrationTables {
    /// Members and registrations.
    pub members: String,
    /// What is handed to the ERP.
    pub submissions: String,
    /// Idempotency records.
    pub idempotency: String,
}

/// Registrations in their tables.
#[derive(Debug, Clone)]
pub struct RegistrationsTable {
    client: Client,
    tables: RegistrationTables,
}

impl RegistrationsTable {
    /// The registrations in the given tables.
    #[must_use]
    pub fn new(sdk: &SdkConfig, tables: RegistrationTables) -> Self {
        Self {
            client: Client::new(sdk),
            tables,
        }
    }

    fn handed(
        &self,
        transaction: &mut Transaction,
        submissions: &[Transition],
    ) -> Result<(), StoreError> {
        for submission in submissions {
            for item in new_submission_items(&self.tables.submissions, submission)? {
                transaction.add(Part::Other, item);
            }
        }
        Ok(())
    }

    /// Puts the user, and the organization if it registers, as the registration says.
    fn members(
        &self,
        transaction: &mut Transaction,
        registration: &Registration,
        guard: Guard,
    ) -> Result<(), StoreError> {
        let table = &self.tables.members;
        let mark = |record: Record| record.with(REGISTRATION, text(registration.id.as_str()));
        let user = registration.user();
        let record = write_user(user, mark(Record::keyed(user_pk(&user.id), USER)));
        transaction.put(table, Part::User, record, guard, registration.id.as_str())?;
        if let Applicant::Organization(new) = &registration.applicant {
            let organization = &new.organization;
            let record = write_organization(
                organization,
                mark(Record::keyed(
                    organization_pk(&organization.id),
                    ORGANIZATION,
                )),
            );
            transaction.put(
                table,
                Part::Organization,
                record,
                guard,
                registration.id.as_str(),
            )?;
        }
        Ok(())
    }

    /// Puts the first addresses of an organization. They are written once: later its own people
    /// change them.
    fn addresses(
        &self,
        transaction: &mut Transaction,
        registration: &Registration,
    ) -> Result<(), StoreError> {
        let Applicant::Organization(new) = &registration.applicant else {
            return Ok(());
        };
        for address in &new.addresses {
            let record = Record::keyed(
                organization_pk(&address.organization),
                address_sk(&address.id),
            );
            transaction.put(
                &self.tables.members,
                Part::Other,
                write_address(address, record),
                Guard::New,
                "",
            )?;
        }
        Ok(())
    }
}

#[async_trait]
impl Registrations for RegistrationsTable {
    async fn register(&self, new: &NewRegistration<'_>) -> Result<Registered, StoreError> {
        let registration = new.registration;
        let mut transaction = Transaction::new();
        transaction.add(
            Part::Other,
            done_put(&self.tables.idempotency, new.completion)?,
        );
        transaction.put(
            &self.tables.members,
            Part::Other,
            write_registration(registration),
            Guard::New,
            "",
        )?;
        if !registration.taken {
            self.members(&mut transaction, registration, Guard::Free)?;
            self.addresses(&mut transaction, registration)?;
        }
        self.handed(&mut transaction, new.submissions)?;
        Ok(match transaction.commit(&self.client).await? {
            None => Registered::Done,
            Some(Part::User) => Registered::UserIdTaken,
            Some(Part::Organization | Part::Other) => Registered::Conflict,
        })
    }

    async fn registration(&self, id: &RegistrationId) -> Result<Option<Registration>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.tables.members)
            .set_key(Some(key(registration_pk(id), REGISTRATION)))
            // A decision follows from what is read, and may come right after the registration.
            .consistent_read(true);
        let answer = get
            .send()
            .await
            .map_err(|error| store_error("GetItem", error))?;
        answer.item.as_ref().map(read_registration).transpose()
    }

    async fn inbox(
        &self,
        inbox: &Inbox,
        status: RegistrationStatus,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Registration>, StoreError> {
        let inbox = inbox_text(inbox, status);
        let start = match cursor {
            None => None,
            Some(cursor) => {
                let [id, at] = cursor::decode(cursor)?;
                let id = RegistrationId::parse(&id).map_err(|_| StoreError::Cursor)?;
                let at = at.parse().map_err(|_| StoreError::Cursor)?;
                let mut start = key(registration_pk(&id), REGISTRATION);
                start.insert("inbox".to_owned(), text(&inbox));
                start.insert("createdAt".to_owned(), instant(at));
                Some(start)
            }
        };
        let query = self
            .client
            .query()
            .table_name(&self.tables.members)
            .index_name(BY_INBOX)
            .key_condition_expression("#inbox = :inbox")
            .expression_attribute_names("#inbox", "inbox")
            .expression_attribute_values(":inbox", text(inbox))
            .set_exclusive_start_key(start)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX).max(1));
        let answer = query
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let next = match answer.last_evaluated_key.filter(|key| !key.is_empty()) {
            None => None,
            Some(last) => {
                let id = get_parsed(&last, "pk", |pk| RegistrationId::parse(record::id_of(pk)))?;
                Some(cursor::encode(&[
                    id.as_str(),
                    &get_instant(&last, "createdAt")?.to_string(),
                ]))
            }
        };
        let items = answer
            .items
            .unwrap_or_default()
            .iter()
            .map(read_registration)
            .collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    async fn decide(
        &self,
        decided: &Registration,
        submissions: &[Transition],
    ) -> Result<Registered, StoreError> {
        let mut transaction = Transaction::new();
        let record = write_registration(decided);
        transaction.put(
            &self.tables.members,
            Part::Other,
            record,
            Guard::Pending,
            "",
        )?;
        let approved = decided.status == RegistrationStatus::Approved;
        if approved {
            self.members(&mut transaction, decided, Guard::Free)?;
            if decided.taken {
                // The user id is free by now, and nothing of this registration was written before.
                self.addresses(&mut transaction, decided)?;
            }
            self.handed(&mut transaction, submissions)?;
        } else if !decided.taken {
            self.members(&mut transaction, decided, Guard::Own)?;
        }
        loop {
            let refused = transaction.commit(&self.client).await?;
            match refused {
                None => return Ok(Registered::Done),
                Some(Part::Other) => return Ok(Registered::Conflict),
                Some(Part::User | Part::Organization) if approved => {
                    return Ok(Registered::UserIdTaken);
                }
                // An export file brought this member meanwhile: it is no longer the registration's
                // to reject.
                Some(part @ (Part::User | Part::Organization)) => transaction.remove(part),
            }
        }
    }
}
