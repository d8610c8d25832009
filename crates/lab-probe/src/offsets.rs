//! Offsets of the kernel's fields, from the running kernel's BTF.

use std::{collections::BTreeMap, fs, path::Path};

use lab_abi::{Kind, Offsets, stub};

use crate::{Error, btf::Btf, kernel};

/// Where the running kernel describes its types.
pub(crate) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// What is pretended of tracepoints, and of how memory is read, not of a field.
const PREEMPTIBLE: &str = "preemptible";
/// See there.
const WITH_WORDS: &str = "words";

/// The type of the functions that hook the end of a task.
const EXIT_TRACEPOINT: &str = "btf_trace_sched_process_exit";
/// The same for the end of what a ring was given.
const RING_TRACEPOINT: &str = "btf_trace_io_uring_complete";

/// Words all through, as the programs read what they know the place of.
const WORDS: &str = "pt_regs";

/// What the kernel's types say.
pub(crate) struct KernelTypes {
    /// The value of each field of [`Offsets::FIELDS`], [`Offsets::UNKNOWN`] where there is no such field.
    pub(crate) offsets: [u32; Offsets::COUNT],
    /// The tracepoint of a process's end says whether its last thread died.
    pub(crate) exit_has_group_dead: bool,
    /// The tracepoint of a ring's completion has the entry that the caller gets, not its parts.
    pub(crate) ring_has_entry: bool,
    /// A tracepoint leaves preemption on.
    pub(crate) preemptible: bool,
    /// Where the kernel's functions of [`stub::ALL`] are, those that it has and that are of use.
    pub(crate) functions: BTreeMap<&'static str, u32>,
    /// The type as which memory is read, 0 where the kernel has no function to read it as another.
    pub(crate) words: u32,
}

impl KernelTypes {
    /// Reads them from the file at `path`. `pretended` are fields that are taken to be elsewhere, or nowhere, and whether
    /// tracepoints are taken to be [`PREEMPTIBLE`] and memory to be read directly: what a kernel would do that has it so.
    pub(crate) fn read(path: &Path, pretended: &[(String, u32)]) -> Result<Self, Error> {
        let said =
            |what: &str| pretended.iter().rfind(|(name, _)| name == what).map(|(_, value)| *value != 0);
        let preemptible =
            said(PREEMPTIBLE).unwrap_or_else(|| kernel::tracepoints_are_preemptible(&kernel::release()));
        let refuse = |message: String| Error::Btf { path: path.into(), message };
        let bytes = fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let mut names: Vec<&str> = Offsets::FIELDS.iter().map(|(_, strukt, _)| *strukt).collect();
        names.extend([EXIT_TRACEPOINT, RING_TRACEPOINT]);
        let functions = stub::ALL.map(|(_, name)| name);
        let btf = Btf::parse(&bytes, &names, &functions).ok_or_else(|| refuse("it is damaged".to_owned()))?;
        let mut offsets = [Offsets::UNKNOWN; Offsets::COUNT];
        for (value, (_, strukt, member)) in offsets.iter_mut().zip(Offsets::FIELDS) {
            let found = if member.is_empty() { btf.size(strukt) } else { btf.offset(strukt, member) };
            *value = found.unwrap_or(Offsets::UNKNOWN);
        }
        if !ids_in_order(&btf) {
            set_unknown(&mut offsets, "cred_uid");
        }
        // Its parameters: the hook's data, the task, and since 6.17 whether the group is dead.
        let exit_has_group_dead = btf.parameters(EXIT_TRACEPOINT).is_some_and(|count| count > 2);
        // The hook's data, the ring, the request, and since 6.16 the entry; before, six more.
        let ring_has_entry = btf.parameters(RING_TRACEPOINT) == Some(4);
        let mut functions: BTreeMap<_, _> =
            functions.iter().filter_map(|name| Some((*name, btf.function(name)?))).collect();
        if !(preemptible && stub::PREEMPTION.iter().all(|name| functions.contains_key(name))) {
            functions.retain(|name, _| !stub::PREEMPTION.contains(name));
        }
        let cast = functions.contains_key(stub::CAST)
            && said(WITH_WORDS).unwrap_or_else(|| !kernel::programs_are_interpreted());
        let words = btf.id(WORDS).filter(|_| cast).unwrap_or(0);
        let fields = pretended.iter().filter(|(name, _)| name != PREEMPTIBLE && name != WITH_WORDS);
        for (field, offset) in fields {
            let at = Offsets::FIELDS.iter().position(|(name, _, _)| name == field);
            let at = at.ok_or_else(|| Error::Fields { fields: format!("the field `{field}`") })?;
            offsets[at] = *offset;
        }
        Ok(Self { offsets, exit_has_group_dead, ring_has_entry, preemptible, functions, words })
    }

