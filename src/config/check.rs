//! What must hold between settings, beyond each one by itself.

use std::time::Duration;

use super::{AllowedOrigin, Config, Effective, SETTINGS, Value, keys};
use crate::auth;

/// Names everything that does not fit together.
pub(super) fn check(effective: &Effective) -> Vec<String> {
    let config = &effective.config;
    let mut faults: Vec<String> = SETTINGS
        .iter()
        .filter(|setting| !setting.zero && (setting.is_zero)(config))
        .map(|setting| {
            let off = if (setting.form)().ends_with("|off") { "; or write off" } else { "" };
            format!("{}: must be more than 0{off}", effective.given(setting.key))
        })
        .collect();
    let mut fault = |holds: bool, key: &str, why: &dyn Fn() -> String| {
        if !holds {
            faults.push(format!("{}: {}", effective.given(key), why()));
        }
    };
    fault(!config.listen.is_empty(), "listen", &|| "no address; write at least one".into());
    fault(listens_once(config), "listen", &|| "the same address twice; write each once".into());
    fault(any_stands_alone(config), "allow_origin", &|| {
        "* already allows all; write only *, or only the others".into()
    });
    fault(!config.proxy_protocol || !config.trusted_proxy.is_empty(), "proxy_protocol", &|| {
        "nobody would be believed; name the proxies with trusted-proxy".into()
    });
    fault(is_room(&config.lobby), "lobby", &|| {
        "not a room; write 1 to 64 bytes without control characters, / or a leading @".into()
    });
    fault(ttl_in_range(config), "message_ttl", &|| {
        let (min, max) = (config.ttl_min.text(), config.ttl_max.text());
        format!("not from ttl-min to ttl-max, which are {min} and {max}; or write off")
    });
    fault(config.history_default <= config.history_max, "history_default", &|| {
        format!("more than history-max, which is {}", config.history_max)
    });
    fault(content_fits(config), "content_chars_max", &|| {
        format!(
            "does not fit into message-bytes-max, which is {}; allow 4 bytes a character and 1KiB",
            config.message_bytes_max.text()
        )
    });
    for (key, bytes) in [
        ("message_bytes_max", config.message_bytes_max),
        ("page_bytes_max", config.page_bytes_max),
        ("resume_bytes_max", config.resume_bytes_max),
    ] {
        let queue = config.send_queue_bytes_max;
        fault(bytes <= queue, key, &|| {
            format!("more than send-queue-bytes-max, which is {}", queue.text())
        });
    }
    fault(config.read_bytes_per_turn <= config.pipelined_bytes_max, "read_bytes_per_turn", &|| {
        format!("more than pipelined-bytes-max, which is {}", config.pipelined_bytes_max.text())
    });
    fault(i32::try_from(config.backlog).is_ok(), "backlog", &|| {
        format!("too large; write at most {}", i32::MAX)
    });
    check_accounts(config, &mut fault);
    faults
}

/// Complains of a setting unless something holds.
type Complain<'a> = dyn FnMut(bool, &str, &dyn Fn() -> String) + 'a;

fn check_accounts(config: &Config, fault: &mut Complain<'_>) {
    let chars_min = config.password_chars_min;
    fault(chars_min >= 8, "password_chars_min", &|| "too short; write at least 8".into());
    let bytes_max = config.password_bytes_max.0;
    fault((64..=64 * 1024).contains(&bytes_max), "password_bytes_max", &|| {
        "no length for a sentence; write 64 to 64KiB".into()
    });
    // Whatever the characters, the shortest password must not be too long.
    fault(chars_min <= bytes_max / 4, "password_chars_min", &|| {
        format!(
            "does not fit into password-bytes-max, which is {}; allow 4 bytes a character",
            config.password_bytes_max.text()
        )
    });
    let (memory, passes) = (config.password_memory.0, config.password_passes);
    let passes_right = auth::Limits::PASSWORD_PASSES.contains(&passes);
    fault(passes_right, "password_passes", &|| "write 1 to 16".into());
    let memory_right = auth::Limits::PASSWORD_MEMORY_BYTES.contains(&memory);
    fault(memory_right, "password_memory", &|| "write 7MiB to 1GiB".into());
    let both_right = passes_right && memory_right;
    fault(!both_right || config.accounts().password_cost_suffices(), "password_memory", &|| {
        format!(
            "too little with password-passes {passes}; write at least 46MiB for 1, 19MiB for 2, \
             12MiB for 3, 9MiB for 4 or 7MiB for 5"
        )
    });
    fault(config.token_life >= MINUTE, "token_life", &|| "too short; write at least 1m".into());
    // What this server writes itself: the name escaped and in base64url, and less than 1 KiB more.
    let own_bytes = config.name_bytes_max.0.saturating_mul(3).saturating_add(1024);
    fault(config.token_bytes_max.0 >= own_bytes, "token_bytes_max", &|| {
        let name = config.name_bytes_max.text();
        format!("too small for name-bytes-max, which is {name}; allow three times that and 1KiB")
    });
    fault(config.jwt_leeway <= MINUTE, "jwt_leeway", &|| "too long; write at most 60s".into());
    if let Err((key, why)) = keys::outside(config) {
        fault(false, key, &|| why.clone());
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn ttl_in_range(config: &Config) -> bool {
    config.message_ttl.is_none_or(|ttl| (config.ttl_min..=config.ttl_max).contains(&ttl))
}

fn listens_once(config: &Config) -> bool {
    let listen = &config.listen;
    let mut fixed = listen.iter().enumerate().filter(|(_, address)| address.port() != 0);
    fixed.all(|(at, address)| !listen.iter().take(at).any(|other| other == address))
}

fn any_stands_alone(config: &Config) -> bool {
    config.allow_origin.len() < 2 || !config.allow_origin.contains(&AllowedOrigin::Any)
}

fn is_room(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.trim() == name
        && !name.starts_with('@')
        && !name.contains(|c: char| c.is_control() || c == '/')
}

/// Whether the longest text fits into a message, whatever its letters: a character takes at most
/// four bytes, and what stands around the text takes less than 1 KiB.
fn content_fits(config: &Config) -> bool {
    let bytes = config.content_chars_max.saturating_mul(4).saturating_add(1024);
    bytes <= config.message_bytes_max.0
}
