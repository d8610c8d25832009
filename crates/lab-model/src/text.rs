//! Bytes that are usually text: paths, arguments, names; kept whole, whatever they hold.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes from the kernel or a tool. In JSON and in print a string: valid UTF-8 stands as it is, a backslash is
/// `\\`, and a byte that is not part of valid UTF-8 is `\xNN`. The form is lossless. Copies share the bytes: a fact has
/// the paths of its events.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<[u8]>);

impl Text {
    /// The bytes themselves.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text with invalid UTF-8 replaced; for search and for people, not for identity.
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// True if `needle` occurs in it.
    pub fn contains(&self, needle: &str) -> bool {
        !needle.is_empty() && self.0.windows(needle.len()).any(|w| w == needle.as_bytes())
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into_bytes().into())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c == '\\' { f.write_str("\\\\")? } else { fmt::Write::write_char(f, c)? }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// A text whose escapes are not of the form that [`Text`] prints.
#[derive(Debug, thiserror::Error)]
#[error("bad escape in text at byte {at}, expected `\\\\` or `\\xNN`")]
pub struct BadEscape {
    at: usize,
}

impl FromStr for Text {
    type Err = BadEscape;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
        while let Some(&byte) = bytes.get(at) {
            if byte != b'\\' {
                out.push(byte);
                at += 1;
                continue;
            }
            match bytes.get(at + 1) {
                Some(b'\\') => {
                    out.push(b'\\');
                    at += 2;
                }
                Some(b'x') => {
                    let hex = text.get(at + 2..at + 4).ok_or(BadEscape { at })?;
                    out.push(u8::from_str_radix(hex, 16).map_err(|_| BadEscape { at })?);
                    at += 4;
                }
                _ => return Err(BadEscape { at }),
            }
        }
        Ok(Self(out.into()))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    proptest::proptest! {
        #[test]
        fn json_is_lossless(bytes: Vec<u8>) {
            let text = Text::from(bytes);
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text);
        }
    }

    #[test]
    fn a_bad_escape_names_its_place() {
        assert_eq!(
            r"a\q".parse::<Text>().unwrap_err().to_string(),
            r"bad escape in text at byte 1, expected `\\` or `\xNN`"
        );
    }
}
