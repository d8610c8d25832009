//! bpftrace's output: the script that it is given, what is masked in what it prints, and the events in it.
//!
//! Written for bpftrace 0.17 (Debian 12), which prints JSON, a line for each record. A call is several records: where it
//! begins, with a text each, and where it ends. They are put together by thread and time, for each processor has a buffer of its
//! own and the buffers come in any order.

mod decode;
mod record;
mod script;

pub use decode::decode;
pub use record::{redact_line, seen_at};
pub use script::{READY, TEXT_BYTES, script};

/// The variables of its environment by which it keeps as much of a text, and has as much room for records, as it can. Newer
/// ones call the first by the name of the second.
pub const ENVIRONMENT: [(&str, &str); 3] =
    [("BPFTRACE_STRLEN", "200"), ("BPFTRACE_MAX_STRLEN", "200"), ("BPFTRACE_PERF_RB_PAGES", "1024")];

/// The command that runs `script`.
pub fn command(script: &str) -> Vec<String> {
    ["bpftrace", "-f", "json", "-e", script].map(str::to_owned).to_vec()
}

/// True for what it says on standard error about itself on every machine that grants it less than everything.
pub fn is_usual(line: &str) -> bool {
    line.trim().is_empty() || line.contains("RLIMIT_MEMLOCK")
}
