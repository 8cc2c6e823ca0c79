use super::*;

const LIMITS: BreakerLimits = BreakerLimits {
    consecutive: 5,
    window: 10,
    open_ms: 5_000,
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn feed(breaker: &Breaker, ends: &str) {
    for end in ends.chars() {
        breaker.ended(end == 'x', at(0));
    }
}

#[test]
fn it_opens_after_five_failures_in_a_row_or_when_half_of_the_last_ten_failed() {
    for (ends, open) in [
        ("xxxx", false),
        ("xxxxx", true),
        ("xxxx.xxxx", false),
        ("x.x.x.x.x.", false),
        (".x.x.x.x.x", true),
        ("......xxxx", false),
        ("..........xxxx.x", true),
        ("xxxx......", false),
    ] {
        let breaker = Breaker::new(LIMITS);
        feed(&breaker, ends);
        assert_eq!(!breaker.allows(at(1)), open, "{ends}");
    }
}

#[test]
fn one_call_tries_when_the_time_is_over_and_decides_for_all() {
    let breaker = Breaker::new(LIMITS);
    feed(&breaker, "xxxxx");
    assert!(!breaker.allows(at(4_999)));
    assert!(breaker.allows(at(5_000)));
    assert!(!breaker.allows(at(5_001)), "another call is probing");
    breaker.ended(true, at(5_100));
    assert!(!breaker.allows(at(10_099)));
    assert!(breaker.allows(at(10_100)));
    breaker.ended(false, at(10_200));
    assert!(breaker.allows(at(10_201)) && breaker.allows(at(10_202)));
    feed(&breaker, "xxxx");
    assert!(
        breaker.allows(at(10_203)),
        "the failures from before are forgotten"
    );
}

#[test]
fn a_probe_that_never_ends_does_not_block_forever() {
    let breaker = Breaker::new(LIMITS);
    feed(&breaker, "xxxxx");
    assert!(breaker.allows(at(5_000)));
    assert!(!breaker.allows(at(9_999)));
    assert!(breaker.allows(at(10_000)));
}
