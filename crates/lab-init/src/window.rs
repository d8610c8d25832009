//! The window: a piece of memory on the PCI bus that is a file outside. No driver stands between.

use std::{
    fs::{self, File},
    io::{self, Write},
    num::NonZeroUsize,
    path::Path,
};

use lab_env::errand::{WINDOW, WINDOW_BYTES, WINDOW_FILE};
use nix::sys::mman::{MapFlags, ProtFlags, mmap};

use crate::error::Error;

/// Where the kernel lists the devices.
const DEVICES: &str = "/sys/bus/pci/devices";

/// The window, filled from its beginning.
pub(crate) struct Window {
    memory: &'static mut [u8],
    used: usize,
}

impl Window {
    /// Finds it on the bus.
    pub(crate) fn open() -> Result<Self, Error> {
        let devices = Path::new(DEVICES);
        for device in fs::read_dir(devices).map_err(Error::io("read", devices))? {
            let device = device.map_err(Error::io("read", devices))?.path();
            let number = |name: &str| {
                let text = fs::read_to_string(device.join(name)).ok()?;
                u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
            };
            if (number("vendor"), number("device")) != (Some(WINDOW.0), Some(WINDOW.1)) {
                continue;
            }
            // The kernel lets memory of a device be used once it is switched on.
            let switch = device.join("enable");
            fs::write(&switch, "1").map_err(Error::io("write", &switch))?;
            let path = device.join(WINDOW_FILE);
            return Self::map(&path).map_err(Error::io("map", &path));
        }
        Err(Error::NoWindow)
    }

    fn map(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        let size = NonZeroUsize::new(WINDOW_BYTES).ok_or(io::ErrorKind::InvalidInput)?;
        let (access, shared) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping at a place that the kernel chooses.
        let at = unsafe { mmap(None, size, access, shared, &file, 0) }?;
        // SAFETY: the mapping is as long, is never undone, and nobody else in this machine has it.
        let memory = unsafe { std::slice::from_raw_parts_mut(at.cast::<u8>().as_ptr(), WINDOW_BYTES) };
        Ok(Self { memory, used: 0 })
    }
}

impl Write for Window {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = &mut self.memory[self.used..];
        let length = bytes.len().min(room.len());
        room[..length].copy_from_slice(&bytes[..length]);
        self.used += length;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
