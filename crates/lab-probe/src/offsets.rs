//! Offsets of the kernel's fields, from the running kernel's BTF.

use std::path::Path;

use btf_rs::{Btf, BtfType, Type};
use lab_abi::{Kind, Offsets};

use crate::Error;

/// Where the running kernel describes its types.
pub(crate) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// What the kernel's types say.
pub(crate) struct KernelTypes {
    /// The value of each field of [`Offsets::FIELDS`], [`Offsets::UNKNOWN`] where there is no such field.
    pub(crate) offsets: [u32; Offsets::COUNT],
    /// The tracepoint of a process's end says whether its last thread died.
    pub(crate) exit_has_group_dead: bool,
}

impl KernelTypes {
    /// Reads them from the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let btf = Btf::from_file(path)
            .map_err(|error| Error::Btf { path: path.into(), message: format!("{error:#}") })?;
        let mut offsets = [Offsets::UNKNOWN; Offsets::COUNT];
        for (value, (_, strukt, member)) in offsets.iter_mut().zip(Offsets::FIELDS) {
            *value = offset(&btf, strukt, member).unwrap_or(Offsets::UNKNOWN);
        }
        if !ids_in_order(&btf) {
            set_unknown(&mut offsets, "cred_uid");
        }
        Ok(Self { offsets, exit_has_group_dead: parameters(&btf, "btf_trace_sched_process_exit") > 2 })
    }

    /// The fields that a kind needs and the kernel does not have, as `struct.member`; `None` is what all need.
    pub(crate) fn missing(&self, kind: Option<Kind>) -> Vec<String> {
        let fields = self.offsets.iter().zip(Offsets::FIELDS);
        fields
            .filter(|(value, (name, _, _))| **value == Offsets::UNKNOWN && needed_by(name) == kind)
            .map(|(_, (_, strukt, member))| format!("{strukt}.{member}"))
            .collect()
    }
}

fn set_unknown(offsets: &mut [u32; Offsets::COUNT], field: &str) {
    if let Some(at) = Offsets::FIELDS.iter().position(|(name, _, _)| *name == field) {
        offsets[at] = Offsets::UNKNOWN;
    }
}

/// The only kind that needs the field; `None` when who acts cannot be told without it.
fn needed_by(field: &str) -> Option<Kind> {
    let (group, _) = field.split_once('_').unwrap_or((field, ""));
    match (group, field) {
        (_, "task_mm") | ("mm" | "bprm" | "file" | "inode" | "sb" | "dentry" | "mount" | "vfsmount", _) => {
            Some(Kind::Exec)
        }
        (_, "task_signal" | "task_exit_code") | ("signal", _) => Some(Kind::Exit),
        (_, "task_cgroups") | ("css" | "cgroup" | "kn", _) => Some(Kind::Fork),
        _ => None,
    }
}

/// The programs read all eight ids at once: they must stand in this order.
fn ids_in_order(btf: &Btf) -> bool {
    let ids = ["uid", "gid", "suid", "sgid", "euid", "egid", "fsuid", "fsgid"];
    let Some(first) = offset(btf, "cred", ids[0]) else { return false };
    ids.iter().zip(0..).all(|(id, n)| offset(btf, "cred", id) == Some(first + 4 * n))
}

/// Byte offset of `struct.a.b`; with an empty path the size of the struct.
fn offset(btf: &Btf, strukt: &str, path: &str) -> Option<u32> {
    let types = btf.resolve_types_by_name(strukt).ok()?;
    let mut found = types.into_iter().find(|t| matches!(t, Type::Struct(s) if s.size() > 0))?;
    if path.is_empty() {
        return match found {
            Type::Struct(s) => u32::try_from(s.size()).ok(),
            _ => None,
        };
    }
    let mut bits = 0;
    for name in path.split('.') {
        let (at, inner) = member(btf, &found, name)?;
        bits += at;
        found = inner;
    }
    (bits % 8 == 0).then_some(bits / 8)
}

/// Bit offset and type of a member, also one of an anonymous struct or union inside.
fn member(btf: &Btf, of: &Type, name: &str) -> Option<(u32, Type)> {
    let (Type::Struct(of) | Type::Union(of)) = of else { return None };
    for member in &of.members {
        let called = btf.resolve_name(member).unwrap_or_default();
        if called != name && !called.is_empty() {
            continue;
        }
        let inner = plain(btf, member)?;
        if called == name {
            return Some((member.bit_offset(), inner));
        }
        if let Some((at, found)) = self::member(btf, &inner, name) {
            return Some((member.bit_offset() + at, found));
        }
    }
    None
}

/// The type of something without its typedefs and qualifiers.
fn plain(btf: &Btf, of: &dyn BtfType) -> Option<Type> {
    let mut found = btf.resolve_type_by_id(of.get_type_id().ok()?).ok()?;
    while let Type::Typedef(_) | Type::Const(_) | Type::Volatile(_) | Type::Restrict(_) | Type::TypeTag(_) =
        found
    {
        let id = found.as_btf_type()?.get_type_id().ok()?;
        found = btf.resolve_type_by_id(id).ok()?;
    }
    Some(found)
}

/// Number of parameters of a function pointer's typedef, 0 if there is none.
fn parameters(btf: &Btf, typedef: &str) -> usize {
    let find = || {
        let typedef = btf.resolve_types_by_name(typedef).ok()?.into_iter().next()?;
        let Type::Ptr(pointer) = plain(btf, typedef.as_btf_type()?)? else { return None };
        match plain(btf, &pointer)? {
            Type::FuncProto(proto) => Some(proto.parameters.len()),
            _ => None,
        }
    };
    find().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{KernelTypes, Kind, VMLINUX, needed_by};
    use std::path::Path;

    #[test]
    fn the_running_kernel_has_every_field() {
        if !Path::new(VMLINUX).exists() {
            println!("SKIP the_running_kernel_has_every_field: no {VMLINUX}");
            return;
        }
        let types = KernelTypes::read(Path::new(VMLINUX)).unwrap();
        for kind in [None, Some(Kind::Exec), Some(Kind::Exit), Some(Kind::Fork)] {
            assert_eq!(types.missing(kind), [] as [&str; 0], "{kind:?}");
        }
    }

    #[test]
    fn a_missing_field_refuses_the_kind_that_needs_it() {
        assert_eq!(needed_by("mount_parent"), Some(Kind::Exec));
        assert_eq!(needed_by("task_mm"), Some(Kind::Exec));
        assert_eq!(needed_by("signal_live"), Some(Kind::Exit));
        assert_eq!(needed_by("task_tgid"), None);
    }

    #[test]
    fn no_types_is_said() {
        let error = KernelTypes::read(Path::new("/nonexistent/btf")).err().unwrap().to_string();
        assert!(error.starts_with("read the kernel's types at /nonexistent/btf"), "{error}");
    }
}
