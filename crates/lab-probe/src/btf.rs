//! A reader of the kernel's BTF that knows just enough to find a field: loading must take milliseconds, so nothing
//! is built that is not asked for.
//!
//! Source of the format: the kernel's Documentation/bpf/btf.rst.

use std::{collections::HashMap, ffi::CStr};

/// Kinds of types that are looked into.
mod kind {
    pub(super) const PTR: u32 = 2;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const VOLATILE: u32 = 9;
    pub(super) const CONST: u32 = 10;
    pub(super) const RESTRICT: u32 = 11;
    pub(super) const FUNC: u32 = 12;
    pub(super) const FUNC_PROTO: u32 = 13;
    pub(super) const TYPE_TAG: u32 = 18;
}

const MAGIC: u16 = 0xeb9f;
/// name offset, info, size or type
const TYPE: usize = 12;
/// name offset, type, offset
const MEMBER: usize = 12;

/// Types of a kernel.
pub(crate) struct Btf<'a> {
    /// where each type begins in the type section, by id
    starts: Vec<u32>,
    types: &'a [u8],
    strings: &'a [u8],
    structs: HashMap<&'a [u8], u32>,
    typedefs: HashMap<&'a [u8], u32>,
    functions: HashMap<&'a [u8], u32>,
}

#[derive(Clone, Copy)]
struct Type {
    kind: u32,
    members: usize,
    /// members' offsets hold a bit-field's size in their upper byte
    flagged: bool,
    size_or_type: u32,
    /// where what follows the type begins
    rest: usize,
}

