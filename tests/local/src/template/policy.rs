//! The policies of a function.

use serde_json::Value;

use super::resolve::Resolver;
use super::{Node, TemplateError};
use crate::edge::Statement;

/// Reads the statements under `Policies`. What is not understood is an error: a statement that was
/// passed over would allow less here than on AWS, or more.
pub(super) fn read(
    policies: &Node,
    resolver: &Resolver<'_>,
) -> Result<Vec<Statement>, TemplateError> {
    let mut found = Vec::new();
    for policy in policies.items() {
        let statements = policy.get("Statement").ok_or_else(|| unknown(policy))?;
        for statement in statements.items() {
            let allows = statement.get("Effect").and_then(Node::text) == Some("Allow");
            let (Some(action), Some(resource), true) =
                (statement.get("Action"), statement.get("Resource"), allows)
            else {
                return Err(unknown(statement));
            };
            found.push(Statement {
                actions: texts(resolver.value(action)?),
                resources: texts(resolver.value(resource)?),
                leading_keys: statement
                    .get("Condition")
                    .map(|condition| leading_keys(condition, resolver))
                    .transpose()?,
            });
        }
    }
    Ok(found)
}

fn leading_keys(condition: &Node, resolver: &Resolver<'_>) -> Result<Vec<String>, TemplateError> {
    let [(test, keys)] = condition.entries() else {
        return Err(unknown(condition));
    };
    let (true, [(name, values)]) = (test == "ForAllValues:StringEquals", keys.entries()) else {
        return Err(unknown(condition));
    };
    if name != "dynamodb:LeadingKeys" {
        return Err(unknown(condition));
    }
    Ok(texts(resolver.value(values)?))
}

/// One text or a list of them.
fn texts(value: Value) -> Vec<String> {
    let items = if let Value::Array(items) = value {
        items
    } else {
        vec![value]
    };
    items
        .iter()
        .filter_map(|item| Some(item.as_str()?.to_owned()))
        .collect()
}

fn unknown(node: &Node) -> TemplateError {
    TemplateError::Unknown(format!("the policy {node:?}"))
}
