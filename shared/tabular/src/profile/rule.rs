//! Rules that translate the text of a field from another layout.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Why a text has no meaning: a stable code, and a message that follows the name of the field.
pub type Meaningless = (&'static str, &'static str);

/// Translates the text of a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// The value of a text that is empty, or is not in `values`.
    pub default: Option<String>,
    /// What each text means.
    pub values: Option<BTreeMap<String, String>>,
    /// The texts that mean that there is no value.
    pub nulls: Option<Vec<String>>,
    /// How a date is written.
    pub dates: Option<Dates>,
    /// How a number is written.
    pub numbers: Option<Numbers>,
}

impl Rule {
    /// Returns whether the rule leaves every text unchanged.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Translates a text.
    ///
    /// # Errors
    /// [`Meaningless`] if the text has no meaning under this rule.
    pub fn apply<'a>(&'a self, text: &'a str) -> Result<Cow<'a, str>, Meaningless> {
        let is_null = self
            .nulls
            .as_ref()
            .is_some_and(|nulls| nulls.iter().any(|null| null == text));
        let text = if is_null { "" } else { text };
        if let Some(value) = self.values.as_ref().and_then(|values| values.get(text)) {
            return Ok(Cow::Borrowed(value));
        }
        if text.is_empty() || self.values.is_some() {
            return match &self.default {
                Some(default) => Ok(Cow::Borrowed(default)),
                None if text.is_empty() => Ok(Cow::Borrowed("")),
                None => Err(("value", "is not one of the values in the profile")),
            };
        }
        if let Some(dates) = &self.dates {
            return dates
                .ours(text)
                .map(Cow::Owned)
                .ok_or(("date", "is not a date in the form that the profile gives"));
        }
        match self.numbers {
            Some(numbers) => numbers.ours(text).map(Cow::Owned).ok_or((
                "number",
                "is not a number in the form that the profile gives",
            )),
            None => Ok(Cow::Borrowed(text)),
        }
    }
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Between whole and part.
    pub decimal: char,
    /// Between groups of digits.
    pub group: Option<char>,
}

impl Numbers {
    /// The number with a decimal point, digits, and perhaps a sign in front, and nothing else.
    fn ours(self, text: &str) -> Option<String> {
        let (sign, digits) = match text.strip_suffix('-').or_else(|| text.strip_prefix('-')) {
            Some(digits) => ("-", digits),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = match digits.split_once(self.decimal) {
            Some((whole, part)) => (whole, Some(part)),
            None => (digits, None),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let whole = match self.group {
            Some(group) if whole.contains(group) => {
                let groups: Vec<&str> = whole.split(group).collect();
                let complete = groups.iter().skip(1).all(|group| group.len() == 3);
                let begun = groups
                    .first()
                    .is_some_and(|first| (1..=3).contains(&first.len()));
                (complete && begun).then(|| groups.concat())?
            }
            _ => whole.to_owned(),
        };
        if !is_digits(&whole)
            || !part.is_none_or(is_digits)
            || whole.len() + part.map_or(0, str::len) == 0
        {
            return None;
        }
        let whole = if whole.is_empty() { "0" } else { &whole };
        Some(match part.filter(|part| !part.is_empty()) {
            Some(part) => format!("{sign}{whole}.{part}"),
            None => format!("{sign}{whole}"),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Milli,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Digits: at least and at most how many.
    Digits(Part, usize, usize),
    Literal(char),
}

/// How dates and instants are written: `yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`, `fff`; `M`, `d` and
/// `H` take one digit or two; any other character that is not a letter means itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dates {
    tokens: Vec<Token>,
}

impl Dates {
    /// Reads a form. `None` if it is not one, or lacks year, month or day.
    #[must_use]
    pub fn parse(form: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = form;
        while let Some(first) = rest.chars().next() {
            let length = rest.chars().take_while(|c| *c == first).count();
            let token = match (first, length) {
                ('y', 4) => Token::Digits(Part::Year, 4, 4),
                ('M', 1 | 2) => Token::Digits(Part::Month, length, 2),
                ('d', 1 | 2) => Token::Digits(Part::Day, length, 2),
                ('H', 1 | 2) => Token::Digits(Part::Hour, length, 2),
                ('m', 2) => Token::Digits(Part::Minute, 2, 2),
                ('s', 2) => Token::Digits(Part::Second, 2, 2),
                ('f', 3) => Token::Digits(Part::Milli, 3, 3),
                _ if first.is_alphanumeric() && first != 'T' && first != 'Z' => return None,
                _ => {
                    tokens.push(Token::Literal(first));
                    rest = rest.get(first.len_utf8()..)?;
                    continue;
                }
            };
            tokens.push(token);
            rest = rest.get(length..)?;
        }
        let count = |part| {
            tokens
                .iter()
                .filter(|token| matches!(token, Token::Digits(p, ..) if *p == part))
                .count()
        };
        let dated = [Part::Year, Part::Month, Part::Day].map(count) == [1; 3];
        let timed = [Part::Hour, Part::Minute, Part::Second, Part::Milli]
            .map(count)
            .iter()
            .all(|count| *count <= 1);
        (dated && timed).then_some(Self { tokens })
    }

    /// The date in our form, as an instant of UTC where the form has hours.
    fn ours(&self, text: &str) -> Option<String> {
        let mut values: [Option<&str>; 7] = [None; 7];
        let mut rest = text;
        for token in &self.tokens {
            match token {
                Token::Literal(literal) => rest = rest.strip_prefix(*literal)?,
                Token::Digits(part, least, most) => {
                    let count = rest
                        .bytes()
                        .take(*most)
                        .take_while(u8::is_ascii_digit)
                        .count();
                    if count < *least {
                        return None;
                    }
                    let (digits, after) = rest.split_at_checked(count)?;
                    *values.get_mut(*part as usize)? = Some(digits);
                    rest = after;
                }
            }
        }
        if !rest.is_empty() {
            return None;
        }
        let [year, month, day, hour, minute, second, milli] = values;
        let date = format!("{}-{:0>2}-{:0>2}", year?, month?, day?);
        let Some(hour) = hour else { return Some(date) };
        let [minute, second] = [minute, second].map(|part| part.unwrap_or("00"));
        let milli = milli.unwrap_or("000");
        Some(format!("{date}T{hour:0>2}:{minute}:{second}.{milli}Z"))
    }
}
