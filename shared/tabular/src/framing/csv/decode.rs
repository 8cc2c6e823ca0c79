//! The text of fields that are not in their row as they are.

use crate::encoding::Encoding;
use crate::fields::{DecodedFields, RowFields, Span};

/// Takes quotes off fields, and copies those that need more than that.
pub(super) fn decode(
    quote: &[u8],
    raw: &[u8],
    encoding: Encoding,
    fields: &mut RowFields,
    decoded: &mut DecodedFields,
) {
    for (range, span) in &mut fields.spans {
        if *span == Span::Quoted {
            *range = (range.start + quote.len())..range.end.saturating_sub(quote.len());
            *span = Span::Plain;
        }
        let field = raw.get(range.clone()).unwrap_or_default();
        if *span != Span::Escaped && !decoded.all {
            continue;
        }
        let start = decoded.bytes.len();
        if *span == Span::Escaped {
            unquote(field, quote, &mut decoded.bytes);
        } else {
            decoded.bytes.extend_from_slice(field);
        }
        if decoded.all {
            let text = encoding
                .text(decoded.bytes.get(start..).unwrap_or_default())
                .into_owned();
            decoded.bytes.truncate(start);
            decoded.bytes.extend_from_slice(&text);
        }
        *range = start..decoded.bytes.len();
        *span = Span::Decoded;
    }
}

/// Appends the content of a field that has quotes in it or around it.
fn unquote(field: &[u8], quote: &[u8], into: &mut Vec<u8>) {
    let mut rest = field.strip_prefix(quote).unwrap_or(field);
    while let Some(at) = memchr::memmem::find(rest, quote) {
        let (before, after) = rest.split_at(at);
        into.extend_from_slice(before);
        let after = after.get(quote.len()..).unwrap_or_default();
        match after.strip_prefix(quote) {
            Some(after) => {
                into.extend_from_slice(quote);
                rest = after;
            }
            None => {
                rest = after;
                break;
            }
        }
    }
    into.extend_from_slice(rest);
}