    /// The fields that a kind needs and the kernel does not have, as `struct.member`; `None` is what all need.
    pub(crate) fn missing(&self, kind: Option<Kind>) -> Vec<String> {
        let fields = self.offsets.iter().zip(Offsets::FIELDS);
        fields
            .filter(|(value, (name, _, _))| **value == Offsets::UNKNOWN && is_needed(name, kind))
            .map(|(_, (_, strukt, member))| format!("{strukt}.{member}"))
            .collect()
    }
}

fn set_unknown(offsets: &mut [u32; Offsets::COUNT], field: &str) {
    if let Some(at) = Offsets::FIELDS.iter().position(|(name, _, _)| *name == field) {
        offsets[at] = Offsets::UNKNOWN;
    }
}

fn is_needed(field: &str, kind: Option<Kind>) -> bool {
    let kinds = needed_by(field);
    kind.map_or(kinds.is_empty(), |kind| kinds.contains(&kind))
}

/// The kinds that need the field; none when who acts cannot be told without it.
fn needed_by(field: &str) -> &'static [Kind] {
    let (group, _) = field.split_once('_').unwrap_or((field, ""));
    match (group, field) {
        (_, "task_mm" | "mm_arg_start" | "mm_arg_end" | "mm_exe_file") | ("bprm", _) => &[Kind::Exec],
        ("fd", _) => &[Kind::Open, Kind::Send, Kind::ConnectLater, Kind::IoUring, Kind::Read, Kind::Write],
        (_, "inode_links") => &[Kind::Exec],
        ("later", _) => &[Kind::ConnectLater],
        ("ring", _) => &[Kind::IoUring],
        ("file" | "inode" | "sb" | "dentry" | "mount" | "vfsmount", _) => {
            &[Kind::Exec, Kind::Open, Kind::IoUring, Kind::Read, Kind::Write]
        }
        (_, "task_signal" | "task_exit_code") | ("signal", _) => &[Kind::Exit],
        ("socket", _) => &[Kind::Send, Kind::ConnectLater],
        (_, "task_cgroups") | ("css" | "cgroup" | "kn", _) => &[Kind::Fork],
        _ => &[],
    }
}

/// The programs read all eight ids at once: they must stand in this order.
fn ids_in_order(btf: &Btf<'_>) -> bool {
    let ids = ["uid", "gid", "suid", "sgid", "euid", "egid", "fsuid", "fsgid"];
    let Some(first) = btf.offset("cred", ids[0]) else { return false };
    ids.iter().zip(0..).all(|(id, n)| btf.offset("cred", id) == Some(first + 4 * n))
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
        let types = KernelTypes::read(Path::new(VMLINUX), &[]).unwrap();
        for kind in std::iter::once(None).chain(Kind::EVENTS.iter().copied().map(Some)) {
            assert_eq!(types.missing(kind), [] as [&str; 0], "{kind:?}");
        }
    }

    #[test]
    fn a_missing_field_refuses_the_kind_that_needs_it() {
        assert_eq!(
            needed_by("mount_parent"),
            [Kind::Exec, Kind::Open, Kind::IoUring, Kind::Read, Kind::Write]
        );
        assert_eq!(needed_by("task_mm"), [Kind::Exec]);
        assert_eq!(needed_by("signal_live"), [Kind::Exit]);
        assert_eq!(needed_by("socket_of_file"), [Kind::Send, Kind::ConnectLater]);
        assert_eq!(needed_by("ring_operation"), [Kind::IoUring]);
        assert_eq!(needed_by("task_tgid"), []);
    }

    #[test]
    fn no_types_is_said() {
        let error = KernelTypes::read(Path::new("/nonexistent/btf"), &[]).err().unwrap().to_string();
        assert!(error.starts_with("read the kernel's types at /nonexistent/btf"), "{error}");
    }
}
