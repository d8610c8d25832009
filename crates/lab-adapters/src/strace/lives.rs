//! Which process a thread belongs to, over the time of a log: ids are used again, and a thread may act before the call
//! that made it has returned.

use std::collections::HashMap;

/// A thread from its first line to its end; an index into [`Lives`].
pub(crate) type Life = usize;

/// A call that made a thread or a process.
struct Birth {
    /// number of the line at which the call began
    began: usize,
    child: u32,
    is_thread: bool,
    by: Life,
    used: bool,
}

#[derive(Clone, Copy)]
struct Span {
    tid: u32,
    first: usize,
    ended: bool,
}

/// Every life in a log.
#[derive(Default)]
pub(crate) struct Lives {
    spans: Vec<Span>,
    now: HashMap<u32, Life>,
    births: Vec<Birth>,
}

impl Lives {
    /// The life of `tid` at `line`.
    pub(crate) fn at(&mut self, tid: u32, line: usize) -> Life {
        *self.now.entry(tid).or_insert_with(|| {
            self.spans.push(Span { tid, first: line, ended: false });
            self.spans.len() - 1
        })
    }

    /// `tid` has ended, or was let go.
    pub(crate) fn end(&mut self, tid: u32) {
        if let Some(span) = self.now.remove(&tid).and_then(|life| self.spans.get_mut(life)) {
            span.ended = true;
        }
    }

    /// A call that began at line `began` has made `child`.
    pub(crate) fn born(&mut self, began: usize, child: u32, is_thread: bool, by: Life) {
        self.births.push(Birth { began, child, is_thread, by, used: false });
    }

    /// Threads that have not ended, in the order of their first line.
    pub(crate) fn unended(&self) -> Vec<u32> {
        self.spans.iter().filter(|span| !span.ended).map(|span| span.tid).collect()
    }

    /// True if `tid` has a line.
    pub(crate) fn has(&self, tid: u32) -> bool {
        self.spans.iter().any(|span| span.tid == tid)
    }

    /// The life of the first thread of the process that each life belongs to, which may be its own.
    pub(crate) fn leaders(&mut self) -> Vec<Life> {
        let mut of: HashMap<u32, Vec<usize>> = HashMap::new();
        for (at, birth) in self.births.iter().enumerate() {
            of.entry(birth.child).or_default().push(at);
        }
        let mut leaders: Vec<Life> = Vec::with_capacity(self.spans.len());
        for (life, span) in self.spans.iter().enumerate() {
            // The latest call before its first line that made a thread of this id.
            let candidates = of.get(&span.tid).into_iter().flatten().copied();
            let birth = candidates
                .filter(|at| !self.births[*at].used && self.births[*at].began < span.first)
                .max_by_key(|at| self.births[*at].began);
            let leader = match birth {
                Some(at) => {
                    self.births[at].used = true;
                    let Birth { is_thread, by, .. } = self.births[at];
                    // Whoever made it has an earlier line, hence a lower index.
                    if is_thread { leaders.get(by).copied().unwrap_or(life) } else { life }
                }
                None => life,
            };
            leaders.push(leader);
        }
        leaders
    }

    pub(crate) fn tid(&self, life: Life) -> u32 {
        self.spans[life].tid
    }
}
