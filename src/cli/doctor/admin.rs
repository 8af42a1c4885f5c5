//! What only the server knows of itself, and tells administrators.

use super::outcome::{Outcome, Report, fail, pass, skip};
use super::place::Place;
use super::proxy::why;
use crate::server::health::Health;

/// Asks the server how it is.
///
/// # Errors
/// What the checks come to, if it does not tell.
pub(super) fn ask_health(place: &Place, token: Option<&str>) -> Result<Health, Outcome> {
    let Some(token) = token else {
        return Err(skip("give the --token of an administrator"));
    };
    if !place.is_private() {
        return Err(skip(
            "the token is not sent: without https and a good certificate others might read it",
        ));
    }
    let header = format!("Authorization: Bearer {token}\r\n");
    let answer = place.ask("GET", "api/admin/health", &header, "");
    let reply = answer.map_err(|error| fail(error.to_string()))?;
    match (reply.status, serde_json::from_slice(&reply.body)) {
        (200, Ok(health)) => Ok(health),
        (404, _) => Err(skip("not told here; ask at the address of --admin-listen")),
        (401 | 403, _) => Err(fail(format!("{}; is it an administrator's?", why(&reply)))),
        _ => Err(fail(format!("the answer is {}", why(&reply)))),
    }
}

/// Reports what the server says of itself.
pub(super) fn check(report: &mut Report, health: &Result<Health, Outcome>) {
    let mut add = |name, check: fn(&Health) -> Outcome| {
        report.add(name, health.as_ref().map_or_else(Clone::clone, check));
    };
    add("file limit", files);
    add("disk space", disk);
    add("engine", engine);
}

fn files(health: &Health) -> Outcome {
    let Health { files_open, files_max, .. } = health;
    let (Some(open), Some(max)) = (*files_open, *files_max) else {
        return skip("the system does not tell");
    };
    let told = format!("{open} of {max} files are open");
    if max < FILES_MIN || open > max / 5 * 4 {
        return fail(format!("{told}; raise the limit (systemd: LimitNOFILE, shell: ulimit -n)"));
    }
    pass(told)
}

/// Enough for some thousand connections.
const FILES_MIN: u64 = 4096;

fn disk(health: &Health) -> Outcome {
    let Some(free) = health.disk_free_bytes else {
        return skip("nothing is on disk, or the system does not tell");
    };
    let told = format!("{} MiB are free where the record is", free / MIB);
    if free < DISK_FREE_MIN {
        return fail(format!("{told}; make room, or bound it with --keep-for or --keep-messages"));
    }
    pass(told)
}

const MIB: u64 = 1024 * 1024;
const DISK_FREE_MIN: u64 = 512 * MIB;

fn engine(health: &Health) -> Outcome {
    if !health.writable {
        return fail("nothing can be written: see the log of the server for why");
    }
    match health.durability.as_str() {
        "memory" => fail("nothing survives a restart; give the server a --data directory"),
        durability => pass(format!("on disk; what is acknowledged survives: {durability}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        Health {
            version: "0".into(),
            files_open: Some(20),
            files_max: Some(FILES_MIN),
            disk_free_bytes: Some(DISK_FREE_MIN),
            durability: "fsync".into(),
            writable: true,
            compression: true,
        }
    }

    fn fails(check: fn(&Health) -> Outcome, change: impl Fn(&mut Health)) -> bool {
        let mut health = health();
        change(&mut health);
        matches!(check(&health), Outcome::Fail(_))
    }

    #[test]
    fn a_server_that_lacks_something_is_found_out() {
        for check in [files, disk, engine] {
            assert!(!fails(check, |_| {}));
        }
        assert!(fails(files, |it| it.files_max = Some(1024)));
        assert!(fails(files, |it| it.files_open = Some(4000)));
        assert!(!fails(files, |it| it.files_open = None));
        assert!(fails(disk, |it| it.disk_free_bytes = Some(MIB)));
        assert!(!fails(disk, |it| it.disk_free_bytes = None));
        assert!(fails(engine, |it| it.writable = false));
        assert!(fails(engine, |it| it.durability = "memory".into()));
        assert!(!fails(engine, |it| it.durability = "write".into()));
    }
}
