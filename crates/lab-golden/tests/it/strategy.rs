//! Arbitrary facts and judged scenarios, full of what is hard: hostile bytes, variables, equal siblings, all results.

use lab_model::{
    Accept, Address, Alert, Bind, Chown, CloneFlags, Connect, DataCall, Dns, Errno, Exec, Exit, Fact,
    FactNode, FileId, Flow, Fork, Freedom, Id, Ids, IoUring, IoUringFlags, Judged, Loss, LossCause, Message,
    Mkdir, Mode, Mount, MountAttributes, MountCall, MountCommand, MountFlags, Namespace, NamespaceCall,
    ObjectClass, Open, OpenFlags, Outcome, Payload, Protection, Protocol, Read, Rename, Request, RingCall,
    RingOperation, Role, ScenarioHead, Send, SensorKind, SetId, SetIdCall, Signal, SignalName, SignalTarget,
    Size, Symlink, Text, Truncate, Unlink, Verdict, VerdictRow, Write,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::sample;

fn text() -> impl Strategy<Value = Text> {
    let known = select(vec![
        "",
        "/etc/passwd",
        "${canary}/notes",
        "${bin}/webd",
        "a b",
        "  ",
        "-> x",
        "act 1",
        "<bin>",
        "\u{1b}[31m",
        "\n",
        "\\",
        "\"",
        "${nonce}",
        "${nonce:2}",
        "${HOME}",
        "/proc/12/stat",
        "/proc/13/stat",
        "\u{202e}é",
    ]);
    prop_oneof![
        4 => known.prop_map(Text::from),
        1 => vec(any::<u8>(), 0..6).prop_map(Text::from),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => (0..3i64).prop_map(Outcome::Ok),
        2 => select(vec![1, 2, 13, 4000]).prop_map(|number| Outcome::Errno(Errno(number))),
    ]
}

fn ids() -> impl Strategy<Value = Option<Ids>> {
    let id = || select(vec![0, 1000]);
    option::of((id(), id(), id(), id(), id(), id(), id(), id()).prop_map(
        |(uid, euid, suid, fsuid, gid, egid, sgid, fsgid)| Ids {
            uid,
            euid,
            suid,
            fsuid,
            gid,
            egid,
            sgid,
            fsgid,
        },
    ))
}

fn address() -> impl Strategy<Value = Address> {
    let port = || select(vec![0, 53, 40000, 40001]);
    prop_oneof![
        port().prop_map(|port| Address::Inet { ip: [127, 0, 0, 1].into(), port }),
        port().prop_map(|port| Address::Inet6 { ip: "::1".parse().unwrap(), port }),
        (text(), any::<bool>()).prop_map(|(path, is_abstract)| Address::Unix { path, is_abstract }),
        (0..3u16).prop_map(|number| Address::Other { number }),
        select(vec!["sink", "resolver", "nonce:run", "own <word>"])
            .prop_map(|name| Address::Variable { name: name.into() }),
    ]
}

pub(crate) fn payload() -> impl Strategy<Value = Payload> {
    let file = option::of((0..2u64, 0..2u64).prop_map(|(dev, ino)| FileId { dev, ino }));
    let exec = (text(), option::of(vec(text(), 0..3)), any::<bool>(), option::of(text()), file, outcome())
        .prop_map(|(path, argv, argv_truncated, exe, file, result)| {
            Exec { path, argv, argv_truncated, exe, file, executable: None, result }.into()
        });
    let setid = (select(SetIdCall::ALL), vec(option::of(0..2u32), 0..4), ids(), ids(), outcome()).prop_map(
        |(call, requested, before, after, result)| SetId { call, requested, before, after, result }.into(),
    );
    let flags = prop_oneof![select(vec![0, 1, 0o101, 0o2000000, 0o20200001, 0o100000]), any::<u32>()];
    let open = (text(), flags, any::<bool>(), outcome()).prop_map(|(path, flags, late_path, result)| {
        Open { path, flags: OpenFlags(flags), late_path, opened: None, result }.into()
    });
    let loss = (option::of(0..2u64), select(vec![LossCause::Killed, LossCause::Gap]), any::<bool>())
        .prop_map(|(count, cause, of)| {
            let of = of.then_some(lab_model::Action::Open);
            Loss { count, first_ns: 0, last_ns: None, cpu: None, cause, of }.into()
        });
    let flow = (select(Protocol::ALL), address(), address(), any::<bool>()).prop_map(
        |(protocol, source, destination, dropped)| Flow { protocol, source, destination, dropped }.into(),
    );
    let code = || option::of(select(vec![0u16, 3, 201]));
    let request = (text(), text(), text(), code())
        .prop_map(|(verb, uri, user, code)| Request { verb, uri, user, code }.into());
    prop_oneof![
        1 => flow,
        1 => request,
        1 => (text(), vec(text(), 0..3), code()).prop_map(|(name, kinds, reply)| Dns { name, kinds, reply }.into()),
        1 => (text(), text()).prop_map(|(rule, priority)| Alert { rule, priority }.into()),
        1 => text().prop_map(|kind| Message { kind }.into()),
        2 => exec,
        2 => (0..15u32, option::of(0..2u64)).prop_map(|(child, child_start_ns)| Fork { child, child_start_ns }.into()),
        1 => (option::of(-1..2i32), option::of(1..3i32)).prop_map(|(code, signal)| Exit { code, signal }.into()),
        1 => setid,
        2 => open,
        1 => (text(), any::<bool>(), outcome())
            .prop_map(|(path, directory, result)| Unlink { path, directory, result }.into()),
        1 => (text(), text(), outcome()).prop_map(|(from, to, result)| Rename { from, to, result }.into()),
        1 => (address(), outcome()).prop_map(|(address, result)| Connect { address, later: None, result }.into()),
        1 => (address(), outcome()).prop_map(|(address, result)| Bind { address, result }.into()),
        1 => (option::of(address()), outcome()).prop_map(|(peer, result)| Accept { peer, result }.into()),
        1 => loss,
        2 => call(),
    ]
}

fn boxed() -> impl Strategy<Value = Box<Text>> {
    text().prop_map(Box::new)
}

/// Payloads that are declared part by part: each form of a part, known and not.
fn call() -> impl Strategy<Value = Payload> {
    let mode = || select(vec![0, 0o644, 0o104_755]).prop_map(Mode);
    let id = || option::of(0..3u32).prop_map(Id);
    prop_oneof![
        (text(), mode(), outcome()).prop_map(|(path, mode, result)| Mkdir { path, mode, result }.into()),
        (text(), text(), outcome()).prop_map(|(path, to, result)| Symlink { path, to, result }.into()),
        (option::of(text()), id(), id(), outcome()).prop_map(|(path, owner, group, result)| Chown {
            path,
            owner,
            group,
            result
        }
        .into()),
        (option::of(text()), -1..2i64, outcome()).prop_map(|(path, length, result)| Truncate {
            path,
            length,
            result
        }
        .into()),
        (any::<u32>(), select(vec![0, 2, 77]), outcome()).prop_map(|(flags, signal, result)| {
            let namespace = Namespace { call: NamespaceCall(signal % 2), flags: CloneFlags(flags), result };
            let target = SignalTarget(flags % 6);
            let signal = Signal { signal: SignalName(signal), target, pid: None, result };
            if flags % 2 == 0 { namespace.into() } else { signal.into() }
        }),
        (option::of(boxed()), boxed(), option::of(boxed()), 0..12u32, outcome()).prop_map(
            |(from, to, fstype, call, result)| Mount {
                call: MountCall(call),
                from,
                to,
                fstype: fstype.clone(),
                flags: (call == 0).then_some(MountFlags(call)),
                unmount: None,
                command: (call == 5).then_some(MountCommand(call)),
                option: fstype.filter(|_| call == 5),
                attributes: (call > 5).then_some(MountAttributes(call)),
                result,
            }
            .into()
        ),
        (option::of(text()), any::<(bool, u8, Option<i64>)>(), outcome()).prop_map(
            |(path, (writes, call, offset), result)| {
                let (call, length) = (DataCall(u32::from(call) % 16), Some(Size(u32::from(call))));
                let (file, protection) = (Some(FileId { dev: 1, ino: 2 }), Some(Protection(call.0)));
                if writes {
                    let from = path.clone();
                    Write { call, path, file, from, offset, length, protection, result }.into()
                } else {
                    Read { call, path, file, offset, length, protection, result }.into()
                }
            }
        ),
        (any::<(Option<u32>, bool)>(), outcome()).prop_map(|((number, made), result)| {
            let (entries, flags) = (number.filter(|_| made), number.filter(|_| made).map(IoUringFlags));
            let operation = number.filter(|_| !made).map(RingOperation);
            IoUring { call: RingCall(u32::from(!made)), entries, flags, operation, result }.into()
        }),
        (option::of(address().prop_map(Box::new)), option::of(vec(text(), 0..3)), outcome()).prop_map(
            |(address, questions, result)| {
                Send { address, questions: questions.map(Into::into), length: None, result }.into()
            }
        ),
    ]
}

/// Mostly nothing is free.
fn freedom() -> impl Strategy<Value = Freedom> {
    let some = (any::<bool>(), any::<bool>(), option::of(1..4u32))
        .prop_map(|(unordered, optional, at_most)| Freedom { unordered, optional, at_most });
    prop_oneof![4 => Just(Freedom::default()), 1 => some]
}

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    let classes = vec![ObjectClass::Loader, ObjectClass::Locale, ObjectClass::NameService];
    let folded = prop_oneof![6 => Just(None), 1 => select(classes).prop_map(Some)];
    let unseen = vec(select(vec!["probe@host".to_owned(), "strace@host".to_owned()]), 0..2);
    (payload(), ids(), vec(1..5u32, 0..2), folded, (1..9u32, freedom()), unseen).prop_map(
        |(payload, ids, acts, folded, (count, free), unseen_by)| Fact {
            payload,
            ids,
            acts: acts.into(),
            folded,
            count,
            free,
            sightings: Default::default(),
            unseen_by: unseen_by.into_iter().map(Into::into).collect(),
        },
    )
}

