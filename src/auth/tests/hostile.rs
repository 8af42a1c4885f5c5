//! Tokens that must be refused.

use super::tokens::OWN_HEADER_JSON;
use super::*;

/// Returns valid claims of a token of the server.
fn own_claims() -> Value {
    json!({
        "iss": OWN_ISSUER, "aud": OWN_ISSUER, "sub": "ab".repeat(16), "name": "Alice",
        "iat": NOW, "exp": NOW + 60, "jti": "cd".repeat(16),
    })
}

fn refused(tokens: &Tokens, token: &str, fault: Fault, what: &str) {
    assert_eq!(tokens.verify(token, NOW), Err(fault), "{what}: {token}");
}

#[test]
fn an_unsigned_token_is_refused() {
    let signer = Signer::ed25519();
    for alg in ["none", "None", "nOnE", "NONE", "", "HS256 ", "hs256", "HS512", "PS256", "dir"] {
        for tokens in [alone(), beside(ED25519), beside(RSA)] {
            let header = json!({ "alg": alg, "typ": "JWT" });
            let token = signer.token(&header, &claims());
            let (signed, _) = token.rsplit_once('.').unwrap();
            refused(&tokens, &format!("{signed}."), Fault::Header, alg);
            refused(&tokens, &token, Fault::Header, alg);
        }
    }
    // The server's header, or one that matches the key, without a signature.
    let own = alone().issue(&alice(), NOW);
    let outside = signer.claiming(&json!({}));
    for token in [own.as_str(), &outside] {
        let (signed, _) = token.rsplit_once('.').unwrap();
        refused(&beside(ED25519), &format!("{signed}."), Fault::Signature, "no signature");
    }
}

#[test]
fn a_public_key_is_not_used_as_a_secret() {
    for pem in [ED25519, P256, RSA] {
        let tokens = beside(pem);
        for secret in [pem.as_bytes(), pem.trim_end().as_bytes(), &der(pem), b""] {
            let forger = Signer::Secret(secret.to_vec());
            let token = forger.raw(OWN_HEADER_JSON, &own_claims().to_string());
            refused(&tokens, &token, Fault::Signature, "the server's own header");
            let token = forger.token(&json!({ "alg": "HS256" }), &claims());
            refused(&tokens, &token, Fault::Header, "another header");
        }
    }
}

#[test]
fn a_key_has_one_algorithm() {
    let kinds = [(ED25519, Signer::ed25519()), (P256, Signer::p256()), (RSA, Signer::rsa())];
    for (pem, signer) in &kinds {
        let tokens = beside(pem);
        for alg in
            ["EdDSA", "ES256", "RS256", "RS384", "RS512", "PS256", "ES384", "ES256K", "HS256"]
        {
            if alg != signer.alg() {
                let token = signer.token(&json!({ "alg": alg }), &claims());
                refused(&tokens, &token, Fault::Header, alg);
            }
        }
        for (_, other) in kinds.iter().filter(|(other, _)| other != pem) {
            let token = other.token(&json!({ "alg": signer.alg() }), &claims());
            refused(&tokens, &token, Fault::Signature, signer.alg());
        }
    }
}

#[test]
fn an_issuer_cannot_speak_for_another() {
    let tokens = beside(ED25519);
    let (outside, own) = (Signer::ed25519(), Signer::Secret(SECRET.to_vec()));
    // The identity provider for the server, and the other way round.
    let token = outside.token(&json!({ "alg": "EdDSA" }), &own_claims());
    refused(&tokens, &token, Fault::Issuer, "outside for the server");
    refused(&tokens, &own.raw(OWN_HEADER_JSON, &claims().to_string()), Fault::Issuer, "own");
    // The identity provider with the server's header.
    let token = outside.raw(OWN_HEADER_JSON, &own_claims().to_string());
    refused(&tokens, &token, Fault::Signature, "own header, signed outside");
    // The server's key with another header.
    let token = own.token(&json!({ "alg": "HS256", "kid": "k1" }), &own_claims());
    refused(&tokens, &token, Fault::Header, "another spelling of the header");
    for (iss, aud) in [(ISSUER, OWN_ISSUER), (OWN_ISSUER, AUDIENCE)] {
        let changes = json!({ "iss": iss, "aud": aud });
        let token = own.raw(OWN_HEADER_JSON, &with(own_claims(), &changes).to_string());
        assert!(tokens.verify(&token, NOW).is_err(), "{changes}");
    }
}

