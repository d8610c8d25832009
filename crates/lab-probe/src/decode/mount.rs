//! Mounts: the old call and the new ones, which do it piece by piece.

use lab_abi::Call;
use lab_model::{Mount, MountAttributes, MountCall, MountCommand, MountFlags, Outcome, Text, UmountFlags};

use super::call::Arguments;

/// The option whose value is what is mounted.
const SOURCE: &[u8] = b"source";

/// The payload of any of the calls.
pub(super) fn mount(args: &Arguments<'_, '_>, result: Outcome) -> Mount {
    let given = |argument: usize, text: usize| args.given(argument, text);
    let (call, from, to, fstype) = match args.call {
        Call::Mount => (0, given(0, 0), given(1, 1), given(2, 2)),
        Call::Umount2 => (1, None, given(0, 0), None),
        Call::PivotRoot => (2, given(0, 0), given(1, 1), None),
        Call::Fsopen => (4, None, None, given(0, 0)),
        Call::Fsconfig => (5, None, None, None),
        Call::Fsmount => (6, None, None, None),
        Call::Fspick => (7, None, given(1, 0), None),
        Call::OpenTree => (8, given(1, 0), None, None),
        Call::OpenTreeAttr => (9, given(1, 0), None, None),
        Call::MountSetattr => (10, None, given(1, 0), None),
        _ => (3, given(1, 0), given(3, 1), None),
    };
    let attributes = match args.call {
        Call::Fsmount => Some(args.word(2)),
        // The lower half of the structure's first number: what is to be set.
        Call::OpenTreeAttr | Call::MountSetattr => {
            args.record.text(1).first_chunk::<4>().map(|word| u32::from_ne_bytes(*word))
        }
        _ => None,
    };
    let is = |call| args.call == call;
    Mount {
        call: MountCall(call),
        from,
        to: to.unwrap_or_default(),
        fstype,
        flags: is(Call::Mount).then(|| MountFlags(args.word(3)).meant()),
        unmount: is(Call::Umount2).then(|| UmountFlags(args.word(1))),
        command: is(Call::Fsconfig).then(|| MountCommand(args.word(1))),
        option: is(Call::Fsconfig).then(|| given(2, 0)).flatten().map(|key| option(args, &key)),
        attributes: attributes.map(MountAttributes),
        result,
    }
}

/// An option's value may be a password; that of the source is not.
fn option(args: &Arguments<'_, '_>, key: &Text) -> Box<Text> {
    let mut whole = key.as_bytes().to_vec();
    let value = args.record.text(1);
    if is_source(key.as_bytes()) && !value.is_empty() {
        whole.push(b'=');
        whole.extend_from_slice(value);
    }
    Box::new(Text::from(whole))
}

/// True for the one option whose value is kept.
pub(crate) fn is_source(key: &[u8]) -> bool {
    key == SOURCE
}
