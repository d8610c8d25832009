//! Whatever the bytes: no panic, no line that is silently gone, and what is whole beside what is not is read.

use lab_adapters::Decoded;
use lab_model::{LossCause, Payload};
use proptest::{prelude::*, sample::Index};

use crate::samples::{ADAPTERS, Adapter, CLOCK, samples};

/// A whole record of each, where no samples are.
const RECORDS: &[(&str, &str)] = &[
    (
        "auditd",
        "type=SYSCALL msg=audit(1492037291.036:59): arch=c000003e syscall=87 success=yes exit=0 a0=1 a1=2 \
                a2=3 a3=4 items=1 ppid=1 pid=2 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 \
                tty=pts1 ses=8 comm=\"rm\" exe=\"/bin/rm\" key=(null)\n\
                type=PATH msg=audit(1492037291.036:59): item=0 name=2F612062 inode=1 nametype=DELETE\n",
    ),
    (
        "falco",
        "{\"rule\":\"R\",\"priority\":\"Error\",\"time\":\"2019-05-17T15:31:56Z\",\"output_fields\":{\"proc.pid\":7}}\n",
    ),
    (
        "hubble",
        "{\"flow\":{\"time\":\"2023-08-21T12:12:13Z\",\"IP\":{\"source\":\"::1\",\"destination\":\"::2\"},\
                \"l4\":{\"TCP\":{\"source_port\":1,\"destination_port\":2}}}}\n",
    ),
    (
        "kubernetes-audit",
        "{\"kind\":\"Event\",\"verb\":\"get\",\"requestURI\":\"/\",\"stageTimestamp\":\"2023-08-21T12:12:13Z\"}\n",
    ),
    (
        "tetragon",
        "{\"process_exec\":{\"process\":{\"pid\":1,\"binary\":\"/a\"}},\"time\":\"2023-08-21T12:12:13Z\"}\n",
    ),
];

fn corpus(tool: &str) -> Vec<u8> {
    let mut log: Vec<u8> =
        samples("damaged", tool).into_iter().flat_map(|(_, log)| [log, b"\n".to_vec()].concat()).collect();
    log.extend_from_slice(RECORDS.iter().find(|(known, _)| *known == tool).unwrap().1.as_bytes());
    log
}

/// Each line of the log is part of an event or is said to be unreadable.
fn check(log: &[u8], decoded: &Decoded) -> Result<(), TestCaseError> {
    let balance = &decoded.counters.programs["log"];
    prop_assert!(balance.holds(), "{balance:?}");
    prop_assert!(decoded.events.iter().enumerate().all(|(n, event)| event.seq.n == n as u64));
    let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count() as u64;
    let losses =
        decoded.events.iter().filter(|event| matches!(event.payload, Payload::Loss(_))).count() as u64;
    prop_assert!(balance.received + balance.filtered + losses >= lines, "{balance:?}, {lines} lines");
    prop_assert_eq!(
        balance.lost.get(&LossCause::Unreadable).copied().unwrap_or(0),
        decoded.unreadable.len() as u64
    );
    Ok(())
}

fn tool() -> impl Strategy<Value = (&'static str, Adapter)> {
    proptest::sample::select(ADAPTERS)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes((_, decode) in tool(), bytes: Vec<u8>) {
        check(&bytes, &decode(&bytes, "x@host", CLOCK))?;
    }

    #[test]
    fn changed_samples((tool, decode) in tool(), changes in prop::collection::vec((any::<Index>(), any::<u8>(), 0..3u8), 1..12)) {
        let mut log = corpus(tool);
        for (at, byte, how) in changes {
            let at = at.index(log.len());
            match how {
                0 => log[at] = byte,
                1 => log.insert(at, byte),
                _ => drop(log.drain(at..(at + usize::from(byte)).min(log.len() - 1))),
            }
        }
        check(&log, &decode(&log, "x@host", CLOCK))?;
    }

    #[test]
    fn cut_samples((tool, decode) in tool(), cut: Index) {
        let log = corpus(tool);
        let log = &log[..cut.index(log.len())];
        check(log, &decode(log, "x@host", CLOCK))?;
    }

    /// A lying line between two whole ones: they are read, and it is named by its number.
    #[test]
    fn a_lie_hides_nothing((tool, decode) in tool(), lie in "[^\n]*[^\\s]") {
        let record = RECORDS.iter().find(|(known, _)| *known == tool).unwrap().1;
        let count = |decoded: &Decoded| decoded.counters.programs["log"].received;
        let alone = decode(record.as_bytes(), "x@host", CLOCK);
        prop_assert!(alone.unreadable.is_empty());
        prop_assert_eq!(count(&alone), 1);
        let log = format!("{record}?{lie}\n{}", record.replace(":59)", ":60)"));
        let decoded = decode(log.as_bytes(), "x@host", CLOCK);
        prop_assert_eq!(count(&decoded), 2);
        prop_assert_eq!(decoded.unreadable.len(), 1);
        prop_assert_eq!(decoded.unreadable[0].line, record.lines().count() + 1);
        check(log.as_bytes(), &decoded)?;
    }

    #[test]
    fn a_masked_audit_line_is_as_readable_as_it_was(secret in "[a-zA-Z0-9]{1,20}", hex: bool) {
        let value = if hex { secret.bytes().map(|byte| format!("{byte:02X}")).collect() } else { format!("\"{secret}\"") };
        let line = format!("type=EXECVE msg=audit(1.000:1): argc=3 a0=\"m\" a1=\"--password\" a2={value}\n");
        let mut masked = line.clone().into_bytes();
        prop_assert_eq!(lab_adapters::auditd::redact_line(&mut masked), 1);
        let raw = |log: &[u8]| lab_adapters::auditd::decode(log, "x", CLOCK).events.remove(0).raw["EXECVE"]["a2"].clone();
        prop_assert_eq!(raw(line.as_bytes()), secret.as_str());
        prop_assert_eq!(raw(&masked), "*".repeat(secret.len()));
    }
}
