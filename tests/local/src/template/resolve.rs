//! Works out `!Ref`, `!Sub`, `!GetAtt`, `!Join` and secrets, as CloudFormation does on deployment.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Node, TemplateError};
use crate::edge::{ACCOUNT, REGION};

/// Knows what every name in the template stands for.
pub(super) struct Resolver<'a> {
    pub(super) resources: &'a Node,
    pub(super) conditions: &'a Node,
    pub(super) parameters: BTreeMap<String, String>,
    /// Values by `<secret name>:<key>`.
    pub(super) secrets: &'a BTreeMap<String, String>,
    /// What the queue URLs begin with.
    pub(super) queue_base: &'a str,
}

impl Resolver<'_> {
    /// The value of `node` with nothing left to work out.
    pub(super) fn value(&self, node: &Node) -> Result<Value, TemplateError> {
        Ok(match node {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::from(*value),
            Node::Int(value) => Value::from(*value),
            Node::Text(text) => Value::from(self.secret(text)?),
            Node::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<Result<_, _>>()?,
            ),
            Node::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), self.value(node)?)));
                Value::Object(entries.collect::<Result<Map<_, _>, TemplateError>>()?)
            }
            Node::Tagged(tag, node) => Value::from(self.tagged(tag, node)?),
        })
    }

    /// The name of the bucket that the template calls `name`.
    pub(super) fn bucket(&self, name: &str) -> Result<String, TemplateError> {
        self.reference(name)
    }

    /// The value of `node` as text, as a function's variables are.
    pub(super) fn text(&self, node: &Node) -> Result<String, TemplateError> {
        Ok(match self.value(node)? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    fn tagged(&self, tag: &str, node: &Node) -> Result<String, TemplateError> {
        match (tag, node) {
            ("Ref", Node::Text(name)) => self.reference(name),
            ("GetAtt", Node::Text(path)) => self.attribute(path),
            ("Sub", Node::Text(text)) => self.substitute(text, &Node::Null),
            ("Sub", Node::List(parts)) => match parts.as_slice() {
                [Node::Text(text), names] => self.substitute(text, names),
                _ => Err(TemplateError::Unknown(format!("!Sub {node:?}"))),
            },
            ("Join", Node::List(parts)) => match parts.as_slice() {
                [Node::Text(separator), Node::List(items)] => {
                    let items: Vec<_> = items
                        .iter()
                        .map(|item| self.text(item))
                        .collect::<Result<_, _>>()?;
                    Ok(items.join(separator))
                }
                _ => Err(TemplateError::Unknown(format!("!Join {node:?}"))),
            },
            ("If", Node::List(parts)) => match parts.as_slice() {
                [Node::Text(name), yes, no] => {
                    self.text(if self.condition(name)? { yes } else { no })
                }
                _ => Err(TemplateError::Unknown(format!("!If {node:?}"))),
            },
            _ => Err(TemplateError::Unknown(format!("!{tag} {node:?}"))),
        }
    }

    /// Whether the condition of the given name holds.
    fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        let node = self.conditions.get(name);
        self.holds(node.ok_or_else(|| TemplateError::Unknown(format!("the condition {name}")))?)
    }

    fn holds(&self, node: &Node) -> Result<bool, TemplateError> {
        if let Node::Tagged(tag, inner) = node {
            match (tag.as_str(), inner.items()) {
                ("Equals", [one, other]) => return Ok(self.value(one)? == self.value(other)?),
                ("Not", [inner]) => return Ok(!self.holds(inner)?),
                _ => {}
            }
        }
        Err(TemplateError::Unknown(format!("the condition {node:?}")))
    }

    fn reference(&self, name: &str) -> Result<String, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        Ok(match name {
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => "local".to_owned(),
            _ => match self.kind(name)? {
                "AWS::SQS::Queue" => format!("{}/{ACCOUNT}/{name}", self.queue_base),
                "AWS::S3::Bucket" => match self.resources.at(&[name, "Properties", "BucketName"]) {
                    Some(bucket) => self.text(bucket)?,
                    None => name.to_ascii_lowercase(),
                },
                // A table, a function, an API: the logical name is the physical one here.
                _ => name.to_owned(),
            },
        })
    }

    fn attribute(&self, path: &str) -> Result<String, TemplateError> {
        let (name, attribute) = path
            .split_once('.')
            .ok_or_else(|| TemplateError::Unknown(format!("!GetAtt {path}")))?;
        let kind = self.kind(name)?;
        Ok(match (kind, attribute) {
            ("AWS::SSM::Parameter", "Value") => {
                let value = self.resources.at(&[name, "Properties", "Value"]);
                self.text(value.ok_or_else(|| TemplateError::Unknown(format!("!GetAtt {path}")))?)?
            }
            ("AWS::SQS::Queue", "QueueName") => name.to_owned(),
            ("AWS::SQS::Queue", "Arn") => format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
            ("AWS::DynamoDB::Table", "Arn") => {
                format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
            }
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{}", self.reference(name)?),
            ("AWS::Logs::LogGroup", "Arn") => {
                format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*")
            }
            ("AWS::Serverless::Function", "Arn") => {
                format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
            }
            _ => return Err(TemplateError::Unknown(format!("!GetAtt {path}"))),
        })
    }

    fn substitute(&self, text: &str, names: &Node) -> Result<String, TemplateError> {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::Unknown(format!("!Sub {text}")))?;
            done.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                done.push_str(&format!("${{{literal}}}"));
            } else if let Some(node) = names.get(name) {
                done.push_str(&self.text(node)?);
            } else if name.contains('.') {
                done.push_str(&self.attribute(name)?);
            } else {
                done.push_str(&self.reference(name)?);
            }
            rest = after;
        }
        done.push_str(rest);
        self.secret(&done)
    }

    /// Replaces `{{resolve:secretsmanager:<name>:SecretString:<key>}}`, the one dynamic reference
    /// that we use.
    fn secret(&self, text: &str) -> Result<String, TemplateError> {
        let Some(inner) = text
            .strip_prefix("{{resolve:")
            .and_then(|rest| rest.strip_suffix("}}"))
        else {
            return Ok(text.to_owned());
        };
        let parts: Vec<_> = inner.split(':').collect();
        match parts.as_slice() {
            ["secretsmanager", name, "SecretString", key] => self
                .secrets
                .get(&format!("{name}:{key}"))
                .cloned()
                .ok_or_else(|| {
                    TemplateError::Unknown(format!("the secret {name} with the key {key}"))
                }),
            _ => Err(TemplateError::Unknown(text.to_owned())),
        }
    }

    fn kind(&self, name: &str) -> Result<&str, TemplateError> {
        self.resources
            .at(&[name, "Type"])
            .and_then(Node::text)
            .ok_or_else(|| TemplateError::Unknown(format!("the name {name}")))
    }
}
