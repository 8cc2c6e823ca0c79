//! The template as a tree of values that keeps the short forms of CloudFormation (`!Ref`, `!Sub`,
//! …).

use saphyr::{LoadableYamlNode, Scalar, Yaml};

use super::TemplateError;

/// One value of the template.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text; also a number with a fraction, which no property that we read has.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(String, Node)>),
    /// A short form: its name without the exclamation mark, and what it is applied to.
    Tagged(String, Box<Node>),
}

impl Node {
    /// Reads a YAML document.
    ///
    /// # Errors
    /// [`TemplateError::Yaml`] when it is none.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let documents =
            Yaml::load_from_str(source).map_err(|error| TemplateError::Yaml(error.to_string()))?;
        documents
            .first()
            .ok_or_else(|| TemplateError::Yaml("it is empty".to_owned()))
            .and_then(convert)
    }

    /// The value under `key`, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// The value at the end of `path`.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a sequence; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if this is a whole number.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }
}

fn convert(yaml: &Yaml<'_>) -> Result<Node, TemplateError> {
    Ok(match yaml {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Node::Null,
            Scalar::Boolean(value) => Node::Bool(*value),
            Scalar::Integer(value) => Node::Int(*value),
            Scalar::FloatingPoint(value) => Node::Text(value.to_string()),
            Scalar::String(value) => Node::Text(value.to_string()),
        },
        Yaml::Sequence(items) => Node::List(items.iter().map(convert).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| match convert(key)? {
                Node::Text(key) => Ok((key, convert(value)?)),
                other => Err(TemplateError::Yaml(format!("{other:?} is not a key"))),
            });
            Node::Map(entries.collect::<Result<_, _>>()?)
        }
        Yaml::Tagged(tag, node) => Node::Tagged(tag.suffix.clone(), Box::new(convert(node)?)),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            return Err(TemplateError::Yaml(format!("{yaml:?} is not understood")));
        }
    })
}
