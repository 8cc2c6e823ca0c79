//! The separators of delimited text.

/// What separates fields and rows. No separator begins with another one, except that a row
/// terminator may begin with the delimiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Between two fields; at least one byte.
    pub delimiter: Vec<u8>,
    /// Around a field that contains separators. `None` if no field is quoted.
    pub quote: Option<Vec<u8>>,
    /// After a row. `None` if a row ends with its line: with LF, CR or CR LF.
    pub terminator: Option<Vec<u8>>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b",".to_vec(),
            quote: Some(b"\"".to_vec()),
            terminator: None,
        }
    }
}

/// The separator that begins at a byte.
pub(super) enum Token {
    /// The end of the row, and its length.
    Terminator(usize),
    /// The end of the field, and its length.
    Delimiter(usize),
    /// Not a separator.
    None,
    /// The input ends inside what may be a separator.
    Undecided,
}

/// Whether `bytes` begin with `token`. `None` if they are too short to say so.
#[inline]
pub(super) fn begins(bytes: &[u8], token: &[u8], ended: bool) -> Option<bool> {
    // Most tokens are one byte, and most bytes begin none.
    if let (Some(byte), [first, rest @ ..]) = (bytes.first(), token) {
        if byte != first {
            return Some(false);
        }
        if rest.is_empty() {
            return Some(true);
        }
    }
    if bytes.starts_with(token) {
        Some(true)
    } else if !ended && bytes.len() < token.len() && token.starts_with(bytes) {
        None
    } else {
        Some(false)
    }
}

impl Dialect {
    /// The delimiter and the quote, if each is one byte and a delimiter ends a field whatever
    /// follows it.
    pub(super) fn short(&self) -> Option<(u8, Option<u8>)> {
        let Dialect {
            delimiter,
            quote,
            terminator,
        } = self;
        let &[delimiter] = delimiter.as_slice() else {
            return None;
        };
        if terminator
            .as_ref()
            .is_some_and(|terminator| terminator.first() == Some(&delimiter))
        {
            return None;
        }
        match quote.as_deref() {
            None => Some((delimiter, None)),
            Some(&[quote]) => Some((delimiter, Some(quote))),
            Some(_) => None,
        }
    }

    /// The separator that begins at the start of `rest`.
    pub(super) fn token(&self, rest: &[u8], ended: bool) -> Token {
        match &self.terminator {
            None => match rest {
                [b'\n', ..] => return Token::Terminator(1),
                [b'\r', b'\n', ..] => return Token::Terminator(2),
                [b'\r'] if !ended => return Token::Undecided,
                [b'\r', ..] => return Token::Terminator(1),
                _ => {}
            },
            Some(terminator) => match begins(rest, terminator, ended) {
                Some(true) => return Token::Terminator(terminator.len()),
                Some(false) => {}
                None => return Token::Undecided,
            },
        }
        match begins(rest, &self.delimiter, ended) {
            Some(true) => Token::Delimiter(self.delimiter.len()),
            Some(false) => Token::None,
            None => Token::Undecided,
        }
    }
}