#[test]
fn an_unknown_key_is_refused() {
    let tokens = beside(ED25519);
    refused(&tokens, &Signer::stranger().claiming(&json!({})), Fault::Signature, "a stranger");
    refused(&alone(), &Signer::ed25519().claiming(&json!({})), Fault::Header, "nobody is trusted");
}

#[test]
fn a_key_in_the_header_is_ignored() {
    let tokens = beside(ED25519);
    let Signer::Ed25519(pair) = Signer::stranger() else { unreachable!() };
    let x = jose::encode(ring::signature::KeyPair::public_key(&pair).as_ref());
    for header in [
        json!({ "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": x } }),
        json!({ "alg": "EdDSA", "jku": "https://evil.example/jwks.json" }),
        json!({ "alg": "EdDSA", "x5u": "https://evil.example/c.pem", "x5c": ["MIIB"] }),
        json!({ "alg": "EdDSA", "kid": "../../dev/null" }),
        json!({ "alg": "EdDSA", "kid": "' OR 1=1 --" }),
    ] {
        let token = Signer::stranger().token(&header, &claims());
        refused(&tokens, &token, Fault::Signature, "a key of its own");
        // It does no harm, either.
        assert!(tokens.verify(&Signer::ed25519().token(&header, &claims()), NOW).is_ok());
    }
}

#[test]
fn other_types_of_tokens_are_refused() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    for extra in [
        json!({ "crit": ["exp"] }),
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "crit": [] }),
        json!({ "cty": "JWT" }),
        json!({ "enc": "A128GCM" }),
        json!({ "zip": "DEF" }),
        json!({ "typ": "dpop+jwt" }),
        json!({ "typ": "logout+jwt" }),
        json!({ "typ": "application/secevent+jwt" }),
        json!({ "typ": "" }),
    ] {
        let header = with(json!({ "alg": "EdDSA" }), &extra);
        refused(&tokens, &signer.token(&header, &claims()), Fault::Header, "more");
    }
    let null = signer.raw(r#"{"alg":"EdDSA","crit":null}"#, &claims().to_string());
    refused(&tokens, &null, Fault::Header, "crit null");
}

#[test]
fn malformed_tokens_are_refused() {
    let (tokens, good) = (beside(ED25519), Signer::ed25519().claiming(&json!({})));
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { unreachable!() };
    assert!(tokens.verify(&good, NOW).is_ok());
    for token in [
        "",
        ".",
        "..",
        "...",
        "token",
        "\0",
        "é.ü.ß",
        "🙂.🙂.🙂",
        &format!("{header}.{payload}"),
        &format!("{good}.{signature}"),
        // JWE has five parts.
        &format!("{good}.{payload}.{signature}"),
        &format!(".{good}"),
        &format!("{good}."),
        &format!("{good}="),
        &format!(" {good}"),
        &format!("{good}\n"),
        &format!("{header}.{payload}.{}+/", &signature[2..]),
        &format!("{header}..{signature}"),
        &format!(".{payload}.{signature}"),
        // The JSON serialization, RFC 7515 §7.2.
        &format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
        "bnVsbA.bnVsbA.bnVsbA",
        &"a.".repeat(4000),
    ] {
        let fault = tokens.verify(token, NOW).unwrap_err();
        assert!(matches!(fault, Fault::Malformed | Fault::Signature), "{fault:?}: {token}");
    }
    let last = signature.chars().last().unwrap();
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let token = format!("{}{other}", &good[..good.len() - 1]);
        assert_eq!(tokens.verify(&token, NOW).is_ok(), other == last, "{other}");
    }
}

#[test]
fn a_malformed_header_is_refused_before_anything_is_computed() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    let deep = format!(r#"{{"alg":"EdDSA","kid":{}{}}}"#, "[".repeat(900), "]".repeat(900));
    for header in [
        "",
        "null",
        "7",
        "\"EdDSA\"",
        "{}",
        r#"["EdDSA",null,null]"#,
        r#"{"alg":null}"#,
        r#"{"alg":7}"#,
        r#"{"alg":["EdDSA"]}"#,
        r#"{"alg":"EdDSA","alg":"none"}"#,
        r#"{"alg":"EdDSA","kid":7}"#,
        r#"{"alg":"EdDSA"}{}"#,
        r#"{"alg":"EdDSA","#,
        "{'alg':'EdDSA'}",
        "\u{FEFF}{\"alg\":\"EdDSA\"}",
        &deep,
    ] {
        let token = signer.raw(header, &claims().to_string());
        refused(&tokens, &token, Fault::Malformed, header);
    }
}

