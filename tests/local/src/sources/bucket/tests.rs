use super::*;

#[test]
fn a_key_is_encoded_as_in_a_form() {
    let encoded = utf8_percent_encode("incoming/items \u{fc}+a&b=1.csv", KEPT)
        .to_string()
        .replace(' ', "+");
    assert_eq!(encoded, "incoming/items+%C3%BC%2Ba%26b%3D1.csv");
}
