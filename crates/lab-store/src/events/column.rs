//! The columns of an events file: one table, from which writing, reading and the schema follow.
//!
//! docs/bundle.md says what each column means; a test holds it to this table.

use std::{collections::BTreeMap, sync::LazyLock};

use lab_model::Action;

/// What a column holds. Every column may be null: unknown, or of no meaning for the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8
    Text,
    /// signed, 64 bits
    Number,
    /// true or false
    Flag,
    /// list of UTF-8
    Texts,
}

/// How a column's values are laid out when a dictionary of them does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// few values: a dictionary, and differences if it grows too large
    Dictionary,
    /// numbers that grow: differences from the start
    Delta,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// its name
    pub name: &'static str,
    /// what it holds
    pub kind: ColumnKind,
    pub(crate) layout: Layout,
    /// where its value stands in an event's JSON, by action
    places: &'static [Place],
}

/// A place in an event's JSON, with dots between names.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// in every event
    Any(&'static str),
    /// in the payload of one action
    Of(Action, &'static str),
    /// in the payload of every action but these
    But(&'static [Action], &'static str),
}

const fn text(name: &'static str, places: &'static [Place]) -> Column {
    Column { name, kind: ColumnKind::Text, layout: Layout::Dictionary, places }
}

const fn number(name: &'static str, places: &'static [Place]) -> Column {
    Column { name, kind: ColumnKind::Number, layout: Layout::Dictionary, places }
}

const fn growing(name: &'static str, places: &'static [Place]) -> Column {
    Column { name, kind: ColumnKind::Number, layout: Layout::Delta, places }
}

const fn flag(name: &'static str, places: &'static [Place]) -> Column {
    Column { name, kind: ColumnKind::Flag, layout: Layout::Dictionary, places }
}

use Action::{
    Accept, Alert, Bpf, Connect, Dns, Exec, Exit, Flow, Fork, HardLink, IoUring, Keyctl, Loss, Memfd,
    Message, Module, Mount, Namespace, Open, Ptrace, Read, Rename, Request, Seccomp, Signal, Unlink, Write,
};
use Place::{Any, But, Of};

/// Every column, in the order of the file. What has no column of its own stands in the last one, as JSON.
pub const EVENT_COLUMNS: &[Column] = &[
    text("instance", &[Any("instance")]),
    number("stream", &[Any("seq.stream")]),
    growing("seq", &[Any("seq.n")]),
    growing("time_ns", &[Any("time.ns")]),
    growing("took_ns", &[Any("time.took_ns")]),
    number("time_error_ns", &[Any("time.error_ns")]),
    text("time_source", &[Any("time.source")]),
    text("subject", &[Any("subject")]),
    number("pid", &[Any("image.pid")]),
    number("tid", &[Any("image.tid")]),
    number("start_ns", &[Any("image.start_ns")]),
    number("exec_seq", &[Any("image.exec_seq")]),
    number("ns_pid", &[Any("image.in_namespace.pid")]),
    number("pid_ns", &[Any("image.in_namespace.namespace")]),
    number("mount_ns", &[Any("image.mount_namespace")]),
    number("parent_pid", &[Any("image.parent.pid")]),
    number("parent_start_ns", &[Any("image.parent.start_ns")]),
    number("cgroup", &[Any("image.cgroup")]),
    text("comm", &[Any("image.comm")]),
    number("uid", &[Any("image.ids.uid")]),
    number("euid", &[Any("image.ids.euid")]),
    number("suid", &[Any("image.ids.suid")]),
    number("fsuid", &[Any("image.ids.fsuid")]),
    number("gid", &[Any("image.ids.gid")]),
    number("egid", &[Any("image.ids.egid")]),
    number("sgid", &[Any("image.ids.sgid")]),
    number("fsgid", &[Any("image.ids.fsgid")]),
    text("action", &[Any("payload.action")]),
    text(
        "path",
        &[
            But(&[Rename, HardLink, Mount], "path"),
            Of(Rename, "from"),
            Of(HardLink, "from"),
            Of(Mount, "from"),
        ],
    ),
    text("path_to", &[Any("payload.to")]),
    Column { name: "argv", kind: ColumnKind::Texts, layout: Layout::Dictionary, places: &[Of(Exec, "argv")] },
    flag("argv_truncated", &[Of(Exec, "argv_truncated")]),
    text("exe", &[Of(Exec, "exe")]),
    text("opened_path", &[Of(Open, "opened.path")]),
    number(
        "dev",
        &[Of(Exec, "file.dev"), Of(Open, "opened.file.dev"), Of(Read, "file.dev"), Of(Write, "file.dev")],
    ),
    number(
        "ino",
        &[Of(Exec, "file.ino"), Of(Open, "opened.file.ino"), Of(Read, "file.ino"), Of(Write, "file.ino")],
    ),
    number("file_mode", &[Of(Exec, "executable.mode"), Of(Open, "opened.mode")]),
    flag("in_memory", &[Of(Exec, "executable.in_memory")]),
    flag("deleted", &[Of(Exec, "executable.deleted")]),
    text("interpreter", &[Of(Exec, "executable.interpreter")]),
    flag("by_fd", &[Of(Open, "opened.by_fd")]),
    number("flags", &[Of(Open, "flags")]),
    flag("late_path", &[Of(Open, "late_path")]),
    flag("directory", &[Of(Unlink, "directory")]),
    number("mode", &[Any("payload.mode")]),
    number("owner", &[Any("payload.owner")]),
    number("owner_group", &[Any("payload.group")]),
    number("length", &[Any("payload.length")]),
    number("offset", &[Any("payload.offset")]),
    number("device", &[Any("payload.device")]),
    number("backlog", &[Any("payload.backlog")]),
    Column {
        name: "questions",
        kind: ColumnKind::Texts,
        layout: Layout::Dictionary,
        places: &[Any("payload.questions")],
    },
    number("ret", &[But(&[Loss], "result.ok")]),
    text("error", &[But(&[Loss], "result.errno")]),
    number("later_ret", &[Of(Connect, "later.ok")]),
    text("later_error", &[Of(Connect, "later.errno")]),
    number("child_pid", &[Of(Fork, "child")]),
    number("child_start_ns", &[Of(Fork, "child_start_ns")]),
    number("exit_code", &[Of(Exit, "code")]),
    number("exit_signal", &[Of(Exit, "signal")]),
    text("call", &[Any("payload.call")]),
    text(
        "operation",
        &[
            Of(Ptrace, "request"),
            Of(Seccomp, "operation"),
            Of(Bpf, "command"),
            Of(Keyctl, "operation"),
            Of(Mount, "command"),
            Of(IoUring, "operation"),
        ],
    ),
    text(
        "options",
        &[
            Of(Namespace, "flags"),
            Of(Memfd, "flags"),
            Of(Seccomp, "flags"),
            Of(Mount, "flags"),
            Of(IoUring, "flags"),
            Of(Read, "protection"),
            Of(Write, "protection"),
        ],
    ),
    number("target_pid", &[Any("payload.pid")]),
    text("signal", &[Of(Signal, "signal")]),
    text("name", &[Of(Memfd, "name"), Of(Module, "name"), Of(Keyctl, "description")]),
    text(
        "family",
        &[But(&[Accept], "address.family"), Of(Accept, "peer.family"), Of(Flow, "destination.family")],
    ),
    text("ip", &[But(&[Accept], "address.ip"), Of(Accept, "peer.ip"), Of(Flow, "destination.ip")]),
    number("port", &[But(&[Accept], "address.port"), Of(Accept, "peer.port"), Of(Flow, "destination.port")]),
    text("socket_path", &[But(&[Accept], "address.path"), Of(Accept, "peer.path")]),
    text("source_ip", &[Of(Flow, "source.ip")]),
    number("source_port", &[Of(Flow, "source.port")]),
    flag("socket_abstract", &[But(&[Accept], "address.abstract"), Of(Accept, "peer.abstract")]),
    number("lost_count", &[Of(Loss, "count")]),
    number("lost_first_ns", &[Of(Loss, "first_ns")]),
    number("lost_last_ns", &[Of(Loss, "last_ns")]),
    number("lost_cpu", &[Of(Loss, "cpu")]),
    text("lost_cause", &[Of(Loss, "cause")]),
    text("lost_action", &[Of(Loss, "of")]),
    text("protocol", &[Of(Flow, "protocol")]),
    flag("dropped", &[Of(Flow, "dropped")]),
    text("question", &[Of(Dns, "name")]),
    text("verb", &[Of(Request, "verb")]),
    text("uri", &[Of(Request, "uri")]),
    text("user", &[Of(Request, "user")]),
    number("code", &[Of(Request, "code"), Of(Dns, "reply")]),
    text("rule", &[Of(Alert, "rule")]),
    text("priority", &[Of(Alert, "priority")]),
    text("kind", &[Of(Message, "kind")]),
    text("nonce", &[Any("refs.nonce")]),
    text(REST, &[]),
];

/// The last column: JSON of what has no column of its own.
const REST: &str = "rest";

/// Which field of an event's JSON goes to which column, for one action.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// by name, the column of a value or the shape of an object
    pub(crate) fields: BTreeMap<&'static str, Field>,
    /// the way back: names down to the value, by column
    pub(crate) ways: Vec<(usize, Vec<&'static str>)>,
}

/// A field of a [`Shape`].
#[derive(Debug)]
pub(crate) enum Field {
    /// its value is a column's
    Column(usize),
    /// an object
    Fields(Shape),
}

impl Shape {
    /// Of the action with this word; of a word that is no action's, what holds for every event.
    pub(crate) fn of(action: &str) -> &'static Self {
        static SHAPES: LazyLock<(BTreeMap<&'static str, Shape>, Shape)> = LazyLock::new(|| {
            let known = Action::ALL.iter().map(|action| (action.word(), Shape::new(Some(*action))));
            (known.collect(), Shape::new(None))
        });
        SHAPES.0.get(action).unwrap_or(&SHAPES.1)
    }

    fn new(action: Option<Action>) -> Self {
        let mut shape = Self::default();
        for (at, column) in EVENT_COLUMNS.iter().enumerate() {
            for place in column.places {
                let way: Vec<&str> = match (*place, action) {
                    (Any(way), _) => way.split('.').collect(),
                    (Of(only, way), Some(action)) if only == action => payload(way),
                    (But(others, way), Some(action)) if !others.contains(&action) => payload(way),
                    _ => continue,
                };
                shape.insert(&way, at);
                shape.ways.push((at, way));
            }
        }
        shape
    }

    fn insert(&mut self, way: &[&'static str], column: usize) {
        match way {
            [] => {}
            [last] => {
                self.fields.insert(last, Field::Column(column));
            }
            [first, rest @ ..] => {
                let field = self.fields.entry(first).or_insert_with(|| Field::Fields(Self::default()));
                if let Field::Fields(shape) = field {
                    shape.insert(rest, column);
                }
            }
        }
    }
}

fn payload(way: &'static str) -> Vec<&'static str> {
    std::iter::once("payload").chain(way.split('.')).collect()
}
