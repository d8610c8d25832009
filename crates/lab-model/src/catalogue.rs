//! The catalogue of sensors: one entry for each.

use crate::{Action, Field, Knowledge, LossExactness, SensorEntry, SensorKind, Transport};

const fn knows(action: Action, fields: &'static [Field]) -> Knowledge {
    Knowledge { action, fields, only: None }
}

const fn knows_only(only: Transport, action: Action, fields: &'static [Field]) -> Knowledge {
    Knowledge { action, fields, only: Some(only) }
}

/// Every sensor, in the order in which matrices show them.
pub const CATALOGUE: &[SensorEntry] = &[
    SensorEntry {
        kind: SensorKind::Probe,
        word: "probe",
        about: "our eBPF programs on tracepoints",
        perturbs: false,
        process: true,
        loss: LossExactness::Ranges,
        knows: {
            use Field::{
                Address, After, Argv, Backlog, Before, Call, Child, Code, Command, Device, Directory,
                Effective, Exe, File, Flags, From, Group, Ids, Inheritable, Length, Mode, Name, Offset,
                Operation, Owner, Parameters, Parent, Path, Peer, Permitted, Persona, Protection, Request,
                Requested, Result, Signal, Start, Target, To, Type, Unmount,
            };
            &[
                knows(Action::Exec, &[Path, Argv, Exe, Result, Ids, Start, Parent]),
                knows(Action::Fork, &[Child, Ids, Start, Parent]),
                knows(Action::Exit, &[Code, Signal, Ids, Start, Parent]),
                knows(Action::SetId, &[Call, Requested, Before, After, Result, Start, Parent]),
                knows(Action::Open, &[Path, Flags, Result, Ids, Start, Parent]),
                knows(Action::Unlink, &[Path, Directory, Result, Ids, Start, Parent]),
                knows(Action::Rename, &[From, To, Result, Ids, Start, Parent]),
                knows(Action::Connect, &[Address, Result, Ids, Start, Parent]),
                knows(Action::Bind, &[Address, Result, Ids, Start, Parent]),
                knows(Action::Accept, &[Peer, Result, Ids, Start, Parent]),
                knows(Action::Mkdir, &[Path, Mode, Result, Ids, Start, Parent]),
                knows(Action::HardLink, &[From, To, Result, Ids, Start, Parent]),
                knows(Action::Symlink, &[Path, To, Result, Ids, Start, Parent]),
                knows(Action::Chmod, &[Path, Mode, Result, Ids, Start, Parent]),
                knows(Action::Chown, &[Path, Owner, Group, Result, Ids, Start, Parent]),
                knows(Action::Truncate, &[Path, Length, Result, Ids, Start, Parent]),
                knows(Action::Mknod, &[Path, Mode, Device, Result, Ids, Start, Parent]),
                knows(Action::Listen, &[Backlog, Result, Ids, Start, Parent]),
                knows(Action::Send, &[Address, Length, Result, Ids, Start, Parent]),
                knows(Action::Ptrace, &[Request, Target, Result, Ids, Start, Parent]),
                knows(Action::ProcessVm, &[Call, Target, Result, Ids, Start, Parent]),
                knows(
                    Action::Capability,
                    &[Target, Effective, Permitted, Inheritable, Result, Ids, Start, Parent],
                ),
                knows(Action::Namespace, &[Call, Flags, Result, Ids, Start, Parent]),
                knows(Action::Memfd, &[Name, Flags, Result, Ids, Start, Parent]),
                knows(Action::Signal, &[Signal, Target, Result, Ids, Start, Parent]),
                knows(Action::Seccomp, &[Operation, Flags, Result, Ids, Start, Parent]),
                knows(Action::Personality, &[Persona, Result, Ids, Start, Parent]),
                knows(
                    Action::Mount,
                    &[Call, From, To, Type, Flags, Unmount, Command, Parameters, Result, Ids, Start, Parent],
                ),
                knows(Action::Module, &[Call, Name, Parameters, Result, Ids, Start, Parent]),
                knows(Action::Bpf, &[Command, Type, Result, Ids, Start, Parent]),
                knows(Action::Keyctl, &[Call, Operation, Type, Name, Result, Ids, Start, Parent]),
                knows(Action::IoUring, &[Call, Length, Flags, Operation, Result, Ids, Start, Parent]),
                knows(
                    Action::Read,
                    &[Call, Path, File, Offset, Length, Protection, Result, Ids, Start, Parent],
                ),
                knows(
                    Action::Write,
                    &[Call, Path, File, From, Offset, Length, Protection, Result, Ids, Start, Parent],
                ),
            ]
        },
        blind: &[
            (
                "io_uring",
                "of what a ring is given, opens are told with path and result, of all else only which operation it is",
            ),
            (
                "send",
                "what is written to a socket by write, writev, sendfile or splice is not told; of sendmmsg the questions \
                 of the first two messages are",
            ),
            ("questions", "it looks for them in what goes to port 53, and servers may have any other"),
        ],
    },
    SensorEntry {
        kind: SensorKind::Strace,
        word: "strace",
        about: "Debian's strace, attached to the subject",
        perturbs: true,
        process: true,
        loss: LossExactness::Total,
        knows: {
            use Field::{
                Address, Argv, Backlog, Call, Child, Code, Command, Device, Directory, Flags, From, Group,
                Length, Mode, Name, Operation, Owner, Parameters, Path, Peer, Persona, Request, Requested,
                Result, Signal, Target, To, Type, Unmount,
            };
            &[
                knows(Action::Exec, &[Path, Argv, Result]),
                knows(Action::Fork, &[Child]),
                knows(Action::Exit, &[Code, Signal]),
                knows(Action::SetId, &[Call, Requested, Result]),
                knows(Action::Open, &[Path, Flags, Result]),
                knows(Action::Unlink, &[Path, Directory, Result]),
                knows(Action::Rename, &[From, To, Result]),
                knows(Action::Connect, &[Address, Result]),
                knows(Action::Bind, &[Address, Result]),
                knows(Action::Accept, &[Peer, Result]),
                knows(Action::Mkdir, &[Path, Mode, Result]),
                knows(Action::HardLink, &[From, To, Result]),
                knows(Action::Symlink, &[Path, To, Result]),
                knows(Action::Chmod, &[Path, Mode, Result]),
                knows(Action::Chown, &[Path, Owner, Group, Result]),
                knows(Action::Truncate, &[Path, Length, Result]),
                knows(Action::Mknod, &[Path, Mode, Device, Result]),
                knows(Action::Listen, &[Backlog, Result]),
                knows(Action::Ptrace, &[Request, Target, Result]),
                knows(Action::Capability, &[Result]),
                knows(Action::Namespace, &[Call, Flags, Result]),
                knows(Action::Memfd, &[Name, Flags, Result]),
                knows(Action::Signal, &[Signal, Target, Result]),
                knows(Action::Seccomp, &[Operation, Flags, Result]),
                knows(Action::Personality, &[Persona, Result]),
                knows(Action::Mount, &[Call, From, To, Type, Flags, Unmount, Result]),
                knows(Action::Module, &[Call, Name, Parameters, Result]),
                knows(Action::Bpf, &[Command, Result]),
                knows(Action::IoUring, &[Length, Flags, Result]),
            ]
        },
        blind: &[
            ("ids", "it sees the calls that change ids, not the ids that a process has"),
            ("io_uring", "calls made through a ring are not system calls"),
            ("process-vm, keyctl", "it would write what is moved, and what a key holds, to its log"),
            (
                "rt_sigqueueinfo, fchmodat2",
                "it is not asked for the first, and Debian 12's does not know the second",
            ),
            ("fsopen, fsconfig, fsmount, fspick, open_tree, mount_setattr", "it is not asked for them"),
            ("send", "strace would write the content of streams to its log, so it is told not to look"),
        ],
    },
    SensorEntry {
        kind: SensorKind::Auditd,
        word: "auditd",
        about: "the kernel's audit subsystem and its daemon, with a rule for the subject's login session",
        perturbs: false,
        process: true,
        loss: LossExactness::Total,
        knows: {
            use Field::{
                Address, After, Argv, Backlog, Call, Child, Code, Command, Device, Directory, Exe, Flags,
                From, Group, Ids, Length, Mode, Operation, Owner, Parent, Path, Peer, Persona, Request,
                Requested, Result, Signal, Target, To, Unmount,
            };
            &[
                knows(Action::Exec, &[Path, Argv, Exe, Result, Ids, Parent]),
                knows(Action::Fork, &[Child, Ids, Parent]),
                knows(Action::Exit, &[Code, Ids, Parent]),
                knows(Action::SetId, &[Call, Requested, After, Result, Parent]),
                knows(Action::Open, &[Path, Flags, Result, Ids, Parent]),
                knows(Action::Unlink, &[Path, Directory, Result, Ids, Parent]),
                knows(Action::Rename, &[From, To, Result, Ids, Parent]),
                knows(Action::Connect, &[Address, Result, Ids, Parent]),
                knows(Action::Bind, &[Address, Result, Ids, Parent]),
                knows(Action::Accept, &[Peer, Result, Ids, Parent]),
                knows(Action::Mkdir, &[Path, Mode, Result, Ids, Parent]),
                knows(Action::HardLink, &[From, To, Result, Ids, Parent]),
                knows(Action::Symlink, &[Path, To, Result, Ids, Parent]),
                knows(Action::Chmod, &[Path, Mode, Result, Ids, Parent]),
                knows(Action::Chown, &[Path, Owner, Group, Result, Ids, Parent]),
                knows(Action::Truncate, &[Path, Length, Result, Ids, Parent]),
                knows(Action::Mknod, &[Path, Mode, Device, Result, Ids, Parent]),
                knows(Action::Listen, &[Backlog, Result, Ids, Parent]),
                knows(Action::Ptrace, &[Request, Target, Result, Ids, Parent]),
                knows(Action::ProcessVm, &[Call, Target, Result, Ids, Parent]),
                knows(Action::Capability, &[Result, Ids, Parent]),
                knows(Action::Namespace, &[Call, Flags, Result, Ids, Parent]),
                knows(Action::Signal, &[Signal, Target, Result, Ids, Parent]),
                knows(Action::Seccomp, &[Operation, Flags, Result, Ids, Parent]),
                knows(Action::Personality, &[Persona, Result, Ids, Parent]),
                knows(Action::Mount, &[Call, To, Flags, Unmount, Result, Ids, Parent]),
                knows(Action::Module, &[Call, Result, Ids, Parent]),
                knows(Action::Bpf, &[Command, Result, Ids, Parent]),
                knows(Action::Keyctl, &[Call, Operation, Result, Ids, Parent]),
                knows(Action::IoUring, &[Length, Result, Ids, Parent]),
            ]
        },
        blind: &[
            ("killed processes", "a process that a signal ends makes no call that could be recorded"),
            (
                "clone3",
                "its flags lie in the caller's memory: whether it made a process or a thread is not said",
            ),
            ("setgroups", "the list of groups lies in the caller's memory"),
            ("time", "calls are stamped with the last clock tick before they began"),
            ("io_uring", "its operations have records of their own kind, which the rule does not ask for"),
            (
                "names that were refused",
                "a mkdir, mknod, link, symlink or rename that is refused has records of the folders alone, or two paths of which nothing says which is which",
            ),
            ("memfd", "the name lies in the caller's memory"),
            (
                "mount",
                "source and type lie in the caller's memory; so do the sets of capset, and what a key is called",
            ),
            (
                "move_mount, fsopen, fsconfig, fsmount, fspick, open_tree, mount_setattr",
                "it is not asked for them",
            ),
            ("fchmodat2", "Debian 12's auditctl does not know it"),
            ("send", "it is not asked for what is sent, for every line to the system's log is"),
        ],
    },
    SensorEntry {
        kind: SensorKind::Bpftrace,
        word: "bpftrace",
        about: "Debian's bpftrace, with a script for the subject's cgroup",
        perturbs: false,
        process: true,
        loss: LossExactness::Total,
        knows: {
            use Field::{Address, Child, Code, Directory, Flags, From, Path, Result, To};
            &[
                knows(Action::Exec, &[Path, Result]),
                knows(Action::Fork, &[Child]),
                knows(Action::Exit, &[Code]),
                knows(Action::Open, &[Path, Flags, Result]),
                knows(Action::Unlink, &[Path, Directory, Result]),
                knows(Action::Rename, &[From, To, Result]),
                knows(Action::Connect, &[Address, Result]),
            ]
        },
        blind: &[
            ("arguments", "its stack has room for one text at a time, and a program may have any number"),
            (
                "long texts",
                "of more than 198 bytes the rest is cut off: such a call counts as lost, and is compared with nothing",
            ),
            ("ids", "to look into the kernel's structures it compiles for seconds"),
            ("killed processes", "a process that a signal ends makes no call that could be recorded"),
            ("setid, accept, and the rest", "the script asks for seven actions"),
            ("new cgroups", "who moves into a cgroup that is made once it watches is out of sight"),
            ("last threads", "a process whose last thread ends by plain exit ends unseen"),
            (
                "clone3",
                "if the memory of its flags is not there yet, a thread that it makes is taken for a process",
            ),
            ("who", "it knows pid and thread, neither when a process began nor whose child it is"),
            ("calls of 32 bits", "they have other numbers"),
            ("io_uring", "calls made through a ring do not pass the system call tracepoints"),
        ],
    },
    SensorEntry {
        kind: SensorKind::Tcpdump,
        word: "tcpdump",
        about: "Debian's tcpdump on the loopback, told to look at the lab's addresses alone",
        perturbs: false,
        process: false,
        loss: LossExactness::Total,
        knows: {
            use Field::{Address, Length, Questions, Result};
            &[
                knows_only(Transport::Stream, Action::Connect, &[Address, Result]),
                knows_only(Transport::Datagram, Action::Send, &[Address, Questions, Length]),
            ]
        },
        blind: &[
            ("processes", "no packet says which process sent it"),
            ("connected datagram sockets", "to connect one notes an address and sends nothing"),
            ("streams", "of TCP it sees connections begin and be refused, and none of what is sent"),
            ("accept, bind, listen", "the kernel makes a connection before a program takes it"),
            ("other addresses", "what goes to an address that no act of the scenario names is not the lab's"),
        ],
    },
    SensorEntry {
        kind: SensorKind::Proc,
        word: "proc",
        about: "our poller of /proc, which looks at each process of the subject's cgroup again and again",
        perturbs: false,
        process: true,
        loss: LossExactness::Unknown,
        knows: {
            use Field::{Argv, Child, Exe, Parent, Result, Start};
            &[
                knows(Action::Exec, &[Argv, Exe, Result, Start, Parent]),
                knows(Action::Fork, &[Child, Start]),
                knows(Action::Exit, &[Start]),
            ]
        },
        blind: &[
            (
                "short lives",
                "a process that begins and ends between two rounds was never there; nobody knows how many",
            ),
            (
                "steps between",
                "of several images between two rounds it sees the last, of several changes of ids their sum",
            ),
            ("failed calls", "what did not come to be cannot be seen"),
            ("everything but processes", "no file, no address and no signal can be looked at again"),
            ("time", "something happened between one round and the next; when in between is not known"),
            ("path", "an image has the name to which links lead; of a script that is its interpreter"),
            (
                "arguments",
                "of a script the kernel puts the interpreter's before them, and a process may write over its own",
            ),
            ("ids", "they are those of the moment of looking, and no call is known that changed them"),
            ("the code of an exit", "the process is not there any more"),
            ("orphans", "whose parent has ended names another one, and who made it is not known"),
            (
                "the same image",
                "who executes what its parent is, or, as an orphan, what any other is, has not executed for all that can be seen",
            ),
            (
                "moving",
                "who is moved out of the cgroup is taken for ended; who is moved in and began within the last second, for begun there",
            ),
        ],
    },
];
