//! What must hold between settings, beyond each one by itself.

use super::{AllowedOrigin, Config, Effective, SETTINGS, Value};

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
    faults
}

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
