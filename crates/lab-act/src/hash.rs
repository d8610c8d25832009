//! Keyed hashes of content: HMAC-SHA-256 (RFC 2104), in hexadecimal.
//!
//! Content itself never leaves the process that read it; two hashes under the run's random key tell whether two
//! contents are the same, and nothing else.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

const BLOCK: usize = 64;

/// A hash being made.
pub struct KeyedHash {
    inner: Sha256,
    outer: Sha256,
}

impl KeyedHash {
    /// Begins one under `key`.
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0u8; BLOCK];
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let pad = |byte: u8| Sha256::new_with_prefix(block.map(|b| b ^ byte));
        Self { inner: pad(0x36), outer: pad(0x5c) }
    }

    /// Adds content.
    pub fn update(&mut self, content: &[u8]) {
        self.inner.update(content);
    }

    /// The hash, hexadecimal.
    pub fn finish(mut self) -> String {
        self.outer.update(self.inner.finalize());
        hex(&self.outer.finalize())
    }
}

/// The keyed hash of `content`.
pub fn keyed_hash(key: &[u8], content: &[u8]) -> String {
    let mut hash = KeyedHash::new(key);
    hash.update(content);
    hash.finish()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes of a hexadecimal key; `None` if it is not hexadecimal.
pub fn key_bytes(key: &str) -> Option<Vec<u8>> {
    let digits = key.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{key_bytes, keyed_hash};

    #[test]
    fn rfc_4231_cases_1_2_and_6() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, content, hash) in cases {
            assert_eq!(keyed_hash(key, content), hash);
        }
    }

    #[test]
    fn keys_are_hexadecimal() {
        assert_eq!(key_bytes("00ff"), Some(vec![0, 255]));
        assert_eq!((key_bytes("0"), key_bytes("zz"), key_bytes("é0")), (None, None, None));
    }
}