impl<'a> Btf<'a> {
    /// Reads the raw bytes of `/sys/kernel/btf/vmlinux`; only structs and typedefs in `names`, and functions in
    /// `functions`, can be found by name.
    pub(crate) fn parse(bytes: &'a [u8], names: &[&'a str], functions: &[&'a str]) -> Option<Self> {
        if bytes.first_chunk::<2>()? != &MAGIC.to_ne_bytes() {
            return None;
        }
        let header = word(bytes, 4)? as usize;
        let section = |offset: usize, length: usize| {
            let start = header.checked_add(word(bytes, offset)? as usize)?;
            bytes.get(start..start.checked_add(word(bytes, length)? as usize)?)
        };
        let none_yet =
            |names: &[&'a str]| names.iter().map(|name| (name.as_bytes(), 0)).collect::<HashMap<_, _>>();
        let mut btf = Self {
            starts: vec![u32::MAX],
            types: section(8, 12)?,
            strings: section(16, 20)?,
            structs: none_yet(names),
            typedefs: none_yet(names),
            functions: none_yet(functions),
        };
        btf.index()?;
        Some(btf)
    }

    fn index(&mut self) -> Option<()> {
        let mut at = 0;
        while at < self.types.len() {
            let id = u32::try_from(self.starts.len()).ok()?;
            self.starts.push(u32::try_from(at).ok()?);
            let found = self.at(at)?;
            let wanted = match found.kind {
                kind::STRUCT => Some(&mut self.structs),
                kind::TYPEDEF => Some(&mut self.typedefs),
                kind::FUNC if !self.functions.is_empty() => Some(&mut self.functions),
                _ => None,
            };
            if let Some(wanted) = wanted {
                let name = name(self.strings, word(self.types, at)?)?;
                if let Some(first) = wanted.get_mut(name).filter(|id| **id == 0) {
                    *first = id;
                }
            }
            at = found.rest + extra(found.kind, found.members)?;
        }
        Some(())
    }

    fn at(&self, at: usize) -> Option<Type> {
        let info = word(self.types, at + 4)?;
        Some(Type {
            kind: info >> 24 & 0x1f,
            members: (info & 0xffff) as usize,
            flagged: info >> 31 == 1,
            size_or_type: word(self.types, at + 8)?,
            rest: at + TYPE,
        })
    }

    fn get(&self, id: u32) -> Option<Type> {
        self.at(usize::try_from(*self.starts.get(usize::try_from(id).ok()?)?).ok()?)
    }

    /// The id of a struct.
    pub(crate) fn id(&self, strukt: &str) -> Option<u32> {
        known(&self.structs, strukt)
    }

    /// Size of a struct in bytes.
    pub(crate) fn size(&self, strukt: &str) -> Option<u32> {
        Some(self.find(&self.structs, strukt)?.size_or_type)
    }

    /// Byte offset of `struct.a.b`; members of anonymous structs and unions are found as C finds them.
    pub(crate) fn offset(&self, strukt: &str, path: &str) -> Option<u32> {
        let mut found = self.find(&self.structs, strukt)?;
        let mut bits = 0;
        for name in path.split('.') {
            let (at, inner) = self.member(found, name.as_bytes())?;
            bits += at;
            found = inner;
        }
        (bits % 8 == 0).then_some(bits / 8)
    }

    /// Number of parameters of the function that a typedef points to.
    pub(crate) fn parameters(&self, typedef: &str) -> Option<usize> {
        let pointer = self.plain(self.find(&self.typedefs, typedef)?.size_or_type)?;
        let function = (pointer.kind == kind::PTR).then(|| self.plain(pointer.size_or_type))??;
        (function.kind == kind::FUNC_PROTO).then_some(function.members)
    }

    /// The id of a function.
    pub(crate) fn function(&self, name: &str) -> Option<u32> {
        known(&self.functions, name)
    }

    fn find(&self, names: &HashMap<&[u8], u32>, name: &str) -> Option<Type> {
        self.get(known(names, name)?)
    }

    fn member(&self, of: Type, wanted: &[u8]) -> Option<(u32, Type)> {
        if !matches!(of.kind, kind::STRUCT | kind::UNION) {
            return None;
        }
        for at in (0..of.members).map(|n| of.rest + n * MEMBER) {
            let called = name(self.strings, word(self.types, at)?)?;
            if called != wanted && !called.is_empty() {
                continue;
            }
            let Some(inner) = self.plain(word(self.types, at + 4)?) else { continue };
            let mask = if of.flagged { 0xff_ffff } else { u32::MAX };
            let offset = word(self.types, at + 8)? & mask;
            if called == wanted {
                return Some((offset, inner));
            }
            if let Some((more, found)) = self.member(inner, wanted) {
                return Some((offset + more, found));
            }
        }
        None
    }

    /// A type without its typedefs and qualifiers.
    fn plain(&self, mut id: u32) -> Option<Type> {
        loop {
            let found = self.get(id)?;
            match found.kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    id = found.size_or_type;
                }
                _ => return Some(found),
            }
        }
    }
}

/// The id of what has this name, if the kernel has it.
fn known(names: &HashMap<&[u8], u32>, name: &str) -> Option<u32> {
    names.get(name.as_bytes()).copied().filter(|id| *id != 0)
}

/// Bytes that follow a type of this kind.
fn extra(kind: u32, members: usize) -> Option<usize> {
    Some(match kind {
        2 | 7..=12 | 16 | 18 => 0,
        1 | 14 | 17 => 4,
        3 => 12,
        6 | 13 => members * 8,
        4 | 5 | 15 | 19 => members * MEMBER,
        _ => return None,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
}

fn name(strings: &[u8], at: u32) -> Option<&[u8]> {
    let rest = strings.get(usize::try_from(at).ok()?..)?;
    Some(CStr::from_bytes_until_nul(rest).ok()?.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::Btf;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes: Vec<u8>, magic: bool) {
            if magic {
                bytes.splice(0..0, [0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]);
            }
            if let Some(btf) = Btf::parse(&bytes, &["a"], &["a"]) {
                let _ = (btf.offset("a", "b"), btf.size("a"), btf.parameters("a"));
            }
        }
    }
}
