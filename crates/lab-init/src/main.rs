//! The first process of a virtual machine of the lab: makes a system of a bare root, has the record made by a child of its
//! own, and ends the machine.
//!
//! What a person sees of it is the console. Everything else leaves through the window, in parcels: see `lab_env::parcel`.

mod dispatch;
mod error;
mod record;
mod system;
mod window;

use std::process::{Command, ExitCode};

use error::Error;
use nix::sys::wait::{WaitStatus, waitpid};

/// The argument by which the first process calls itself to make the record.
const RECORD: &str = "record";

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some(RECORD) => record::run(),
        _ if std::process::id() == 1 => first(),
        _ => Err(Error::NotFirst),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The console is all that there is.
            eprintln!("lab-init: failed to {error}");
            ExitCode::from(2)
        }
    }
}

/// As process 1: whatever happens to the record, the machine ends.
fn first() -> Result<(), Error> {
    let done = system::make().and_then(|()| bury_until_recorded());
    if let Err(error) = &done {
        eprintln!("lab-init: failed to {error}");
    }
    system::end()
}

/// Starts the record and waits for its end; orphans are buried meanwhile, as the first process must.
fn bury_until_recorded() -> Result<(), Error> {
    let own = std::env::current_exe().map_err(Error::call("find the first process's program"))?;
    let mut command = Command::new(own);
    command.arg(RECORD).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
    let child = command.spawn().map_err(Error::call("start the record"))?;
    loop {
        let ended = match waitpid(None, None) {
            Err(nix::errno::Errno::EINTR) => continue,
            ended => ended.map_err(|error| Error::call("wait for the record")(error.into()))?,
        };
        if ended.pid().is_some_and(|pid| pid.as_raw().unsigned_abs() == child.id()) {
            return match ended {
                WaitStatus::Exited(_, 0) => Ok(()),
                other => Err(Error::Record(format!("{other:?}"))),
            };
        }
    }
}
