//! Where the fields of the kernel's structs are; the reader fills it from the running kernel's BTF.

macro_rules! offsets {
    ($($field:ident $strukt:literal $path:literal),* $(,)?) => {
        /// Byte offsets in kernel structs; [`Offsets::UNKNOWN`] where the kernel has no such field.
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        pub struct Offsets {
            $(#[doc = concat!("`", $strukt, "`: `", $path, "`.")] pub $field: u32,)*
        }

        impl Offsets {
            /// All fields unknown.
            pub const NONE: Self = Self { $($field: Self::UNKNOWN,)* };

            /// Field name, struct and member path, in the order of the fields; an empty path is the struct's size.
            pub const FIELDS: &'static [(&'static str, &'static str, &'static str)] =
                &[$((stringify!($field), $strukt, $path),)*];
        }
    };
}

offsets! {
    task_tgid "task_struct" "tgid",
    task_pid "task_struct" "pid",
    task_leader "task_struct" "group_leader",
    task_parent "task_struct" "real_parent",
    task_start "task_struct" "start_boottime",
    task_exec_id "task_struct" "self_exec_id",
    task_thread_pid "task_struct" "thread_pid",
    task_nsproxy "task_struct" "nsproxy",
    task_cred "task_struct" "cred",
    task_mm "task_struct" "mm",
    task_signal "task_struct" "signal",
    task_exit_code "task_struct" "exit_code",
    task_cgroups "task_struct" "cgroups",
    task_status "task_struct" "thread_info.status",
    pid_level "pid" "level",
    pid_numbers "pid" "numbers",
    upid_size "upid" "",
    upid_nr "upid" "nr",
    upid_ns "upid" "ns",
    pid_ns_inum "pid_namespace" "ns.inum",
    nsproxy_mnt "nsproxy" "mnt_ns",
    mnt_ns_inum "mnt_namespace" "ns.inum",
    cred_uid "cred" "uid",
    signal_live "signal_struct" "live.counter",
    signal_flags "signal_struct" "flags",
    signal_group_code "signal_struct" "group_exit_code",
    css_set_cgroup "css_set" "dfl_cgrp",
    cgroup_level "cgroup" "level",
    cgroup_ancestors "cgroup" "ancestors",
    cgroup_kn "cgroup" "kn",
    kn_id "kernfs_node" "id",
    mm_arg_start "mm_struct" "arg_start",
    mm_arg_end "mm_struct" "arg_end",
    mm_exe_file "mm_struct" "exe_file",
    bprm_filename "linux_binprm" "filename",
    bprm_interp "linux_binprm" "interp",
    file_path_mnt "file" "f_path.mnt",
    file_path_dentry "file" "f_path.dentry",
    file_inode "file" "f_inode",
    inode_ino "inode" "i_ino",
    inode_sb "inode" "i_sb",
    sb_dev "super_block" "s_dev",
    dentry_parent "dentry" "d_parent",
    dentry_name "dentry" "d_name.name",
    dentry_name_len "dentry" "d_name.len",
    mount_mnt "mount" "mnt",
    mount_parent "mount" "mnt_parent",
    mount_point "mount" "mnt_mountpoint",
    vfsmount_root "vfsmount" "mnt_root",
    fd_files "task_struct" "files",
    fd_table "files_struct" "fdt",
    fd_table_len "fdtable" "max_fds",
    fd_table_at "fdtable" "fd",
    inode_mode "inode" "i_mode",
    inode_links "inode" "i_nlink",
    socket_of_file "file" "private_data",
    socket_file "socket" "file",
    socket_sock "socket" "sk",
    socket_family "sock" "__sk_common.skc_family",
    socket_port "sock" "__sk_common.skc_dport",
    socket_ip "sock" "__sk_common.skc_daddr",
    socket_ip6 "sock" "__sk_common.skc_v6_daddr",
    later_state "sock" "__sk_common.skc_state",
    later_error "sock" "sk_err",
    ring_operation "io_kiocb" "opcode",
    ring_command "io_kiocb" "cmd",
    ring_open_directory "io_open" "dfd",
    ring_open_slot "io_open" "file_slot",
    ring_open_file "io_open" "filename",
    ring_open_flags "io_open" "how.flags",
    ring_open_mode "io_open" "how.mode",
    ring_open_resolve "io_open" "how.resolve",
    ring_file_name "filename" "name",
    regs_nr "pt_regs" "orig_ax",
    regs_a0 "pt_regs" "di",
    regs_a1 "pt_regs" "si",
    regs_a2 "pt_regs" "dx",
    regs_a3 "pt_regs" "r10",
    regs_a4 "pt_regs" "r8",
    regs_a5 "pt_regs" "r9",
}

impl Offsets {
    /// A field that the kernel does not have.
    pub const UNKNOWN: u32 = u32::MAX;
    /// The number of fields.
    pub const COUNT: usize = size_of::<Self>() / 4;
}
