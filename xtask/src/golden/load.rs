//! Something else for the machine to do: one busy process per core.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

/// Busy processes, until it is dropped.
pub(super) struct Load(Vec<Child>);

impl Load {
    /// Starts one per core that this process may use.
    pub(super) fn start() -> Result<Self> {
        let cores = std::thread::available_parallelism().context("failed to count the cores")?;
        let mut load = Self(Vec::new());
        for _ in 0..cores.get() {
            let mut command = Command::new("sh");
            command.args(["-c", "while :; do :; done"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            // SAFETY: prctl is async-signal-safe and touches nothing of the parent's.
            unsafe {
                // Not even a runner that is killed leaves them behind.
                command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                });
            }
            load.0.push(command.spawn().context("failed to start a busy process")?);
        }
        Ok(load)
    }

    /// How many there are.
    pub(super) fn processes(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended already cannot be killed, and that is as well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
