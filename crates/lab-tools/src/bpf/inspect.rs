//! What is in an object: programs, maps and the size of its BTF.

use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};
use serde::Serialize;

use crate::Error;

/// One program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// What it attaches to: `tracepoint`, `tp_btf/sched_process_exec`.
    pub section: String,
    /// Size of its code in bytes; eight are one instruction.
    pub size: u64,
}

/// One map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Map {
    /// Its name.
    pub name: String,
    /// `hash`, `ringbuf`; the number of a kind that has no name here.
    pub kind: String,
    /// Bytes of a key.
    pub key: u32,
    /// Bytes of a value.
    pub value: u32,
    /// Entries, or the bytes of a ring buffer, as the object has them; whoever loads it may say otherwise.
    pub entries: u32,
}

/// What is in an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspected {
    /// Programs, by section and name.
    pub programs: Vec<Program>,
    /// Maps, by name.
    pub maps: Vec<Map>,
    /// Size of the whole object in bytes.
    pub size: u64,
    /// Size of its type information (`.BTF` and `.BTF.ext`) in bytes.
    pub btf_size: u64,
}

/// Reads an object.
pub fn inspect(path: &std::path::Path) -> Result<Inspected, Error> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    parse(&bytes).map_err(|error| Error::Format { path: path.to_owned(), what: error.to_string() })
}

fn parse(bytes: &[u8]) -> Result<Inspected, object::Error> {
    let file = ElfFile64::<object::Endianness>::parse(bytes)?;
    let mut programs = Vec::new();
    let mut maps = Vec::new();
    for symbol in file.symbols() {
        let Some(section) = symbol.section_index() else { continue };
        let section = file.section_by_index(section)?;
        let (name, section_name) = (symbol.name()?.to_owned(), section.name()?.to_owned());
        match symbol.kind() {
            // `.text` holds functions that programs call.
            SymbolKind::Text if section.kind() == SectionKind::Text && section_name != ".text" => {
                programs.push(Program { name, section: section_name, size: symbol.size() });
            }
            SymbolKind::Data if section_name == "maps" => {
                let range = section.data_range(symbol.address(), DEFINITION)?.unwrap_or_default();
                maps.push(map(name, range));
            }
            _ => {}
        }
    }
    programs.sort_by(|a, b| (&a.section, &a.name).cmp(&(&b.section, &b.name)));
    maps.sort_by(|a, b| a.name.cmp(&b.name));
    let section_size = |name: &str| file.section_by_name(name).map_or(0, |section| section.size());
    let btf_size = section_size(".BTF") + section_size(".BTF.ext");
    Ok(Inspected { programs, maps, size: bytes.len() as u64, btf_size })
}

/// Bytes of `struct bpf_map_def`: kind, size of a key, size of a value, entries, flags, and two of the loader's own.
const DEFINITION: u64 = 28;

/// Kinds of map: linux/bpf.h, `enum bpf_map_type`.
const KINDS: [(u32, &str); 8] = [
    (1, "hash"),
    (2, "array"),
    (3, "prog-array"),
    (4, "perf-event-array"),
    (5, "percpu-hash"),
    (6, "percpu-array"),
    (9, "lru-hash"),
    (27, "ringbuf"),
];

fn map(name: String, definition: &[u8]) -> Map {
    // The object is for bpfel: little-endian.
    let mut fields = definition
        .chunks_exact(4)
        .map(|bytes| bytes.iter().rev().fold(0, |n, byte| n << 8 | u32::from(*byte)));
    let mut next = || fields.next().unwrap_or(0);
    let (kind, key, value, entries) = (next(), next(), next(), next());
    let word = KINDS.iter().find(|(number, _)| *number == kind).map(|(_, word)| (*word).to_owned());
    Map { name, kind: word.unwrap_or_else(|| kind.to_string()), key, value, entries }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_have_their_sizes() {
        let object =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(crate::bpf::PREBUILT_OBJECT);
        let maps = inspect(&object).unwrap().maps;
        let find = |name: &str| maps.iter().find(|map| map.name == name).unwrap();
        assert_eq!(find("RECORDS").kind, "ringbuf");
        assert!(find("RECORDS").entries >= 4096, "{:?}", find("RECORDS"));
        let slots = find("SLOTS");
        assert_eq!((slots.kind.as_str(), slots.key), ("hash", 8), "{slots:?}");
        assert!(maps.iter().all(|map| map.entries > 0), "{maps:?}");
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no ELF").unwrap();
        let error = inspect(file.path()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("read {}: ", file.path().display())), "{error}");
    }
}
