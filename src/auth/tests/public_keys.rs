//! Files with the public keys of the identity provider.

use super::*;

fn jwk(pem: &str, kid: Option<&str>) -> Value {
    let der = der(pem);
    let word = |bytes: &[u8]| jose::encode(bytes);
    let mut jwk = match der.len() {
        44 => json!({ "kty": "OKP", "crv": "Ed25519", "x": word(&der[12..]) }),
        91 => {
            json!({ "kty": "EC", "crv": "P-256", "x": word(&der[27..59]), "y": word(&der[59..]) })
        }
        // 2048 bits: the modulus stands before the exponent, which takes five bytes with its head.
        len => json!({ "kty": "RSA", "n": word(&der[len - 261..len - 5]), "e": "AQAB" }),
    };
    if let Some(kid) = kid {
        jwk["kid"] = kid.into();
    }
    jwk
}

fn set(keys: &[Value]) -> Value {
    json!({ "keys": keys })
}

fn stranger_jwk(kid: &str) -> Value {
    let Signer::Ed25519(pair) = Signer::stranger() else { unreachable!() };
    let x = jose::encode(ring::signature::KeyPair::public_key(&pair).as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid })
}

fn by(signer: &Signer, kid: &str) -> String {
    signer.token(&json!({ "alg": signer.alg(), "kid": kid }), &claims())
}

#[test]
fn a_set_has_keys_of_every_kind() {
    let tokens =
        beside_set(&set(&[jwk(ED25519, Some("a")), jwk(P256, Some("b")), jwk(RSA, Some("c"))]));
    let kinds = [(Signer::ed25519(), "a"), (Signer::p256(), "b"), (Signer::rsa(), "c")];
    for (signer, kid) in &kinds {
        assert!(tokens.verify(&by(signer, kid), NOW).is_ok(), "{kid}");
        // Without a kid: there is only one of its kind.
        assert!(tokens.verify(&signer.claiming(&json!({})), NOW).is_ok(), "{kid}");
        for other in ["a", "b", "c", "", "d"].iter().filter(|other| *other != kid) {
            assert_eq!(tokens.verify(&by(signer, other), NOW), Err(Fault::Header), "{kid} {other}");
        }
    }
}

#[test]
fn of_two_keys_of_a_kind_the_kid_chooses() {
    let tokens = beside_set(&set(&[jwk(ED25519, Some("old")), stranger_jwk("new")]));
    let (old, new) = (Signer::ed25519(), Signer::stranger());
    assert!(tokens.verify(&by(&old, "old"), NOW).is_ok());
    assert!(tokens.verify(&by(&new, "new"), NOW).is_ok());
    assert_eq!(tokens.verify(&by(&old, "new"), NOW), Err(Fault::Signature));
    assert_eq!(tokens.verify(&by(&new, "old"), NOW), Err(Fault::Signature));
    assert_eq!(tokens.verify(&by(&old, "other"), NOW), Err(Fault::Header));
    assert_eq!(tokens.verify(&old.claiming(&json!({})), NOW), Err(Fault::Header), "no kid");
}

#[test]
fn a_key_without_a_kid_verifies_tokens_with_an_unknown_kid() {
    let tokens = beside_set(&set(&[jwk(ED25519, None), stranger_jwk("new")]));
    assert!(tokens.verify(&by(&Signer::ed25519(), "unknown"), NOW).is_ok());
    assert!(tokens.verify(&by(&Signer::stranger(), "new"), NOW).is_ok());
    assert_eq!(tokens.verify(&by(&Signer::ed25519(), "new"), NOW), Err(Fault::Signature));
}

#[test]
fn two_issuers_with_the_same_kid_are_kept_apart() {
    let ours = beside_set(&set(&[jwk(ED25519, Some("1"))]));
    let trust = Trust { issuer: "https://other.example".into(), ..trust() };
    let theirs =
        IdentityProvider::from_jwks(&set(&[stranger_jwk("1")]).to_string(), trust).unwrap();
    let theirs = Tokens::new(&Limits::default(), &SigningKey::ephemeral(SECRET), Some(theirs));
    let header = json!({ "alg": "EdDSA", "kid": "1" });
    let other = json!({ "iss": "https://other.example" });
    for (signer, changes, at_ours, at_theirs) in [
        (Signer::ed25519(), json!({}), None, Some(Fault::Signature)),
        (Signer::stranger(), json!({}), Some(Fault::Signature), Some(Fault::Issuer)),
        (Signer::ed25519(), other.clone(), Some(Fault::Issuer), Some(Fault::Signature)),
        (Signer::stranger(), other, Some(Fault::Signature), None),
    ] {
        let token = signer.token(&header, &with(claims(), &changes));
        assert_eq!(ours.verify(&token, NOW).err(), at_ours, "{changes}");
        assert_eq!(theirs.verify(&token, NOW).err(), at_theirs, "{changes}");
    }
}

