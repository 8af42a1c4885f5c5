//! What must hold between settings, beyond the form of each.

use std::time::Duration;

use super::{AdminAddress, AllowedOrigin, Config, Effective, LIMITS, SETTINGS, certificates, keys};
use crate::auth;

/// Returns all errors.
pub(super) fn check(effective: &Effective) -> Vec<String> {
    let config = &effective.config;
    let mut faults: Vec<String> = SETTINGS
        .iter()
        .chain(LIMITS)
        .filter(|setting| !setting.zero && (setting.is_zero)(config))
        .map(|setting| {
            let off = if (setting.form)().ends_with("|off") { ", or off" } else { "" };
            format!("{}: must be greater than 0{off}", effective.given(setting.key))
        })
        .collect();
    let mut fault = |holds: bool, key: &str, why: &dyn Fn() -> String| {
        if !holds {
            faults.push(format!("{}: {}", effective.given(key), why()));
        }
    };
    let named = |key| effective.named(key);
    fault(!config.listen.is_empty(), "listen", &|| "no address; use at least one".into());
    fault(listens_once(config), "listen", &|| "an address is given twice".into());
    fault(admin_stands_alone(config), "admin_listen", &|| {
        format!("the same as {}", named("listen"))
    });
    fault(any_stands_alone(config), "allow_origin", &|| {
        "* already allows all; use either * or the others".into()
    });
    fault(
        !config.net.proxy_protocol || !config.net.trusted_proxies.is_empty(),
        "proxy_protocol",
        &|| "no proxy is trusted; name them with trusted-proxy".into(),
    );
    let lobby = &config.chat.lobby;
    let spaced = (lobby.trim() != lobby).then(|| "white space at its ends".to_owned());
    let lobby_fault = config.chat.lobby_fault().or(spaced);
    fault(lobby_fault.is_none(), "lobby", &|| {
        format!("not a room name: {}", lobby_fault.as_deref().unwrap_or_default())
    });
    fault(config.chat.ttl_min <= config.chat.ttl_max, "ttl_min", &|| {
        format!("greater than {}", named("ttl_max"))
    });
    fault(ttl_in_range(config), "message_ttl", &|| {
        format!("must be from {} to {}, or off", named("ttl_min"), named("ttl_max"))
    });
    fault(config.chat.history_default <= config.chat.history_max, "history_default", &|| {
        format!("greater than {}", named("history_max"))
    });
    fault(content_fits(config), "content_chars_max", &|| {
        format!(
            "does not fit into {}; allow 4 bytes a character and 1KiB",
            named("message_bytes_max")
        )
    });
    for (key, bytes) in [
        ("message_bytes_max", config.ws.message_bytes_max),
        ("page_bytes_max", config.chat.page_bytes_max),
        ("resume_bytes_max", config.chat.resume_bytes_max),
    ] {
        fault(bytes <= config.net.send_queue_bytes_max, key, &|| {
            format!("greater than {}", named("send_queue_bytes_max"))
        });
    }
    let turn_fits = |max: u64| max >= config.net.turn_bytes_max as u64;
    fault(config.net.memory_max.is_none_or(turn_fits), "max_memory", &|| {
        format!("less than {}", named("turn_bytes_max"))
    });
    fault(i32::try_from(config.net.backlog).is_ok(), "backlog", &|| {
        format!("too large; use at most {}", i32::MAX)
    });
    check_accounts(effective, &mut fault);
    faults
}

/// Adds an error about a setting unless a condition holds.
type Complain<'a> = dyn FnMut(bool, &str, &dyn Fn() -> String) + 'a;

fn check_accounts(effective: &Effective, fault: &mut Complain<'_>) {
    let config = &effective.config;
    let limits = &config.accounts;
    let named = |key| effective.named(key);
    let chars_min = limits.password_chars_min;
    fault(chars_min >= 8, "password_chars_min", &|| "too short; use at least 8".into());
    let bytes_max = limits.password_bytes_max;
    fault((64..=64 * 1024).contains(&bytes_max), "password_bytes_max", &|| {
        "use 64 to 64KiB".into()
    });
    // Whatever the characters, the shortest password must not be too long.
    fault(chars_min <= bytes_max / 4, "password_chars_min", &|| {
        format!("does not fit into {}; allow 4 bytes a character", named("password_bytes_max"))
    });
    let (memory, passes) = (limits.password_memory_bytes, limits.password_passes);
    let passes_right = auth::Limits::PASSWORD_PASSES.contains(&passes);
    fault(passes_right, "password_passes", &|| "use 1 to 16".into());
    let memory_right = auth::Limits::PASSWORD_MEMORY_BYTES.contains(&memory);
    fault(memory_right, "password_memory_bytes", &|| "use 7MiB to 1GiB".into());
    let both_right = passes_right && memory_right;
    fault(!both_right || limits.password_cost_suffices(), "password_memory_bytes", &|| {
        format!(
            "too little for {}; use at least 46MiB for 1, 19MiB for 2, 12MiB for 3, 9MiB for 4 or \
             7MiB for 5",
            named("password_passes")
        )
    });
    fault(limits.token_life >= MINUTE, "token_life", &|| "too short; use at least 1m".into());
    // What this server writes itself: the name escaped and in base64url, and less than 1 KiB more.
    let own_bytes = config.chat.name_bytes_max.saturating_mul(3).saturating_add(1024);
    fault(limits.token_bytes_max >= own_bytes, "token_bytes_max", &|| {
        format!("too small for {}; allow three times that and 1KiB", named("name_bytes_max"))
    });
    fault(limits.leeway <= MINUTE, "leeway", &|| "too long; use at most 60s".into());
    let keys = keys::identity_provider(config).map(|_| ());
    let certificates = certificates::certificates(config).map(|_| ());
    for (key, why) in [keys, certificates].into_iter().filter_map(Result::err) {
        fault(false, key, &|| why.clone());
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn ttl_in_range(config: &Config) -> bool {
    let range = config.chat.ttl_min..=config.chat.ttl_max;
    config.chat.message_ttl.is_none_or(|ttl| range.contains(&ttl))
}

fn listens_once(config: &Config) -> bool {
    let listen: Vec<_> = config.listen.iter().chain(&config.listen_redirect).collect();
    let mut fixed = listen.iter().enumerate().filter(|(_, address)| address.port() != 0);
    fixed.all(|(at, address)| !listen.iter().take(at).any(|other| other == address))
}

/// Whether the address for administrators is none of the others.
fn admin_stands_alone(config: &Config) -> bool {
    match &config.admin_listen {
        Some(AdminAddress::Tcp(address)) => address.port() == 0 || !config.listen.contains(address),
        Some(AdminAddress::Unix(_)) | None => true,
    }
}

fn any_stands_alone(config: &Config) -> bool {
    config.allow_origin.len() < 2 || !config.allow_origin.contains(&AllowedOrigin::Any)
}

/// Whether the longest text fits into a message: a character takes at most four bytes, and the
/// JSON around the text less than 1 KiB.
fn content_fits(config: &Config) -> bool {
    let bytes = config.chat.content_chars_max.saturating_mul(4).saturating_add(1024);
    bytes <= config.ws.message_bytes_max
}
