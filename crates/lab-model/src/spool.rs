//! The framing of a sensor's spool: append-only, readable after `kill -9` up to the last whole frame.
//!
//! A spool is [`MAGIC`] and then frames: `length: u32 | kind: u8 | body: [u8; length] | crc: u32`, little-endian, the
//! CRC-32 (IEEE) over kind and body. What a kind means is the sensor's business.

/// First bytes of every spool; the last is the version.
pub const MAGIC: [u8; 8] = *b"SLSPOOL\x01";

/// Longest body. A longer length is damage, not data.
pub const MAX_BODY: usize = 16 << 20;

/// Appends one frame to `out`.
///
/// # Panics
/// If `body` is longer than [`MAX_BODY`]; a writer knows its records.
pub fn push_frame(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    assert!(body.len() <= MAX_BODY, "a frame of {} bytes", body.len());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.push(kind);
    out.extend_from_slice(body);
    out.extend_from_slice(&crc(kind, body).to_le_bytes());
}

fn crc(kind: u8, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(body);
    hasher.finalize()
}

/// One frame of a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// kind
    pub kind: u8,
    /// body
    pub body: &'a [u8],
    /// offset of the frame in the spool
    pub at: usize,
}

/// Why a spool stops being readable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It does not begin as a spool does.
    #[error("not a spool: it does not begin with its magic bytes")]
    Magic,
    /// It ends inside a frame: the writer was killed.
    #[error("cut off inside the frame at byte {at}")]
    CutOff {
        /// offset of the frame
        at: usize,
    },
    /// A frame's checksum is wrong, or its length cannot be.
    #[error("damaged frame at byte {at}")]
    Corrupt {
        /// offset of the frame
        at: usize,
    },
}

/// Reads the frames of a spool until its end, or until damage, which is the last item.
pub fn frames(spool: &[u8]) -> impl Iterator<Item = Result<Frame<'_>, Damage>> {
    let mut at = MAGIC.len();
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended || (at == spool.len() && spool.starts_with(&MAGIC)) {
            return None;
        }
        let item = if spool.starts_with(&MAGIC) { frame_at(spool, at) } else { Err(Damage::Magic) };
        match &item {
            Ok(frame) => at += 9 + frame.body.len(),
            Err(_) => ended = true,
        }
        Some(item)
    })
}

fn frame_at(spool: &[u8], at: usize) -> Result<Frame<'_>, Damage> {
    let rest = &spool[at..];
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Damage::CutOff { at })?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_BODY {
        return Err(Damage::Corrupt { at });
    }
    let (&kind, rest) = rest.split_first().ok_or(Damage::CutOff { at })?;
    let (body, rest) = rest.split_at_checked(length).ok_or(Damage::CutOff { at })?;
    let sum = rest.first_chunk::<4>().ok_or(Damage::CutOff { at })?;
    if u32::from_le_bytes(*sum) != crc(kind, body) {
        return Err(Damage::Corrupt { at });
    }
    Ok(Frame { kind, body, at })
}

#[cfg(test)]
mod tests {
    use super::{Damage, Frame, MAGIC, frames, push_frame};

    fn spool(bodies: &[Vec<u8>]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for (n, body) in bodies.iter().enumerate() {
            push_frame(&mut out, n as u8, body);
        }
        out
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(bodies: Vec<Vec<u8>>) {
            let spool = spool(&bodies);
            let read: Vec<Vec<u8>> = frames(&spool).map(|f| f.unwrap().body.to_vec()).collect();
            assert_eq!(read, bodies);
        }

        #[test]
        fn a_cut_keeps_every_whole_frame(bodies: Vec<Vec<u8>>, cut: proptest::sample::Index) {
            let whole = spool(&bodies);
            let cut = MAGIC.len() + cut.index(whole.len() - MAGIC.len() + 1);
            let items: Vec<_> = frames(&whole[..cut]).collect();
            let frames: Vec<&Frame<'_>> = items.iter().filter_map(|item| item.as_ref().ok()).collect();
            for (frame, body) in frames.iter().zip(&bodies) {
                assert_eq!(frame.body, body);
            }
            let end = frames.last().map_or(MAGIC.len(), |f| f.at + 9 + f.body.len());
            assert_eq!(items.last().is_some_and(Result::is_err), end != cut);
        }

        #[test]
        fn a_changed_byte_is_found(bodies: Vec<Vec<u8>>, at: proptest::sample::Index, bit in 0..8) {
            let mut spool = spool(&bodies);
            let at = at.index(spool.len());
            spool[at] ^= 1u8 << bit;
            assert!(frames(&spool).any(|item| item.is_err()));
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = frames(&bytes).count();
        }
    }

    #[test]
    fn an_empty_file_is_no_spool() {
        assert_eq!(frames(b"").collect::<Vec<_>>(), [Err(Damage::Magic)]);
    }
}
