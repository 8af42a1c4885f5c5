//! What the system says of a process, in `/proc`; other systems than Linux say nothing there.

use std::fs;

use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, getrlimit};

/// The figures of a process; those that cannot be read are left out.
#[derive(Debug, Default)]
pub struct Process {
    /// Seconds of the processor, of all threads.
    pub cpu_s: Option<f64>,
    /// Bytes of resident memory.
    pub resident_bytes: Option<u64>,
    /// Open file descriptors; only of this process.
    pub descriptors: Option<u64>,
    /// Most open file descriptors; only of this process.
    pub descriptors_max: Option<u64>,
}

impl Process {
    /// Reads the figures of this process.
    pub fn read() -> Self {
        Self {
            descriptors: descriptors(),
            descriptors_max: getrlimit(Resource::Nofile).current,
            ..Self::of("self")
        }
    }

    /// Reads the figures of the process with this id.
    pub fn of(id: &str) -> Self {
        let file = |name| fs::read_to_string(format!("/proc/{id}/{name}")).unwrap_or_default();
        Self {
            cpu_s: cpu_ticks(&file("stat"))
                .map(|ticks| ticks as f64 / clock_ticks_per_second() as f64),
            resident_bytes: resident_bytes(&file("status")),
            ..Self::default()
        }
    }
}

/// Returns the clock ticks in user and kernel mode. The fields are counted from behind the name of
/// the program, which may contain blanks and parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()?.saturating_add(next()?))
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns the number of open file descriptors: since Linux 6.2 the size of their directory, before
/// that the number of its entries.
fn descriptors() -> Option<u64> {
    let size = fs::metadata("/proc/self/fd").ok()?.len();
    if size > 0 {
        return Some(size);
    }
    u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_found_whatever_the_program_is_called() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 99 0 0 0 150 25 0 0 20 0 6 0 12345 1 2";
        assert_eq!(cpu_ticks(stat), Some(175));
        assert_eq!(cpu_ticks("7 (a) S 1"), None);
        let status = "Name:\tchinwag\nVmHWM:\t  9 kB\nVmRSS:\t  6144 kB\nThreads:\t6\n";
        assert_eq!(resident_bytes(status), Some(6144 * 1024));
        assert_eq!(resident_bytes("VmRSS:\t6144 MB"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_figures() {
        let Process { cpu_s, resident_bytes, descriptors, descriptors_max } = Process::read();
        assert!(cpu_s.is_some_and(|it| it >= 0.0) && resident_bytes > Some(100_000));
        assert!(descriptors >= Some(3) && descriptors_max >= descriptors);
        let other = Process::of(&std::process::id().to_string());
        assert!(other.cpu_s >= cpu_s && other.resident_bytes.is_some());
        assert!(Process::of("no").cpu_s.is_none());
    }
}
