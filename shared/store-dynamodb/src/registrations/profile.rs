//! What members change about themselves. Attributes are changed one by one: those that tell which
//! export file a record came from stay, or an older file would overwrite the change.

use app::ports::registrations::{ProfileChange, ProfileWriter};
use app::ports::{StoreError, Written};
use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::caller::Customer;
use domain::ids::OrganizationId;
use domain::member::{Address, OrderRules};

use crate::attribute::{Record, key, text};
use crate::error::store_error;
use crate::members::MembersTable;
use crate::members::record::{
    RULES, USER, address_sk, organization_pk, user_pk, write_address, write_rules,
};

/// The attributes of an address that may be missing.
const OPTIONAL: [&str; 2] = ["line2", "region"];

/// A text that is not stored when it is empty.
fn words(value: &str) -> Option<AttributeValue> {
    (!value.is_empty()).then(|| text(value))
}

/// An update that sets or removes each of the given attributes.
fn change(
    update: UpdateItemFluentBuilder,
    attributes: Vec<(String, Option<AttributeValue>)>,
) -> UpdateItemFluentBuilder {
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    let mut update = update;
    for (index, (name, value)) in attributes.into_iter().enumerate() {
        update = update.expression_attribute_names(format!("#a{index}"), name);
        match value {
            Some(value) => {
                set.push(format!("#a{index} = :a{index}"));
                update = update.expression_attribute_values(format!(":a{index}"), value);
            }
            None => remove.push(format!("#a{index}")),
        }
    }
    let mut expression = String::new();
    if !set.is_empty() {
        expression.push_str(&format!("SET {} ", set.join(", ")));
    }
    if !remove.is_empty() {
        expression.push_str(&format!("REMOVE {}", remove.join(", ")));
    }
    update.update_expression(expression.trim_end())
}

async fn send(update: UpdateItemFluentBuilder) -> Result<Written, StoreError> {
    match update.send().await {
        Ok(_) => Ok(Written::Done),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
        {
            Ok(Written::Conflict)
        }
        Err(error) => Err(store_error("UpdateItem", error)),
    }
}

#[async_trait]
impl ProfileWriter for MembersTable {
    async fn change_profile(
        &self,
        customer: &Customer,
        profile: &ProfileChange,
    ) -> Result<Written, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(user_pk(&customer.user), USER)))
            .condition_expression(
                "#organization = :organization AND #status = :active AND \
                attribute_not_exists(#gone)",
            )
            .expression_attribute_names("#organization", "organizationId")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#gone", "gone")
            .expression_attribute_values(":organization", text(customer.organization.as_str()))
            .expression_attribute_values(":active", text("active"));
        let attributes = vec![
            ("givenName".to_owned(), words(&profile.given_name)),
            ("familyName".to_owned(), words(&profile.family_name)),
            (
                "language".to_owned(),
                profile
                    .language
                    .as_ref()
                    .map(|language| text(language.as_str())),
            ),
        ];
        send(change(update, attributes)).await
    }

    async fn put_rules(
        &self,
        organization: &OrganizationId,
        rules: &OrderRules,
    ) -> Result<(), StoreError> {
        let record = write_rules(rules, Record::keyed(organization_pk(organization), RULES));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(record.into_attributes()));
        put.send()
            .await
            .map(|_| ())
            .map_err(|error| store_error("PutItem", error))
    }

    async fn add_address(&self, address: &Address) -> Result<Written, StoreError> {
        let record = Record::keyed(
            organization_pk(&address.organization),
            address_sk(&address.id),
        );
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(write_address(address, record).into_attributes()))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(Written::Conflict)
            }
            Err(error) => Err(store_error("PutItem", error)),
        }
    }

    async fn change_address(&self, address: &Address) -> Result<Written, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(
                organization_pk(&address.organization),
                address_sk(&address.id),
            )))
            .condition_expression(
                "#origin = :registered AND #status = :active AND attribute_not_exists(#gone)",
            )
            .expression_attribute_names("#origin", "origin")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#gone", "gone")
            .expression_attribute_values(":registered", text("registered"))
            .expression_attribute_values(":active", text("active"));
        let written = write_address(address, Record::empty()).into_attributes();
        let missing: Vec<_> = OPTIONAL
            .into_iter()
            .filter(|name| !written.contains_key(*name))
            .map(|name| (name.to_owned(), None))
            .collect();
        let attributes = written
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .chain(missing)
            .collect();
        send(change(update, attributes)).await
    }
}
