//! Tokens that are accepted, and their issuers.

use super::*;

#[test]
fn a_token_of_the_server_proves_its_login() {
    let tokens = alone();
    let token = tokens.issue(&alice(), NOW);
    let month = 30 * 24 * 60 * 60;
    assert_eq!(
        tokens.verify(token.as_str(), NOW),
        Ok(Claims {
            subject: Subject::Own(AUTHOR),
            name: "Alice".into(),
            admin: false,
            login: LOGIN,
            issued_s: NOW,
            expires_s: NOW + month,
        })
    );
    assert!(tokens.verify(token.as_str(), NOW + month - 1).is_ok());
    assert_eq!(tokens.verify(token.as_str(), NOW + month), Err(Fault::Expired));
}

#[test]
fn a_token_of_the_server_has_the_claims_of_the_standard() {
    let token = alone().issue(&Login { name: "\"Zoë\"", ..alice() }, NOW);
    let parts: Vec<&str> = token.as_str().split('.').collect();
    let header: Value = jose::decode_json(parts[0]).unwrap();
    assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT" }));
    let payload: Value = jose::decode_json(parts[1]).unwrap();
    assert_eq!(
        payload,
        json!({
            "iss": "chinwag", "aud": "chinwag", "sub": "ab".repeat(16), "name": "\"Zoë\"",
            "iat": NOW, "exp": NOW + 30 * 24 * 60 * 60, "jti": "cd".repeat(16),
        })
    );
    assert_eq!(alone().verify(token.as_str(), NOW).unwrap().name, "\"Zoë\"");
}

#[test]
fn another_server_accepts_no_token_of_this_one() {
    let token = alone().issue(&alice(), NOW);
    let other = Tokens::new(&Limits::default(), &SigningKey::ephemeral([8; 32]), None);
    assert_eq!(other.verify(token.as_str(), NOW), Err(Fault::Signature));
}

#[test]
fn operator_tokens_and_logins_are_distinct() {
    let tokens = alone();
    let token = tokens.issue_operator_token(NOW);
    assert_eq!(tokens.verify_operator_token(token.as_str(), NOW + 59), Ok(()));
    assert_eq!(tokens.verify_operator_token(token.as_str(), NOW + 60), Err(Fault::Expired));
    assert_eq!(tokens.verify(token.as_str(), NOW), Err(Fault::Audience));
    let login = tokens.issue(&alice(), NOW);
    assert_eq!(tokens.verify_operator_token(login.as_str(), NOW), Err(Fault::Audience));
    let other = Tokens::new(&Limits::default(), &SigningKey::ephemeral([8; 32]), None);
    assert_eq!(other.verify_operator_token(token.as_str(), NOW), Err(Fault::Signature));
    // Nor can the identity provider make one.
    let claims = json!({ "iss": OWN_ISSUER, "aud": "chinwag-admin", "sub": "chinwag-admin" });
    let outside = Signer::ed25519().claiming(&claims);
    assert_eq!(beside(ED25519).verify_operator_token(&outside, NOW), Err(Fault::Header));
    let unsigned = format!("{}.", token.as_str().rsplit_once('.').unwrap().0);
    assert_eq!(tokens.verify_operator_token(&unsigned, NOW), Err(Fault::Signature));
}

#[test]
fn tokens_of_the_provider_verify_with_each_kind_of_key() {
    for (pem, signer) in [
        (ED25519, Signer::ed25519()),
        (P256, Signer::p256()),
        (RSA, Signer::rsa()),
        (include_str!("keys/rsa-pkcs1.pem"), Signer::rsa()),
    ] {
        let claims = beside(pem).verify(&signer.claiming(&json!({})), NOW).unwrap();
        assert_eq!(
            (claims.subject, claims.name.as_str(), claims.admin, claims.issued_s, claims.expires_s),
            // SHA-1 of "https://id.example\nu1", its first 16 bytes.
            (Subject::External { author: AUTHOR_OF_U1 }, "Alice", false, 0, NOW + 60 + 30)
        );
    }
}

const AUTHOR_OF_U1: [u8; 16] = [
    0x7A, 0x2A, 0x82, 0xCA, 0xBA, 0xC2, 0x08, 0xFB, 0x2B, 0x54, 0x70, 0xB9, 0x24, 0xF5, 0x5F, 0x58,
];

#[test]
fn tokens_of_the_server_verify_beside_those_of_the_provider() {
    let tokens = beside(ED25519);
    let token = tokens.issue(&alice(), NOW);
    assert_eq!(tokens.verify(token.as_str(), NOW).unwrap().subject, Subject::Own(AUTHOR));
}

#[test]
fn claims_of_the_provider_may_have_any_form_of_the_standard() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    for changes in [
        json!({ "aud": ["other", AUDIENCE] }),
        json!({ "exp": NOW as f64 + 60.9 }),
        json!({ "nbf": NOW, "iat": NOW }),
        json!({ "jti": 7, "name": "Alice", "extra": { "deep": [[[]]] } }),
    ] {
        let claims = tokens.verify(&signer.claiming(&changes), NOW);
        assert_eq!(claims.unwrap().expires_s, NOW + 60 + 30, "{changes}");
    }
    for header in [
        json!({ "alg": "EdDSA", "typ": "jwt" }),
        json!({ "alg": "EdDSA", "typ": "application/at+jwt" }),
        json!({ "alg": "Ed25519" }),
        json!({ "alg": "EdDSA", "kid": "whatever" }),
    ] {
        assert!(tokens.verify(&signer.token(&header, &claims()), NOW).is_ok(), "{header}");
    }
}

