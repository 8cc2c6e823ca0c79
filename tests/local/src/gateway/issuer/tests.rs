#![allow(clippy::unwrap_used)]

use super::*;

fn subject() -> Subject {
    Subject {
        user_id: "u".into(),
        organization_id: "o".into(),
        roles: vec!["buyer".into(), "org_admin".into()],
    }
}

#[test]
fn a_token_is_good_for_an_hour_and_for_its_issuer_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let issuer = Issuer::open("http://a", "shop", Some(&file)).unwrap();
    let now = Timestamp::from_seconds(1_700_000_000);
    let token = issuer.mint(&subject(), now).unwrap();
    let claims = issuer.verify(&token, now).unwrap();
    assert_eq!(claims["sub"], "u");
    assert_eq!(claims["roles"], json!(["buyer", "org_admin"]));
    assert!(
        issuer.verify(&token, now.plus_seconds(3600)).is_none(),
        "expired"
    );
    assert!(
        issuer.verify(&token[..token.len() - 4], now).is_none(),
        "damaged"
    );

    let again = Issuer::open("http://a", "shop", Some(&file)).unwrap();
    assert!(
        again.verify(&token, now).is_some(),
        "the key outlives the process"
    );
    let other = Issuer::open("http://a", "shop", None).unwrap();
    assert!(other.verify(&token, now).is_none(), "another key");
    let elsewhere = Issuer::open("http://b", "shop", Some(&file)).unwrap();
    assert!(elsewhere.verify(&token, now).is_none(), "another issuer");
}
