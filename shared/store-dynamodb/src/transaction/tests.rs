use super::*;

#[test]
fn a_condition_that_failed_weighs_more_than_what_passes() {
    assert_eq!(
        cancelled(["None", "TransactionConflict"].into_iter()),
        Cancelled::Passing
    );
    assert_eq!(
        cancelled(["TransactionConflict", "ConditionalCheckFailed"].into_iter()),
        Cancelled::Unmet(vec![1])
    );
    assert_eq!(
        cancelled(["None", "ValidationError"].into_iter()),
        Cancelled::Other("ValidationError".to_owned())
    );
}
