//! What processes use of the machine.

use crate::server::Process;

/// What some processes have used up to now, all together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) cpu_s: f64,
    pub(super) resident_bytes: u64,
}

impl Usage {
    /// Reads the figures of processes.
    ///
    /// # Errors
    /// If there is no such process, or the system does not tell.
    pub(super) fn of(ids: &[String]) -> Result<Self, String> {
        let mut usage = Self::default();
        for id in ids {
            let Process { cpu_s: Some(cpu_s), resident_bytes: Some(bytes), .. } = Process::of(id)
            else {
                return Err(match cfg!(target_os = "linux") {
                    true => format!("--server-pid {id}: no such process"),
                    false => "--server-pid: only Linux tells what a process uses".to_owned(),
                });
            };
            usage.cpu_s += cpu_s;
            usage.resident_bytes += bytes;
        }
        Ok(usage)
    }

    /// Returns the seconds of the processor that this process has used; none where the system does not
    /// tell.
    pub(super) fn own_cpu_s() -> Option<f64> {
        Process::of("self").cpu_s
    }
}
