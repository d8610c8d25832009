//! Whatever the bytes: no panic, no line that is silently gone, and what is whole beside what is not is read.

use lab_adapters::Decoded;
use proptest::{prelude::*, sample::Index};

use crate::account::{ADAPTERS, Adapter, CLOCK, RECORDS, check, corpus};

fn tool() -> impl Strategy<Value = (&'static str, Adapter)> {
    proptest::sample::select(ADAPTERS)
}

fn accounted(tool: &str, log: &[u8]) -> Result<(), TestCaseError> {
    check(tool, log).map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes((tool, _) in tool(), bytes: Vec<u8>) {
        accounted(tool, &bytes)?;
    }

    #[test]
    fn changed_samples((tool, _) in tool(), changes in prop::collection::vec((any::<Index>(), any::<u8>(), 0..3u8), 1..12)) {
        let mut log = corpus(tool);
        for (at, byte, how) in changes {
            let at = at.index(log.len());
            match how {
                0 => log[at] = byte,
                1 => log.insert(at, byte),
                _ => drop(log.drain(at..(at + usize::from(byte)).min(log.len() - 1))),
            }
        }
        accounted(tool, &log)?;
    }

    #[test]
    fn cut_samples((tool, _) in tool(), cut: Index) {
        let log = corpus(tool);
        let log = &log[..cut.index(log.len())];
        accounted(tool, log)?;
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
        accounted(tool, log.as_bytes())?;
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