#[test]
fn missing_and_invalid_claims_are_refused() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    let fault = |changes: Value, fault: Fault| {
        refused(&tokens, &signer.claiming(&changes), fault, &changes.to_string());
    };
    for claim in ["iss", "aud", "sub", "exp"] {
        fault(json!({ claim: null }), Fault::Malformed);
        fault(json!({ claim: true }), Fault::Malformed);
        fault(json!({ claim: { "a": 1 } }), Fault::Malformed);
    }
    fault(json!({ "sub": "" }), Fault::Malformed);
    fault(json!({ "sub": 1 }), Fault::Malformed);
    for iss in ["", "https://evil.example", "https://id.example/", "HTTPS://ID.EXAMPLE", OWN_ISSUER]
    {
        fault(json!({ "iss": iss }), Fault::Issuer);
    }
    fault(json!({ "iss": [ISSUER] }), Fault::Malformed);
    for aud in [json!(""), json!("other"), json!("chat2"), json!("Chat"), json!([]), json!(["x"])] {
        fault(json!({ "aud": aud }), Fault::Audience);
    }
    fault(json!({ "aud": [AUDIENCE, 7] }), Fault::Malformed);
    fault(json!({ "aud": [[AUDIENCE]] }), Fault::Malformed);
    for exp in [json!("1800000060"), json!(-1), json!(-1.5), json!(1e18), json!(u64::MAX)] {
        fault(json!({ "exp": exp }), Fault::Malformed);
    }
    fault(json!({ "exp": 253_402_300_800_u64 }), Fault::Malformed);
    fault(json!({ "exp": 0 }), Fault::Expired);
    fault(json!({ "exp": NOW - 30 }), Fault::Expired);
    fault(json!({ "exp": (NOW - 30) as f64 + 0.9 }), Fault::Expired);
    fault(json!({ "nbf": NOW + 31 }), Fault::Early);
    for nbf in [json!("0"), json!(-1), json!(u64::MAX), json!([0])] {
        fault(json!({ "nbf": nbf }), Fault::Malformed);
    }
}

#[test]
fn deep_nesting_does_no_harm() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
    let plain = r#"{"alg":"EdDSA"}"#;
    let header = format!(r#"{{"alg":"EdDSA","x":{deep}}}"#);
    assert!(tokens.verify(&signer.raw(&header, &claims().to_string()), NOW).is_ok());
    for (claim, fault) in
        [("x", None), ("name", Some(Fault::Malformed)), ("roles", Some(Fault::Malformed))]
    {
        let mut payload = claims().to_string().replace("name", "other");
        payload.insert_str(1, &format!("\"{claim}\":{deep},"));
        assert_eq!(tokens.verify(&signer.raw(plain, &payload), NOW).err(), fault, "{claim}");
    }
}

