use super::*;

#[test]
fn clones_of_a_clock_show_the_same_time() {
    let clock = ManualClock::at(Timestamp::from_seconds(10));
    let other = clock.clone();
    clock.advance_seconds(5);
    clock.advance_millis(1);
    assert_eq!(other.now(), Timestamp::from_millis(15_001));
    other.set(Timestamp::from_seconds(1));
    assert_eq!(clock.now(), Timestamp::from_seconds(1));
}

#[test]
fn a_shifted_clock_goes_on_with_the_one_under_it() {
    let under = ManualClock::at(Timestamp::from_seconds(10));
    let clock = ShiftedClock::over(Arc::new(under.clone()));
    clock.advance_seconds(100);
    under.advance_seconds(1);
    assert_eq!(clock.clone().now(), Timestamp::from_seconds(111));
}
