//! Records of one partition, and single ones.

use std::collections::HashMap;

use app::ports::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::attribute::{Attributes, text};
use crate::error::store_error;

/// Which records to bring.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pk: String,
    sk_prefix: Option<&'static str>,
    descending: bool,
    equal: Vec<(&'static str, String)>,
    current: bool,
}

impl Asked {
    /// All of a partition, ascending by sort key.
    pub(crate) fn all(pk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk_prefix: None,
            descending: false,
            equal: Vec::new(),
            current: false,
        }
    }

    /// Those of a partition whose sort key begins like this.
    pub(crate) fn beginning(pk: impl Into<String>, sk_prefix: &'static str) -> Self {
        Self {
            sk_prefix: Some(sk_prefix),
            ..Self::all(pk)
        }
    }

    /// The same, strongly consistent: for callers that decide by it what to write.
    #[must_use]
    pub(crate) fn current(self) -> Self {
        Self {
            current: true,
            ..self
        }
    }

    /// The same, descending by sort key.
    #[must_use]
    pub(crate) fn descending(self) -> Self {
        Self {
            descending: true,
            ..self
        }
    }

    /// Only those whose attribute has this text. They are read all the same, and left out
    /// afterwards.
    #[must_use]
    pub(crate) fn equal(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.equal.push((name, value.into()));
        self
    }
}

/// Reads one record.
pub(crate) async fn get(
    client: &Client,
    table: &str,
    key: Attributes,
) -> Result<Option<Attributes>, StoreError> {
    let answer = client
        .get_item()
        .table_name(table)
        .set_key(Some(key))
        .send()
        .await;
    Ok(answer.map_err(|error| store_error("GetItem", error))?.item)
}

/// Reads one record, strongly consistent: for callers that decide by it what to write.
pub(crate) async fn get_current(
    client: &Client,
    table: &str,
    key: Attributes,
) -> Result<Option<Attributes>, StoreError> {
    let answer = client
        .get_item()
        .table_name(table)
        .set_key(Some(key))
        .consistent_read(true)
        .send()
        .await;
    Ok(answer.map_err(|error| store_error("GetItem", error))?.item)
}

/// One call: the records, and the key to go on after if there may be more.
pub(crate) async fn query_page(
    client: &Client,
    table: &str,
    asked: Asked,
    limit: usize,
    start: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX).max(1);
    call(client, table, &asked, Some(limit), start).await
}

/// All records, in as many calls as it takes.
pub(crate) async fn query_all(
    client: &Client,
    table: &str,
    asked: Asked,
) -> Result<Vec<Attributes>, StoreError> {
    let mut all = Vec::new();
    let mut start = None;
    loop {
        let (mut records, more) = call(client, table, &asked, None, start).await?;
        all.append(&mut records);
        if more.is_none() {
            return Ok(all);
        }
        start = more;
    }
}

/// The same, strongly consistent: for callers that decide by it what to write.
pub(crate) async fn query_all_current(
    client: &Client,
    table: &str,
    asked: Asked,
) -> Result<Vec<Attributes>, StoreError> {
    query_all(client, table, asked.current()).await
}

/// One call: records of the whole table whose keys begin like this, and the key to go on after if
/// there may be more. At most `limit` records are looked at, and fewer brought.
pub(crate) async fn scan_page(
    client: &Client,
    table: &str,
    (pk, sk): (&str, &str),
    limit: usize,
    start: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
    let scan = client
        .scan()
        .table_name(table)
        // What was written just before must not be overlooked.
        .consistent_read(true)
        .filter_expression("begins_with(#pk, :pk) AND begins_with(#sk, :sk)")
        .expression_attribute_names("#pk", "pk")
        .expression_attribute_names("#sk", "sk")
        .expression_attribute_values(":pk", text(pk))
        .expression_attribute_values(":sk", text(sk))
        .limit(i32::try_from(limit).unwrap_or(i32::MAX).max(1))
        .set_exclusive_start_key(start);
    let answer = scan
        .send()
        .await
        .map_err(|error| store_error("Scan", error))?;
    Ok((
        answer.items.unwrap_or_default(),
        answer.last_evaluated_key.filter(|key| !key.is_empty()),
    ))
}

async fn call(
    client: &Client,
    table: &str,
    asked: &Asked,
    limit: Option<i32>,
    start: Option<Attributes>,
) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
    let mut names = HashMap::from([("#pk".to_owned(), "pk".to_owned())]);
    let mut values: HashMap<String, AttributeValue> =
        HashMap::from([(":pk".to_owned(), text(&asked.pk))]);
    let mut condition = "#pk = :pk".to_owned();
    if let Some(prefix) = asked.sk_prefix {
        names.insert("#sk".to_owned(), "sk".to_owned());
        values.insert(":sk".to_owned(), text(prefix));
        condition.push_str(" AND begins_with(#sk, :sk)");
    }
    let mut filters = Vec::new();
    for (index, (name, value)) in asked.equal.iter().enumerate() {
        names.insert(format!("#{index}"), (*name).to_owned());
        values.insert(format!(":{index}"), text(value));
        filters.push(format!("#{index} = :{index}"));
    }
    let query = client
        .query()
        .table_name(table)
        .key_condition_expression(condition)
        .set_filter_expression((!filters.is_empty()).then(|| filters.join(" AND ")))
        .set_expression_attribute_names(Some(names))
        .set_expression_attribute_values(Some(values))
        .scan_index_forward(!asked.descending)
        .consistent_read(asked.current)
        .set_limit(limit)
        .set_exclusive_start_key(start);
    let answer = query
        .send()
        .await
        .map_err(|error| store_error("Query", error))?;
    Ok((
        answer.items.unwrap_or_default(),
        answer.last_evaluated_key.filter(|key| !key.is_empty()),
    ))
}
