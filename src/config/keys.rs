//! The public keys of the identity provider, from the files that the settings name.

use super::{Config, files};
use crate::auth::{IdentityProvider, OWN_ISSUER, PublicKeyError, Trust};

/// The setting that is wrong, and why.
pub(super) type Fault = (&'static str, String);

impl Config {
    /// Reads the keys of the identity provider, if one is configured.
    ///
    /// # Errors
    /// A sentence that begins with the setting, if a file has changed since the check.
    pub fn identity_provider(&self) -> Result<Option<IdentityProvider>, String> {
        identity_provider(self).map_err(|(key, why)| format!("{}: {why}", key.replace('_', "-")))
    }
}

/// Reads the keys of the identity provider, if one is configured completely.
pub(super) fn identity_provider(config: &Config) -> Result<Option<IdentityProvider>, Fault> {
    let (key, path, read): (_, _, Read) = match (&config.jwt_public_key, &config.jwks) {
        (Some(_), Some(_)) => {
            return Err(("jwks", "jwt-public-key is given too; use only one of them".into()));
        }
        (Some(path), None) => ("jwt_public_key", path, IdentityProvider::from_pem),
        (None, Some(path)) => ("jwks", path, IdentityProvider::from_jwks),
        (None, None) => return without_keys(config),
    };
    let needs = |setting: &str, claim: &str| {
        (key, format!("needs {setting} too, the {claim} claim of the tokens"))
    };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let issuer = given(&config.jwt_issuer).ok_or_else(|| needs("jwt-issuer", "iss"))?;
    let audience = given(&config.jwt_audience).ok_or_else(|| needs("jwt-audience", "aud"))?;
    if issuer == OWN_ISSUER {
        return Err((
            "jwt_issuer",
            "the name of this server itself; use that of the identity provider".into(),
        ));
    }
    let text = files::text(path).map_err(|why| (key, why))?;
    let trust = Trust { issuer, audience, admins: config.jwt_admins };
    read(&text, trust).map(Some).map_err(|error| (key, error.to_string()))
}

type Read = fn(&str, Trust) -> Result<IdentityProvider, PublicKeyError>;

/// Returns an error if a setting has no effect without keys.
fn without_keys(config: &Config) -> Result<Option<IdentityProvider>, Fault> {
    let lonely = [
        ("jwt_issuer", config.jwt_issuer.is_some()),
        ("jwt_audience", config.jwt_audience.is_some()),
        ("jwt_admins", config.jwt_admins),
    ];
    match lonely.into_iter().find(|(_, given)| *given) {
        Some((key, _)) => Err((key, "needs jwt-public-key or jwks too".into())),
        None => Ok(None),
    }
}
