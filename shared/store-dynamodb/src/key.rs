//! Keys of several parts.

use domain::text::every_byte;

/// One text of several parts. `#` inside a part is escaped, so that no two lists of parts make the
/// same text.
pub(crate) fn joined(parts: &[&str]) -> String {
    let mut key = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            key.push('#');
        }
        if every_byte(part, |byte| (byte != b'#') & (byte != b'%')) {
            key.push_str(part);
            continue;
        }
        for c in part.chars() {
            match c {
                '#' => key.push_str("%23"),
                '%' => key.push_str("%25"),
                c => key.push(c),
            }
        }
    }
    key
}