fn node() -> impl Strategy<Value = FactNode> {
    let leaf = fact().prop_map(|fact| FactNode { fact, children: Default::default() });
    leaf.prop_recursive(4, 30, 5, |inner| {
        (fact(), vec(inner, 0..5)).prop_map(|(fact, children)| {
            let parent = fact.folded.is_none() && matches!(fact.payload, Payload::Exec(_) | Payload::Fork(_));
            FactNode { fact, children: if parent { children.into() } else { Default::default() } }
        })
    })
}

pub(crate) fn judged() -> impl Strategy<Value = Judged> {
    let roles = vec(select(vec![Role::Act, Role::Twin]), 0..4);
    let verdict = select(vec![Verdict::Seen, Verdict::Missed, Verdict::Lost, Verdict::Replayed]);
    let verdicts = vec((1..5u32, select(vec![SensorKind::Probe, SensorKind::Strace]), verdict), 0..6);
    let sensors = select(vec![vec![], vec![SensorKind::Probe], vec![SensorKind::Strace, SensorKind::Probe]]);
    (vec(node(), 0..4), roles, verdicts, sensors).prop_map(|(tree, roles, verdicts, sensors)| Judged {
        head: ScenarioHead { name: "any-1".into(), summary: String::new(), attack: vec!["T1059".into()] },
        acts: roles.into_iter().zip(1..).map(|(role, id)| sample::act(id, role)).collect(),
        sensors,
        tree,
        verdicts: verdicts
            .into_iter()
            .map(|(act, sensor, verdict)| VerdictRow {
                scenario: "any-1".into(),
                act,
                sensor,
                verdict,
                reasons: Vec::new(),
                events: Vec::new(),
            })
            .collect(),
        proofs: Vec::new(),
        detections: Vec::new(),
        doubts: Vec::new(),
        troubles: Vec::new(),
    })
}