#[test]
fn a_payload_that_is_not_an_object_is_refused() {
    let (tokens, signer) = (beside(ED25519), Signer::ed25519());
    let (exp, rest) = (NOW + 60, r#""aud":"chat","sub":"u1""#);
    for payload in [
        String::new(),
        "null".into(),
        "[]".into(),
        // The fields in their order.
        format!(r#"["{ISSUER}","chat","u1",{exp},null,null,null,"A",null,null,null]"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":18446744073709551616}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":1e400}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":NaN}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":{exp},"exp":{exp}}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":{exp},"iss":"{ISSUER}"}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":{exp},"sub":"root"}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":{exp},"name":"\ud800"}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":{exp}}} {{}}"#),
        format!(r#"{{"iss":"{ISSUER}",{rest},"exp":{exp}"#),
    ] {
        refused(&tokens, &signer.raw(r#"{"alg":"EdDSA"}"#, &payload), Fault::Malformed, &payload);
    }
    let parts =
        format!("{}.{}", jose::encode(br#"{"alg":"EdDSA"}"#), jose::encode(b"{\"iss\":\"\xFF\"}"));
    let token = format!("{parts}.{}", jose::encode(&signer.sign(&parts)));
    refused(&tokens, &token, Fault::Malformed, "not UTF-8");
}

#[test]
fn a_token_of_the_server_has_all_its_claims() {
    let (tokens, own) = (alone(), Signer::Secret(SECRET.to_vec()));
    let verify = |changes: &Value| {
        let token = own.raw(OWN_HEADER_JSON, &with(own_claims(), changes).to_string());
        tokens.verify(&token, NOW).err()
    };
    assert_eq!(verify(&json!({})), None);
    for (changes, fault) in [
        (json!({ "jti": null }), Fault::Malformed),
        (json!({ "jti": 7 }), Fault::Malformed),
        (json!({ "jti": "CD".repeat(16) }), Fault::Malformed),
        (json!({ "sub": "Alice" }), Fault::Malformed),
        (json!({ "sub": format!("+{}", "a".repeat(31)) }), Fault::Malformed),
        (json!({ "sub": "a".repeat(33) }), Fault::Malformed),
        (json!({ "exp": null }), Fault::Malformed),
        // The server's own clock needs no leeway.
        (json!({ "exp": NOW }), Fault::Expired),
        (json!({ "nbf": NOW + 1 }), Fault::Early),
        (json!({ "aud": ["x"] }), Fault::Audience),
    ] {
        assert_eq!(verify(&changes), Some(fault), "{changes}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_harms(token in ".*", header in ".*", payload in ".*") {
        let tokens = beside(ED25519);
        proptest::prop_assert!(tokens.verify(&token, NOW).is_err());
        proptest::prop_assert!(tokens.verify(&Signer::ed25519().raw(&header, &payload), NOW).is_err());
        let token = Signer::ed25519().raw(r#"{"alg":"EdDSA"}"#, &payload);
        proptest::prop_assert_eq!(tokens.verify(&token, NOW), Err(Fault::Malformed));
    }

    #[test]
    fn no_key_harms(
        der in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        at in 0_usize..294,
        byte: u8,
        text in ".*",
    ) {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let mut rsa = super::der(RSA);
        rsa[at] = byte;
        for der in [der, rsa] {
            let body = engine.encode(der);
            for label in ["PUBLIC KEY", "RSA PUBLIC KEY"] {
                let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
                // A changed modulus may still be valid; then the signature is not.
                if let Ok(outside) = IdentityProvider::from_pem(&text, trust()) {
                    let tokens = Tokens::new(&Limits::default(), &SigningKey::ephemeral(SECRET), Some(outside));
                    let token = Signer::stranger().token(&json!({ "alg": "RS256" }), &claims());
                    proptest::prop_assert_eq!(tokens.verify(&token, NOW), Err(Fault::Signature));
                }
            }
        }
        proptest::prop_assert!(IdentityProvider::from_pem(&text, trust()).is_err());
        proptest::prop_assert!(IdentityProvider::from_jwks(&text, trust()).is_err());
    }
}

#[test]
fn a_changed_character_invalidates_a_token() {
    let tokens = beside(RSA);
    let own = tokens.issue(&alice(), NOW);
    for token in [own.as_str().to_owned(), Signer::rsa().claiming(&json!({}))] {
        assert!(tokens.verify(&token, NOW).is_ok());
        for at in (0..token.len()).step_by(7) {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(tokens.verify(&changed, NOW).is_err(), "at {at}: {changed}");
        }
    }
}

#[test]
fn a_token_that_is_too_long_is_not_read() {
    let signer = Signer::ed25519();
    let of = |length: usize| {
        let base = signer.claiming(&json!({ "pad": "" })).len();
        // Four letters are three bytes.
        signer.claiming(&json!({ "pad": "x".repeat((length - base) / 4 * 3) }))
    };
    let limits = Limits { token_bytes_max: 2000, ..Limits::default() };
    let outside = IdentityProvider::from_pem(ED25519, trust()).unwrap();
    let tokens = Tokens::new(&limits, &SigningKey::ephemeral(SECRET), Some(outside));
    assert!(tokens.verify(&of(1996), NOW).is_ok());
    assert_eq!(tokens.verify(&of(2008), NOW), Err(Fault::TooLong));
    assert_eq!(beside(ED25519).verify(&".".repeat(1_000_000), NOW), Err(Fault::TooLong));
}

#[test]
fn the_sender_of_a_forged_token_learns_nothing() {
    let refused = "token is not accepted; log in again";
    for fault in [
        Fault::TooLong,
        Fault::Malformed,
        Fault::Header,
        Fault::Signature,
        Fault::Issuer,
        Fault::Audience,
    ] {
        assert_eq!(fault.reason(), refused);
    }
    // Not even that the token would have expired.
    let token = Signer::stranger().claiming(&json!({ "exp": 1 }));
    assert_eq!(beside(ED25519).verify(&token, NOW), Err(Fault::Signature));
}
