//! Names that nobody else has: run ids, nonces, keys.

use std::{fs::File, io::Read};

use crate::RunError;

/// `N` random bytes, hexadecimal.
pub(crate) fn hex<const N: usize>() -> Result<String, RunError> {
    let path = "/dev/urandom";
    let mut bytes = [0; N];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).map_err(RunError::io("read", path))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A nonce: `sl` and twelve hexadecimal digits, fit for a file name, an argument or a DNS label.
pub(crate) fn nonce() -> Result<String, RunError> {
    Ok(format!("sl{}", hex::<6>()?))
}
