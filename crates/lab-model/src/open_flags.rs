//! The flags of an open in words.
//!
//! Source: the kernel's include/uapi/asm-generic/fcntl.h (x86-64's values; arm64 differs in four of them, which its
//! sensor translates before it writes).

use std::fmt;

use serde::{Deserialize, Serialize};

/// `O_*` as x86-64 numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpenFlags(pub u32);

/// (bits, name in C, word in goldens). A mask that contains another stands before it.
const FLAGS: &[(u32, &str, &str)] = &[
    (0o20200000, "O_TMPFILE", "tmpfile"),
    (0o4010000, "O_SYNC", "sync"),
    (0o100, "O_CREAT", "create"),
    (0o200, "O_EXCL", "exclusive"),
    (0o400, "O_NOCTTY", "no-tty"),
    (0o1000, "O_TRUNC", "truncate"),
    (0o2000, "O_APPEND", "append"),
    (0o4000, "O_NONBLOCK", "non-blocking"),
    (0o10000, "O_DSYNC", "data-sync"),
    (0o20000, "O_ASYNC", "async"),
    (0o40000, "O_DIRECT", "direct"),
    (0o100000, "O_LARGEFILE", "large-file"),
    (0o200000, "O_DIRECTORY", "directory"),
    (0o400000, "O_NOFOLLOW", "no-follow"),
    (0o1000000, "O_NOATIME", "no-atime"),
    (0o2000000, "O_CLOEXEC", "close-on-exec"),
    (0o10000000, "O_PATH", "path"),
];

impl OpenFlags {
    /// The bits that a C name of strace's stands for; `None` for an unknown one.
    pub fn bits_of(name: &str) -> Option<u32> {
        match name {
            "O_RDONLY" => Some(0),
            "O_WRONLY" => Some(1),
            "O_RDWR" => Some(2),
            "O_NDELAY" => Some(0o4000),
            "FASYNC" => Some(0o20000),
            name => FLAGS.iter().find(|(_, known, _)| *known == name).map(|(bits, _, _)| *bits),
        }
    }

    /// True if it asks to write.
    pub fn writes(self) -> bool {
        matches!(self.0 & 3, 1 | 2)
    }

    /// The same without the bits that a C library adds by itself (`O_LARGEFILE`).
    pub fn meant(self) -> Self {
        Self(self.0 & !0o100000)
    }
}

impl fmt::Display for OpenFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 & 3 {
            0 => "read",
            1 => "write",
            2 => "read-write",
            _ => "access-3",
        })?;
        let mut rest = self.meant().0 & !3;
        for (bits, _, word) in FLAGS {
            if rest & bits == *bits {
                rest &= !bits;
                write!(f, " {word}")?;
            }
        }
        if rest != 0 {
            write!(f, " flags-{rest:#o}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::OpenFlags;

    #[test]
    fn words() {
        assert_eq!(OpenFlags(0o1102).to_string(), "read-write create truncate");
        assert_eq!(OpenFlags(0o2000000).to_string(), "read close-on-exec");
        assert_eq!(OpenFlags(0o20200001).to_string(), "write tmpfile");
        assert!(OpenFlags(0o1102).writes() && !OpenFlags(0o100).writes());
    }
}
