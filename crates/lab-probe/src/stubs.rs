//! Puts the kernel's own functions in where the object has stubs for them: see [`lab_abi::stub`].

use lab_abi::stub;
use object::{Object as _, ObjectSection as _, SectionFlags, elf::SHF_EXECINSTR};

const INSTRUCTION: usize = 8;
/// `BPF_JMP | BPF_CALL`.
const CALL: u8 = 0x85;
/// `BPF_PSEUDO_KFUNC_CALL`, as a source register: the number is a type's in the kernel's BTF.
const KERNEL_FUNCTION: u8 = 2;
/// `BPF_LD | BPF_DW | BPF_IMM`: two instructions long.
const LOAD_IMMEDIATE: u8 = 0x18;
/// `BPF_ALU64 | BPF_MOV`, of a number to register 0.
const SET: u8 = 0xb7;

/// The object with each stub replaced by a call of the function, or by no call if `find` knows none.
pub(crate) fn filled(object: &[u8], find: impl Fn(&str) -> Option<u32>) -> Result<Vec<u8>, String> {
    let functions = stub::ALL.map(|(_, name)| find(name));
    let mut filled = object.to_vec();
    let elf = object::File::parse(object).map_err(|error| format!("read the object: {error}"))?;
    for section in elf.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
        let Some((start, size)) = section.file_range() else { continue };
        if sh_flags & u64::from(SHF_EXECINSTR) == 0 {
            continue;
        }
        let range = usize::try_from(start).ok().zip(usize::try_from(size).ok());
        let code = range.and_then(|(start, size)| filled.get_mut(start..start.checked_add(size)?));
        let code = code.ok_or("read the object: a section is outside of it")?;
        fill(code, functions);
    }
    Ok(filled)
}

fn fill(code: &mut [u8], functions: [Option<u32>; stub::ALL.len()]) {
    let mut second = false;
    for instruction in code.chunks_exact_mut(INSTRUCTION) {
        if std::mem::take(&mut second) {
            continue;
        }
        second = instruction[0] == LOAD_IMMEDIATE;
        let number = u32::from_le_bytes([instruction[4], instruction[5], instruction[6], instruction[7]]);
        let of_a_helper = instruction[0] == CALL && instruction[1] == 0;
        let Some(at) = stub::ALL.iter().position(|(stub, _)| of_a_helper && *stub == number) else {
            continue;
        };
        let (operation, registers, number) = match functions[at] {
            Some(function) => (CALL, KERNEL_FUNCTION << 4, function),
            None => (SET, 0, 0),
        };
        (instruction[0], instruction[1]) = (operation, registers);
        instruction[4..].copy_from_slice(&number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use lab_abi::stub;

    use super::{fill, filled};
    use crate::load::OBJECT;

    fn stubs(code: &[u8]) -> usize {
        let is_stub = |bytes: &[u8]| {
            bytes[..4] == [0x85, 0, 0, 0]
                && stub::ALL.iter().any(|(stub, _)| bytes[4..] == stub.to_le_bytes())
        };
        code.chunks_exact(8).filter(|bytes| is_stub(bytes)).count()
    }

    #[test]
    fn every_stub_of_the_object_is_filled() {
        assert!(stubs(OBJECT) >= 2 * 30, "{}", stubs(OBJECT));
        for id in [None, Some(77)] {
            let filled = filled(OBJECT, |_| id).unwrap();
            assert_eq!((filled.len(), stubs(&filled)), (OBJECT.len(), 0));
            let calls = filled.chunks_exact(8).filter(|bytes| **bytes == [0x85, 0x20, 0, 0, 77, 0, 0, 0]);
            assert_eq!(calls.count(), if id.is_some() { stubs(OBJECT) } else { 0 });
        }
    }

    #[test]
    fn only_calls_are_filled() {
        let number = stub::PREEMPT_DISABLE.to_le_bytes();
        let mut code = vec![0x18, 0, 0, 0, 1, 0, 0, 0];
        // The second half of a load looks like a call here, and is none.
        code.extend([0x85, 0, 0, 0].iter().chain(&number));
        // A call inside the object, and a call of a helper.
        code.extend([0x85, 0x10, 0, 0].iter().chain(&number));
        code.extend([0x85, 0, 0, 0, 1, 0, 0, 0]);
        let before = code.clone();
        fill(&mut code, [Some(7), Some(8), None]);
        assert_eq!(code, before);
        code.extend([0x85, 0, 0, 0].iter().chain(&number));
        fill(&mut code, [Some(7), Some(8), None]);
        assert_eq!(code[before.len()..], [0x85, 0x20, 0, 0, 7, 0, 0, 0]);
        code.truncate(before.len());
        code.extend([0x85, 0, 0, 0].iter().chain(&number));
        fill(&mut code, [None; 3]);
        assert_eq!(code[before.len()..], [0xb7, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_object_is_told() {
        assert!(filled(b"no object", |_| None).unwrap_err().starts_with("read the object: "));
    }
}
