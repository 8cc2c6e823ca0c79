//! The fields of a row that is an XML element: its attributes and the elements in it.

use quick_xml::errors::IllFormedError;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Error, Reader};

use crate::error::FileError;
use crate::fields::{NamedFields, RowDefect};

/// How deep elements may be nested, the row's own included.
const DEPTH: usize = 8;

/// An element that is open.
struct Open {
    /// The length of the path without its own name.
    outer: usize,
    text: String,
    has_elements: bool,
}

/// Reads a row. An element in an element of the row is named `outer.inner`. A repeated element
/// becomes one value with semicolons. The inner result is the defect of the row alone.
///
/// # Errors
/// The tags do not match, so it is uncertain where rows begin and end.
pub(super) fn read(
    row: &str,
    into: &mut NamedFields<'_>,
) -> Result<Result<(), RowDefect>, FileError> {
    let mut reader = Reader::from_str(row);
    let mut path = String::new();
    let mut open: Vec<Open> = Vec::new();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            // Any other error leaves no doubt about where the row ends, and concerns it alone.
            Err(
                Error::IllFormed(
                    IllFormedError::MismatchedEndTag { .. }
                    | IllFormedError::UnmatchedEndTag(_)
                    | IllFormedError::MissingEndTag(_),
                )
                | Error::Syntax(_),
            ) => {
                return Err(FileError::new(
                    "xml_syntax",
                    "the file is not well-formed XML: the tags of a row do not match",
                ));
            }
            Err(_) => return Ok(Err(RowDefect::Xml("the row is not well-formed XML"))),
        };
        let read = match event {
            Event::Eof => return Ok(Ok(())),
            Event::Start(tag) => begin(&tag, &mut path, &mut open, into),
            Event::Empty(tag) => begin(&tag, &mut path, &mut open, into)
                .and_then(|()| end(&mut path, &mut open, into)),
            Event::End(_) => end(&mut path, &mut open, into),
            Event::Text(text) => add(&mut open, text.decode().ok().as_deref()),
            Event::CData(text) => add(&mut open, text.decode().ok().as_deref()),
            Event::GeneralRef(reference) => add(&mut open, meaning(&reference).as_deref()),
            Event::Comment(_) | Event::PI(_) => Ok(()),
            Event::Decl(_) | Event::DocType(_) => {
                Err(RowDefect::Xml("the row contains a declaration"))
            }
        };
        if let Err(flaw) = read {
            return Ok(Err(flaw));
        }
    }
}

fn begin(
    tag: &BytesStart<'_>,
    path: &mut String,
    open: &mut Vec<Open>,
    into: &mut NamedFields<'_>,
) -> Result<(), RowDefect> {
    if open.len() == DEPTH {
        return Err(RowDefect::Xml("elements are nested too deep"));
    }
    let outer = path.len();
    if let Some(parent) = open.last_mut() {
        parent.has_elements = true;
        extend(path, tag.name().as_ref());
    }
    open.push(Open {
        outer,
        text: String::new(),
        has_elements: false,
    });
    for attribute in tag.attributes() {
        let attribute = attribute
            .map_err(|_| RowDefect::Xml("an attribute is not well-formed, or occurs twice"))?;
        let name = attribute.key.as_ref();
        if name == b"xmlns"
            || [&b"xmlns:"[..], b"xml:", b"xsi:"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        {
            continue;
        }
        let value = std::str::from_utf8(&attribute.value).unwrap_or_default();
        let value =
            quick_xml::escape::unescape(value).map_err(|_| RowDefect::Xml(UNKNOWN_ENTITY))?;
        let element = path.len();
        extend(path, name);
        into.join(path, &value)?;
        path.truncate(element);
    }
    Ok(())
}

fn extend(path: &mut String, name: &[u8]) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(&String::from_utf8_lossy(name));
}

fn end(
    path: &mut String,
    open: &mut Vec<Open>,
    into: &mut NamedFields<'_>,
) -> Result<(), RowDefect> {
    let Some(element) = open.pop() else {
        return Ok(());
    };
    let text = element.text.trim();
    if open.is_empty() {
        return if text.is_empty() {
            Ok(())
        } else {
            Err(RowDefect::Xml("the row contains text outside its elements"))
        };
    }
    if !element.has_elements || !text.is_empty() {
        into.join(path, text)?;
    }
    path.truncate(element.outer);
    Ok(())
}

const UNKNOWN_ENTITY: &str = "an entity is not one of XML's own";

fn add(open: &mut [Open], text: Option<&str>) -> Result<(), RowDefect> {
    let text = text.ok_or(RowDefect::Xml(UNKNOWN_ENTITY))?;
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
    Ok(())
}

/// The text that a reference means.
fn meaning(reference: &BytesRef<'_>) -> Option<String> {
    if let Ok(Some(char)) = reference.resolve_char_ref() {
        return Some(char.to_string());
    }
    let name = reference.decode().ok()?;
    quick_xml::escape::resolve_xml_entity(&name).map(str::to_owned)
}