#[test]
fn keys_for_other_purposes_are_skipped() {
    let change = |changes: &Value| with(jwk(RSA, Some("x")), changes);
    let good = jwk(ED25519, Some("a"));
    for foreign in [
        change(&json!({ "use": "enc" })),
        change(&json!({ "alg": "RS512" })),
        change(&json!({ "alg": "RSA-OAEP" })),
        change(&json!({ "key_ops": ["encrypt"] })),
        json!({ "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AA" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
    ] {
        let tokens = beside_set(&set(&[foreign.clone(), good.clone()]));
        assert!(tokens.verify(&by(&Signer::ed25519(), "a"), NOW).is_ok());
        assert_eq!(tokens.verify(&by(&Signer::rsa(), "x"), NOW), Err(Fault::Header), "{foreign}");
        let alone = IdentityProvider::from_jwks(&set(&[foreign]).to_string(), trust());
        assert_eq!(alone, Err(PublicKeyError::NoKey));
    }
    for ours in
        [json!({ "use": "sig" }), json!({ "alg": "RS256" }), json!({ "key_ops": ["verify"] })]
    {
        let tokens = beside_set(&set(&[change(&ours)]));
        assert!(tokens.verify(&by(&Signer::rsa(), "x"), NOW).is_ok(), "{ours}");
    }
}

#[test]
fn an_invalid_set_is_refused() {
    let read = |text: &str| IdentityProvider::from_jwks(text, trust()).unwrap_err();
    let one = |changes: &Value| read(&set(&[with(jwk(ED25519, Some("a")), changes)]).to_string());
    for text in ["", "[]", "{}", "{\"keys\":7}", "{\"keys\":[{}]}", ED25519] {
        assert_eq!(read(text), PublicKeyError::NotJwks, "{text}");
    }
    assert_eq!(read("{\"keys\":[]}"), PublicKeyError::NoKey);
    for changes in [json!({ "x": null }), json!({ "x": "AA" }), json!({ "x": "no+base64/url=" })] {
        assert_eq!(one(&changes), PublicKeyError::NotJwks, "{changes}");
    }
    assert_eq!(one(&json!({ "d": "AA" })), PublicKeyError::Private);
    let secret = json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" });
    assert_eq!(read(&set(&[secret]).to_string()), PublicKeyError::Private);
    let twice = [jwk(ED25519, Some("a")), stranger_jwk("a")];
    assert_eq!(read(&set(&twice).to_string()), PublicKeyError::Duplicate);
    let many: Vec<Value> = (0..65).map(|n| jwk(ED25519, Some(&n.to_string()))).collect();
    assert_eq!(read(&set(&many).to_string()), PublicKeyError::TooMany);
    let small = json!({ "kty": "RSA", "n": jose::encode(&[0xFF; 128]), "e": "AQAB" });
    assert_eq!(read(&set(&[small]).to_string()), PublicKeyError::RsaSize);
    for (n, e) in [([0xFF; 256], [1]), ([0xFE; 256], [3]), ([0xFF; 256], [2]), ([0; 256], [3])] {
        let weak = json!({ "kty": "RSA", "n": jose::encode(&n), "e": jose::encode(&e) });
        assert_eq!(read(&set(&[weak]).to_string()), PublicKeyError::NotJwks);
    }
}

#[test]
fn a_pem_file_has_one_public_key() {
    let read = |text: &str| IdentityProvider::from_pem(text, trust()).unwrap_err();
    for (text, error) in [
        ("", PublicKeyError::NotPem),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPvS", PublicKeyError::NotPem),
        (&ED25519[..60], PublicKeyError::NotPem),
        (&ED25519.replace("MCow", "MCox"), PublicKeyError::NotPem),
        (&P256.replace("PUBLIC", "SUBLIME"), PublicKeyError::NotPem),
        (&format!("{ED25519}{P256}"), PublicKeyError::SeveralInPem),
        (include_str!("keys/certificate.pem"), PublicKeyError::Certificate),
        (include_str!("keys/ed25519.secret.pem"), PublicKeyError::Private),
        (include_str!("keys/rsa.secret.pem"), PublicKeyError::Private),
        (include_str!("keys/p384.pem"), PublicKeyError::OtherKind),
        (include_str!("keys/rsa-1024.pem"), PublicKeyError::RsaSize),
    ] {
        assert_eq!(read(text), error, "{text}");
    }
    // Text around the key is ignored.
    let text = format!("a comment\r\n{}\r\n\r\nanother comment\r\n", ED25519.replace('\n', "\r\n"));
    assert!(IdentityProvider::from_pem(&text, trust()).is_ok());
}

#[test]
fn a_damaged_key_is_refused_wherever_it_is_cut() {
    use base64::Engine as _;
    for pem in [ED25519, P256, RSA, include_str!("keys/rsa-pkcs1.pem")] {
        let whole = der(pem);
        let label = pem.lines().next().unwrap().trim_matches('-').strip_prefix("BEGIN ").unwrap();
        let armour = |der: &[u8]| {
            let body = base64::engine::general_purpose::STANDARD.encode(der);
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        assert!(IdentityProvider::from_pem(&armour(&whole), trust()).is_ok());
        for end in 0..whole.len() {
            assert!(
                IdentityProvider::from_pem(&armour(&whole[..end]), trust()).is_err(),
                "{label} {end}"
            );
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(IdentityProvider::from_pem(&armour(&longer), trust()).is_err(), "{label}");
    }
}