#[test]
fn the_clock_of_the_provider_may_be_off_by_the_leeway() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    let token = signer.claiming(&json!({ "exp": NOW, "nbf": NOW - 100 }));
    assert!(tokens.verify(&token, NOW + 29).is_ok());
    assert_eq!(tokens.verify(&token, NOW + 30), Err(Fault::Expired));
    assert!(tokens.verify(&token, NOW - 130).is_ok());
    assert_eq!(tokens.verify(&token, NOW - 131), Err(Fault::Early));
}

#[test]
fn a_subject_of_the_provider_has_the_first_name_given() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    for (changes, name) in [
        (json!({ "preferred_username": "al" }), "Alice"),
        (json!({ "name": null, "preferred_username": "al" }), "al"),
        (json!({ "name": " ", "preferred_username": "al" }), "al"),
        (json!({ "name": ["Alice"], "preferred_username": 7 }), "u1"),
        (json!({ "name": null }), "u1"),
    ] {
        let claims = tokens.verify(&signer.claiming(&changes), NOW).unwrap();
        assert_eq!(claims.name, name, "{changes}");
    }
}

#[test]
fn the_provider_makes_administrators_only_if_configured() {
    let signer = Signer::ed25519();
    let outside = IdentityProvider::from_pem(ED25519, Trust { admins: true, ..trust() }).unwrap();
    let trusting = Tokens::new(&Limits::default(), &SigningKey::ephemeral(SECRET), Some(outside));
    for (changes, admin) in [
        (json!({ "role": "admin" }), true),
        (json!({ "roles": ["user", "admin"] }), true),
        (json!({ "role": "Admin" }), false),
        (json!({ "role": ["admin"] }), false),
        (json!({ "roles": "admin" }), false),
        (json!({ "roles": [["admin"], { "admin": true }, "administrator"] }), false),
        (json!({ "admin": true }), false),
    ] {
        let token = signer.claiming(&changes);
        assert_eq!(trusting.verify(&token, NOW).unwrap().admin, admin, "{changes}");
        assert!(!beside(ED25519).verify(&token, NOW).unwrap().admin);
    }
    // Not even a token signed with the server's key can claim it.
    let own = Signer::Secret(SECRET.to_vec());
    let payload = json!({
        "iss": OWN_ISSUER, "aud": OWN_ISSUER, "sub": "ab".repeat(16), "jti": "cd".repeat(16),
        "exp": NOW + 1, "role": "admin",
    });
    let token = own.raw(OWN_HEADER_JSON, &payload.to_string());
    assert!(!trusting.verify(&token, NOW).unwrap().admin);
}

#[test]
fn the_login_of_a_provider_token_does_not_depend_on_its_signature() {
    let (tokens, signer) = (beside(P256), Signer::p256());
    // ECDSA signs the same text differently each time.
    let (first, again) = (signer.claiming(&json!({})), signer.claiming(&json!({})));
    assert_ne!(first, again);
    let login = |token: &str| tokens.verify(token, NOW).unwrap().login;
    assert_eq!(login(&first), login(&again));
    assert_ne!(login(&first), login(&signer.claiming(&json!({ "exp": NOW + 61 }))));
}

#[test]
fn subjects_of_the_provider_are_distinct() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    let subject =
        |sub: &str| tokens.verify(&signer.claiming(&json!({ "sub": sub })), NOW).unwrap().subject;
    assert_eq!(subject("u1"), Subject::External { author: AUTHOR_OF_U1 });
    assert_ne!(subject("u1"), subject("u2"));
    // The id of an account here is a plain text there.
    assert_ne!(subject(&"ab".repeat(16)), Subject::Own(AUTHOR));
}

#[test]
fn the_examples_of_the_standards_verify() {
    let check = |set: Value, token: &str| {
        let tokens = beside_set(&set);
        // A valid signature, but for another audience and by another issuer.
        assert_eq!(tokens.verify(token, NOW), Err(Fault::Malformed), "{token}");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = jose::decode(signature).unwrap();
        bytes[9] ^= 1;
        let forged = format!("{signed}.{}", jose::encode(&bytes));
        assert_eq!(tokens.verify(&forged, NOW), Err(Fault::Signature), "{forged}");
    };
    // RFC 7515 §A.2
    check(
        json!({ "keys": [{ "kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" }] }),
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    // RFC 7515 §A.3
    check(
        json!({ "keys": [{ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }] }),
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
    // RFC 8037 §A.4
    check(
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] }),
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
}

#[test]
fn debug_output_shows_no_secrets() {
    let (tokens, key) = (beside(ED25519), SigningKey::ephemeral(SECRET));
    let token = tokens.issue(&alice(), NOW);
    let password = Password::entered("correct horse".into(), &Limits::default()).unwrap();
    let shown = format!("{tokens:?} {token:?} {key:?} {password:?} {:?}", alice());
    assert!(shown.contains("Token(…) SigningKey(…) Password(…)"), "{shown}");
    let signature = token.as_str().rsplit('.').next().unwrap();
    for secret in ["7, 7", "0707", "horse", "eyJ", signature] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

pub(super) const OWN_HEADER_JSON: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
