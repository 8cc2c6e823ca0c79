//! Reads `template.yaml`, the single source of what the system consists of.
//!
//! Whatever the local stack creates, routes or pumps comes out of here, so a resource that is
//! missing in the template is missing on the developer's machine as well, and is noticed there.

mod function;
mod node;
mod policy;
mod resolve;

pub use function::{BucketSource, Function, QueueSource, Route, Schedule};
pub use node::Node;

use std::collections::BTreeMap;

use resolve::Resolver;
use serde_json::{Map, Value, json};

/// The template of this very source tree.
pub const SOURCE: &str = include_str!("../../../../template.yaml");

/// The template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not YAML.
    #[error("template.yaml cannot be read: {0}")]
    Yaml(String),
    /// It names something that nothing here stands for.
    #[error("template.yaml names what is not known: {0}")]
    Unknown(String),
    /// A resource lacks a property.
    #[error("template.yaml: {resource} has no usable {property}")]
    Missing {
        /// The logical name of the resource.
        resource: String,
        /// The property.
        property: String,
    },
    /// A parameter has neither a value nor a default.
    #[error("template.yaml: the parameter {0} has no value")]
    Parameter(String),
}

/// What a deployment would be asked for.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// Values of parameters; the others keep their default.
    pub parameters: BTreeMap<String, String>,
    /// Values of secrets by `<secret name>:<key>`.
    pub secrets: BTreeMap<String, String>,
    /// What queue URLs begin with.
    pub queue_base: String,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name, which is its logical name.
    pub name: String,
    /// The body of the `CreateTable` request that makes it.
    pub definition: Value,
    /// The attribute that holds the time at which an item goes.
    pub ttl: Option<String>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name, which is its logical name.
    pub name: String,
    /// Its attributes as SQS takes them.
    pub attributes: BTreeMap<String, String>,
}

/// The system, worked out for one deployment.
#[derive(Debug, Clone)]
pub struct Template {
    /// The tables.
    pub tables: Vec<Table>,
    /// The queues; a queue comes after the one that takes its dead letters.
    pub queues: Vec<Queue>,
    /// The names of the buckets.
    pub buckets: Vec<String>,
    /// The functions.
    pub functions: Vec<Function>,
    /// The values of all parameters.
    pub parameters: BTreeMap<String, String>,
}

impl Template {
    /// Works out `source` for a deployment.
    ///
    /// # Errors
    /// [`TemplateError`], which names what is wrong.
    pub fn read(source: &str, deployment: &Deployment) -> Result<Self, TemplateError> {
        let root = Node::parse(source)?;
        let resources = root.get("Resources").unwrap_or(&Node::Null);
        let resolver = Resolver {
            resources,
            conditions: root.get("Conditions").unwrap_or(&Node::Null),
            parameters: parameters(&root, deployment)?,
            secrets: &deployment.secrets,
            queue_base: &deployment.queue_base,
        };
        let mut template = Self {
            tables: vec![],
            queues: vec![],
            buckets: vec![],
            functions: vec![],
            parameters: BTreeMap::new(),
        };
        for (name, resource) in resources.entries() {
            let properties = resource.get("Properties").unwrap_or(&Node::Null);
            match resource.get("Type").and_then(Node::text) {
                Some("AWS::DynamoDB::Table") => template
                    .tables
                    .push(table(name, &resolver.value(properties)?)?),
                Some("AWS::SQS::Queue") => template
                    .queues
                    .push(queue(name, &resolver.value(properties)?)),
                Some("AWS::S3::Bucket") => template.buckets.push(resolver.bucket(name)?),
                Some("AWS::Serverless::Function") => {
                    template.functions.push(function::read(
                        name,
                        properties,
                        root.at(&["Globals", "Function"]),
                        &resolver,
                    )?);
                }
                _ => {}
            }
        }
        template
            .queues
            .sort_by_key(|queue| queue.attributes.contains_key("RedrivePolicy"));
        template.parameters = resolver.parameters;
        Ok(template)
    }

    /// The function of the given name, such as `submit-worker`.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}

fn parameters(
    root: &Node,
    deployment: &Deployment,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let declared = root
        .get("Parameters")
        .map(Node::entries)
        .unwrap_or_default();
    if let Some(stray) = deployment
        .parameters
        .keys()
        .find(|name| !declared.iter().any(|(known, _)| known == *name))
    {
        return Err(TemplateError::Unknown(format!("the parameter {stray}")));
    }
    let values = declared.iter().map(|(name, declaration)| {
        let default = match declaration.get("Default") {
            Some(Node::Text(text)) => Some(text.clone()),
            Some(Node::Int(number)) => Some(number.to_string()),
            _ => None,
        };
        let value = deployment.parameters.get(name).cloned().or(default);
        Ok((
            name.clone(),
            value.ok_or_else(|| TemplateError::Parameter(name.clone()))?,
        ))
    });
    values.collect()
}

/// The properties of a table are named as in the request that creates it, but for what is set up by
/// other requests.
fn table(name: &str, properties: &Value) -> Result<Table, TemplateError> {
    const CREATED: [&str; 4] = [
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "BillingMode",
    ];
    let mut definition = Map::new();
    definition.insert("TableName".to_owned(), json!(name));
    for property in CREATED {
        if let Some(value) = properties.get(property) {
            definition.insert(property.to_owned(), value.clone());
        }
    }
    if !definition.contains_key("KeySchema") {
        return Err(TemplateError::Missing {
            resource: name.to_owned(),
            property: "KeySchema".to_owned(),
        });
    }
    let ttl = &properties["TimeToLiveSpecification"];
    let ttl = ttl["Enabled"]
        .as_bool()
        .unwrap_or_default()
        .then(|| ttl["AttributeName"].as_str())
        .flatten();
    Ok(Table {
        name: name.to_owned(),
        definition: Value::Object(definition),
        ttl: ttl.map(str::to_owned),
    })
}

fn queue(name: &str, properties: &Value) -> Queue {
    const ATTRIBUTES: [&str; 6] = [
        "VisibilityTimeout",
        "MessageRetentionPeriod",
        "DelaySeconds",
        "ReceiveMessageWaitTimeSeconds",
        "MaximumMessageSize",
        "RedrivePolicy",
    ];
    let attributes = ATTRIBUTES.iter().filter_map(|attribute| {
        let value = properties.get(attribute)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Some(((*attribute).to_owned(), text))
    });
    Queue {
        name: name.to_owned(),
        attributes: attributes.collect(),
    }
}
