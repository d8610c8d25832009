//! Whatever the bytes: no panic, nothing unaccounted for, and what is well-formed keeps its fields.

use lab_adapters::strace::{decode, redact_line, seen_at};
use lab_model::{Outcome, Payload, Text};
use proptest::prelude::*;

use crate::forms::CLOCK;

/// A string as strace prints it: what is not plain as octal, short where no digit follows.
fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            0x20..=0x7e => out.push(char::from(*byte)),
            _ if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => out.push_str(&format!("\\{byte:03o}")),
            _ => out.push_str(&format!("\\{byte:o}")),
        }
    }
    out + "\""
}

fn check(log: &[u8]) -> Result<(), TestCaseError> {
    let decoded = decode(log, 100, "strace@host", CLOCK);
    let balance = &decoded.counters.programs["log"];
    prop_assert!(balance.holds(), "{:?}", balance);
    prop_assert!(decoded.events.iter().enumerate().all(|(n, event)| event.seq.n == n as u64));
    prop_assert!(
        decoded.unended.is_empty() || matches!(decoded.events.last().unwrap().payload, Payload::Loss(_))
    );
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        check(&bytes)?;
        let _ = seen_at(&bytes, "x", CLOCK);
    }

    #[test]
    fn pieces_in_any_order(pieces in proptest::collection::vec(prop_oneof![
        Just("100 2.0 "), Just("101 3.5 "), Just("\n"), Just("clone("), Just("flags=CLONE_THREAD"), Just(") = 101"),
        Just(") = 0\n"), Just("<... clone resumed>"), Just("<... openat resumed>"), Just(" <unfinished ...>\n"),
        Just("openat(AT_FDCWD, \"/a\", O_RDONLY"), Just("execve(\"/a\", [\"b\", "), Just("\"\\"), Just("\", "),
        Just("{sa_family=AF_INET, "), Just("connect(3, "), Just("]"), Just("}"), Just("/*"), Just(" <0.1>\n"),
        Just("+++ exited with 0 +++\n"), Just("+++ superseded by execve in pid 100 +++\n"), Just(" = ?\n"),
        Just("<pid changed to 100 ...>\n"), Just("<detached ...>\n"), Just("setgroups(9, [1, -1"), Just("\u{e9}"),
    ], 0..24)) {
        check(pieces.concat().as_bytes())?;
    }

    #[test]
    fn a_cut_log_keeps_its_whole_lines(cut in 0usize..600) {
        let line = "100 2.0 openat(AT_FDCWD, \"/a\", O_RDONLY) = 3\n";
        let log = line.repeat(12);
        let cut = cut.min(log.len());
        check(&log.as_bytes()[..cut])?;
        let decoded = decode(&log.as_bytes()[..cut], 100, "strace@host", CLOCK);
        let opens = decoded.events.iter().filter(|event| matches!(event.payload, Payload::Open(_))).count();
        prop_assert_eq!(opens, cut / line.len());
    }

    #[test]
    fn strings_come_back(path: Vec<u8>, argv in proptest::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
        let log = format!(
            "100 2.0 execve({}, [{}], 0x1 /* 2 vars */) = -1 ENOENT (No such)\n100 3.0 +++ exited with 0 +++\n",
            quoted(&path), words.join(", "),
        );
        let decoded = decode(log.as_bytes(), 100, "strace@host", CLOCK);
        prop_assert_eq!(&decoded.unreadable, &[]);
        let Payload::Exec(exec) = &decoded.events[0].payload else { panic!("{log}") };
        prop_assert_eq!(&exec.path, &Text::from(path));
        prop_assert_eq!(exec.argv.clone().unwrap(), argv.into_iter().map(Text::from).collect::<Vec<_>>());
    }

    /// However the two parts of calls of several threads are mixed, each call comes out as itself.
    #[test]
    fn interleavings(order in Just((0..6usize).flat_map(|t| [t; 4]).collect::<Vec<_>>()).prop_shuffle()) {
        let mut step = [0; 6];
        let mut log = String::new();
        for (at, thread) in order.into_iter().enumerate() {
            let (tid, path) = (100 + thread, format!("/t{thread}-{}", step[thread] / 2));
            log.push_str(&match step[thread] % 2 {
                0 => format!("{tid} {}.0 unlink(\"{path}\" <unfinished ...>\n", at + 2),
                _ => format!("{tid} {}.0 <... unlink resumed>) = {thread}\n", at + 2),
            });
            step[thread] += 1;
        }
        for tid in 100..106 {
            log.push_str(&format!("{tid} 99.0 +++ exited with 0 +++\n"));
        }
        let decoded = decode(log.as_bytes(), 100, "strace@host", CLOCK);
        prop_assert_eq!(&decoded.unreadable, &[]);
        let mut count = 0;
        for event in &decoded.events {
            if let Payload::Unlink(unlink) = &event.payload {
                let thread = event.image.tid.unwrap() - 100;
                let prefix = format!("/t{thread}-");
                prop_assert!(unlink.path.to_str_lossy().starts_with(&prefix));
                prop_assert_eq!(unlink.result, Outcome::Ok(i64::from(thread)));
                count += 1;
            }
        }
        prop_assert_eq!(count, 12);
        check(log.as_bytes())?;
    }

    /// Masking leaves a line as readable as it was.
    #[test]
    fn a_masked_line_has_the_same_shape(secret in "[a-zA-Z0-9\"\\\\]{1,20}") {
        let line = format!("100 2.0 execve(\"/m\", [\"m\", \"--password\", {}, \"db\"], 0x1 /* 2 vars */) = 0\n",
            quoted(secret.as_bytes()));
        let mut masked = line.clone().into_bytes();
        redact_line(&mut masked);
        let exec = |log: &[u8]| match decode(log, 100, "strace@host", CLOCK).events.remove(0).payload {
            Payload::Exec(exec) => exec.argv.unwrap(),
            other => panic!("{other:?}"),
        };
        let (was, is) = (exec(line.as_bytes()), exec(&masked));
        prop_assert_eq!(was.len(), is.len());
        prop_assert_eq!((&was[..2], &was[3]), (&is[..2], &is[3]));
        prop_assert!(secret.starts_with(['"', '\\']) || is[2].as_bytes().starts_with(b"*"), "{}", String::from_utf8_lossy(&masked));
    }
}
