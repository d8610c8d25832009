//! How a bundle leaves a virtual machine: parcels in a piece of shared memory, each with its length and its hash, so that
//! whoever receives them knows which ones are whole.
//!
//! A parcel is a line `parcel WORD LENGTH SHA256`, and then as many bytes: an archive of files. Zeroes, which the memory
//! begins with, are no parcel. A machine that dies has sent some whole parcels and perhaps the beginning of one more.

use std::io::{self, BufRead, Write};

use sha2::{Digest, Sha256};

/// Longest header; a longer line is none.
const HEADER: u64 = 128;

/// What a parcel is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// more may come
    Part,
    /// with it the bundle is whole
    Last,
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Self::Part => "part",
            Self::Last => "last",
        }
    }
}

/// What came out of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parcels {
    /// the archives, each as its hash says
    pub archives: Vec<Vec<u8>>,
    /// the last of them completes the bundle
    pub complete: bool,
    /// why what followed was not taken, if anything did
    pub rest: Option<String>,
}

/// Sends a parcel.
///
/// # Errors
/// If there is no room for it.
pub fn write(window: &mut impl Write, word: Word, archive: &[u8]) -> io::Result<()> {
    writeln!(window, "parcel {} {} {}", word.text(), archive.len(), hash(archive))?;
    window.write_all(archive)?;
    window.flush()
}

/// Receives what was sent. What is no whole parcel ends it: nothing behind can be trusted to begin where it seems to.
///
/// # Errors
/// If it cannot be read at all.
pub fn read(mut window: impl BufRead) -> io::Result<Parcels> {
    let mut parcels = Parcels::default();
    loop {
        let mut header = Vec::new();
        io::Read::take(&mut window, HEADER).read_until(b'\n', &mut header)?;
        if header.iter().all(|byte| *byte == 0) {
            return Ok(parcels);
        }
        match one(&mut window, &header)? {
            Ok((word, archive)) => {
                parcels.complete = word == Word::Last;
                parcels.archives.push(archive);
            }
            Err(why) => {
                let number = parcels.archives.len() + 1;
                return Ok(Parcels {
                    complete: false,
                    rest: Some(format!("parcel {number}: {why}")),
                    ..parcels
                });
            }
        }
    }
}

fn one(window: &mut impl BufRead, header: &[u8]) -> io::Result<Result<(Word, Vec<u8>), String>> {
    let text = String::from_utf8_lossy(header);
    let fields: Vec<&str> = text.trim_end().split(' ').collect();
    let (word, length, expected) = match fields.as_slice() {
        ["parcel", "part", length, hash] => (Word::Part, length.parse::<u64>(), *hash),
        ["parcel", "last", length, hash] => (Word::Last, length.parse::<u64>(), *hash),
        _ => return Ok(Err("it has no header".to_owned())),
    };
    let Ok(length) = length else { return Ok(Err("its length is no number".to_owned())) };
    let mut archive = Vec::new();
    let read = io::Read::read_to_end(&mut io::Read::take(window, length), &mut archive)?;
    if read as u64 != length {
        return Ok(Err(format!("it ends after {read} of {length} bytes")));
    }
    let found = hash(&archive);
    if found != expected {
        return Ok(Err(format!("its hash is {found}, and {expected} was sent")));
    }
    Ok(Ok((word, archive)))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Word, read, write};

    fn sent() -> Vec<u8> {
        let mut line = Vec::new();
        write(&mut line, Word::Part, b"one\nparcel").unwrap();
        write(&mut line, Word::Last, &[0, 255, b'\n']).unwrap();
        line
    }

    #[test]
    fn what_was_sent_whole_is_received() {
        let parcels = read(&*sent()).unwrap();
        assert_eq!(parcels.archives, [b"one\nparcel".to_vec(), vec![0, 255, b'\n']]);
        assert!(parcels.complete && parcels.rest.is_none());
        let nothing = read(&[0; 4096][..]).unwrap();
        assert_eq!((nothing.archives.len(), nothing.complete, nothing.rest), (0, false, None));
    }

    #[test]
    fn what_was_cut_off_or_altered_is_not_taken() {
        let line = sent();
        for end in 1..line.len() {
            let parcels = read(&line[..end]).unwrap();
            assert!(!parcels.complete, "{end}");
            assert!(parcels.rest.is_some() || parcels.archives.len() == 1, "{end}");
        }
        let mut altered = line.clone();
        let last = altered.len() - 1;
        altered[last] ^= 1;
        let parcels = read(&*altered).unwrap();
        assert_eq!((parcels.archives.len(), parcels.complete), (1, false));
        assert!(parcels.rest.unwrap().contains("its hash is"));
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(bytes: Vec<u8>) {
            let _ = read(&*bytes);
        }
    }
}
