//! What the text of a foreign field means in ours.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Why a text means nothing: a stable code, and words for people.
pub(in crate::load) type Meaningless = (&'static str, &'static str);

/// How the text of a field becomes ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::load) struct Rule {
    /// What stands for a text that is empty, or is not in `values`.
    pub default: Option<String>,
    /// What each text means.
    pub values: Option<BTreeMap<String, String>>,
    /// Texts that mean no value.
    pub nulls: Option<Vec<String>>,
    /// How a date is written.
    pub dates: Option<Dates>,
    /// How a number is written.
    pub numbers: Option<Numbers>,
}

impl Rule {
    /// Whether it leaves every text alone.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Makes a text ours.
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
                None => Err(("value", "is none of the values that the profile knows")),
            };
        }
        if let Some(dates) = &self.dates {
            return dates
                .ours(text)
                .map(Cow::Owned)
                .ok_or(("date", "is no date in the form that the profile says"));
        }
        match self.numbers {
            Some(numbers) => numbers
                .ours(text)
                .map(Cow::Owned)
                .ok_or(("number", "is no number in the form that the profile says")),
            None => Ok(Cow::Borrowed(text)),
        }
    }
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) struct Numbers {
    /// Between whole and part.
    pub decimal: char,
    /// Between groups of digits.
    pub group: Option<char>,
}

impl Numbers {
    /// The number with a point, and nothing else but digits and a sign at its front.
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
    /// Digits, at least and at most so many.
    Digits(Part, usize, usize),
    Literal(char),
}

/// How dates and instants are written: `yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`, `fff`; `M`, `d` and
/// `H` take one digit or two; any other character that is no letter stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::load) struct Dates {
    tokens: Vec<Token>,
}

impl Dates {
    /// Reads a form; none when it is none, or lacks year, month or day.
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
