use proptest::prelude::*;

use super::every_byte;

proptest! {
    #[test]
    fn every_byte_is_checked_at_every_position(length in 0_usize..70, odd in 0_usize..80) {
        let text: String = (0..length).map(|at| if at == odd { 'b' } else { 'a' }).collect();
        prop_assert_eq!(every_byte(&text, |byte| byte == b'a'), odd >= length);
    }
}
