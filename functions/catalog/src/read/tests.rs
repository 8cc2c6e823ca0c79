use super::*;

fn tags(header: &str) -> Vec<String> {
    parse(header).iter().map(ToString::to_string).collect()
}

#[test]
fn languages_are_ranked_by_weight_and_regions_fall_back() {
    assert_eq!(
        tags("en;q=0.5, de-CH, fr;q=0.85"),
        ["de-ch", "de", "fr", "en"]
    );
    assert_eq!(tags("zh-Hant-TW"), ["zh-hant-tw", "zh-hant", "zh"]);
}

#[test]
fn what_is_not_wanted_or_not_readable_is_left_out() {
    assert_eq!(tags("*, en;q=0, fr;q=x, ,de"), ["de"]);
    assert!(tags("").is_empty());
}
