//! The kinds `read`, `write`, `append`, `unlink` and `rename`.

use lab_model::{Open, OpenFlags, Rename, Step, Text, Unlink};
use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    sys::stat::Mode,
    unistd::{read as read_fd, unlink as unlink_path, write as write_fd},
};
use std::os::fd::{AsRawFd as _, OwnedFd};

use super::{
    chain::{Doer, Performed, c_string},
    own::{boot_ns, outcome, step},
};
use crate::hash::{KeyedHash, keyed_hash};

/// Reads the file whole; its content goes no further than into the hash.
pub(super) fn read(doer: &Doer, key: &[u8], path: &str) -> Performed {
    let (mut opened, file) = opened(path, OFlag::O_RDONLY)?;
    if let Some(file) = file {
        let (mut hash, mut buffer) = (KeyedHash::new(key), vec![0; 1 << 16]);
        loop {
            match read_fd(&file, &mut buffer) {
                Ok(0) => break,
                Ok(length) => hash.update(&buffer[..length]),
                Err(Errno::EINTR) => {}
                Err(error) => {
                    doer.step(opened, true);
                    return Err(format!("read {path}: {error}"));
                }
            }
        }
        opened.content = Some(hash.finish());
    }
    doer.step(opened, true);
    Ok(())
}

/// Writes the file anew.
pub(super) fn write(doer: &Doer, key: &[u8], path: &str, content: &str) -> Performed {
    put(doer, key, path, OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC, content)
}

/// Appends to the file.
pub(super) fn append(doer: &Doer, key: &[u8], path: &str, content: &str) -> Performed {
    put(doer, key, path, OFlag::O_WRONLY | OFlag::O_APPEND, content)
}

fn put(doer: &Doer, key: &[u8], path: &str, flags: OFlag, content: &str) -> Performed {
    let (mut opened, file) = opened(path, flags)?;
    let mut written = Ok(());
    if let Some(file) = file {
        let mut rest = content.as_bytes();
        while !rest.is_empty() && written.is_ok() {
            match write_fd(&file, rest) {
                Ok(length) => rest = &rest[length..],
                Err(Errno::EINTR) => {}
                Err(error) => written = Err(format!("write {path}: {error}")),
            }
        }
        opened.content = Some(keyed_hash(key, content.as_bytes()));
    }
    doer.step(opened, true);
    written
}

/// Opens with the exact path and flags; a refusal is a result like any other.
fn opened(path: &str, flags: OFlag) -> Result<(Step, Option<OwnedFd>), String> {
    let name = c_string(path)?;
    let began_ns = boot_ns();
    let file = open(name.as_c_str(), flags, Mode::from_bits_truncate(0o644));
    let payload = Open {
        path: Text::from(path),
        flags: OpenFlags(flags.bits() as u32),
        late_path: false,
        opened: None,
        result: outcome(file.as_ref().map(|fd| i64::from(fd.as_raw_fd())).map_err(|error| *error)),
    };
    Ok((step(began_ns, payload), file.ok()))
}

/// Removes the name.
pub(super) fn unlink(doer: &Doer, path: &str) -> Performed {
    let name = c_string(path)?;
    let began_ns = boot_ns();
    let result = outcome(unlink_path(name.as_c_str()).map(|()| 0));
    doer.step(step(began_ns, Unlink { path: Text::from(path), directory: false, result }), true);
    Ok(())
}

/// Changes the name.
pub(super) fn rename(doer: &Doer, from: &str, to: &str) -> Performed {
    let (old, new) = (c_string(from)?, c_string(to)?);
    let began_ns = boot_ns();
    // SAFETY: both pointers are those of live C strings.
    let returned = unsafe { libc::rename(old.as_ptr(), new.as_ptr()) };
    let result = outcome(Errno::result(i64::from(returned)));
    let payload = Rename { from: Text::from(from), to: Text::from(to), result };
    doer.step(step(began_ns, payload), true);
    Ok(())
}
