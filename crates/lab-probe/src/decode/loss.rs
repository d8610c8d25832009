//! Loss as events: what the programs told, what the numbers say beyond that, what the kernel skipped.

use std::collections::BTreeMap;

use lab_abi::{Cause, Head, LossRecord};
use lab_model::{Loss, LossCause};

use crate::{counters, session::action, spool::Skipped};

/// A loss in an interval.
pub(super) fn between(count: Option<u64>, first_ns: u64, last_ns: Option<u64>, cause: LossCause) -> Loss {
    Loss { count, first_ns, last_ns, cpu: None, cause, of: None }
}

/// The kernel skipped a program. A skipped enter is made good at the exit.
pub(super) fn skipped(skipped: &Skipped) -> Option<Loss> {
    if skipped.program == "sys_enter" {
        return None;
    }
    let mut loss = between(Some(skipped.count), skipped.first, Some(skipped.last), LossCause::Recursion);
    loss.of = counters::kind_of(&skipped.program).and_then(action);
    Some(loss)
}

/// The numbers of each CPU's records: a lost record leaves a gap, and each gap must be told by a loss record.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    cpus: BTreeMap<u32, Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    next: u64,
    missing: u64,
    told: u64,
    first_ns: u64,
    last_ns: u64,
    time: u64,
}

impl Gaps {
    /// A record arrived.
    pub(super) fn saw(&mut self, head: &Head) {
        let numbers = self.cpus.entry(head.cpu).or_default();
        let expected = numbers.next.max(1);
        if head.seq > expected {
            numbers.missing += head.seq - expected;
            if numbers.first_ns == 0 {
                numbers.first_ns = numbers.time;
            }
            numbers.last_ns = head.exit;
        }
        numbers.next = numbers.next.max(head.seq + 1);
        numbers.time = head.exit;
    }

    /// A loss record arrived.
    pub(super) fn told(&mut self, record: &LossRecord) -> Option<Loss> {
        let cause = Cause::ALL.into_iter().find(|c| *c as u32 == record.cause)?;
        self.cpus.entry(record.cpu).or_default().told += record.loss.count;
        let (first, last) = (record.loss.first, record.loss.last);
        let mut loss = between(Some(record.loss.count), first, Some(last), counters::cause(cause));
        loss.cpu = Some(record.cpu);
        Some(loss)
    }

    /// Gaps that no loss record explains.
    pub(super) fn unexplained(&self) -> Vec<Loss> {
        let gap = |(cpu, numbers): (&u32, &Numbers)| {
            let count = numbers.missing.checked_sub(numbers.told).filter(|count| *count > 0)?;
            let mut loss = between(Some(count), numbers.first_ns, Some(numbers.last_ns), LossCause::Gap);
            loss.cpu = Some(*cpu);
            Some(loss)
        };
        self.cpus.iter().filter_map(gap).collect()
    }
}
