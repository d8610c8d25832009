//! The virtual machines of a profile: which kernels, how many at once, how large, for how long.

use std::time::Duration;

use crate::{
    diagnostic::Sink,
    fields::{Fields, integer, no_repeats, string, strings, table},
    place::{Location, Place, Sourced},
    profile::EnvironmentKind,
    timeout,
};

/// The machines of a profile whose environment is `vm`: one for each kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machines {
    /// versions, as `6.1`
    pub kernels: Vec<Sourced<String>>,
    /// how many run at the same time
    pub at_once: Sourced<u32>,
    /// memory of each, in MiB
    pub memory_mib: Sourced<u32>,
    /// how long each may take, from its start to its end
    pub timeout: Sourced<Duration>,
}

impl Machines {
    /// One machine, whose kernel no profile names.
    pub fn one(memory_mib: u32, timeout: Duration) -> Self {
        Self {
            kernels: Vec::new(),
            at_once: Sourced::default(1),
            memory_mib: Sourced::default(memory_mib),
            timeout: Sourced::default(timeout),
        }
    }
}

const KEYS: &[&str] = &["kernels", "at_once", "memory_mib", "timeout"];

const AT_ONCE: u32 = 2;
const MEMORY_MIB: u32 = 1024;
const TIMEOUT: Duration = Duration::from_secs(300);

/// Reads `[vm]`, which belongs to the environment `vm` and to no other.
pub(crate) fn machines(
    fields: &Fields<'_>,
    environment: Option<&Sourced<EnvironmentKind>>,
    whole: &Location,
    sink: &mut Sink,
) -> Option<Machines> {
    let environment = environment?;
    let Some(entry) = fields.get("vm") else {
        if environment.value == EnvironmentKind::Vm {
            sink.push(whole.clone(), "missing table `vm` in a profile whose environment is `vm`");
        }
        return None;
    };
    if environment.value != EnvironmentKind::Vm {
        let message = format!("`vm` is for the environment `vm`, and this one is `{}`", environment.value);
        sink.push(entry.key_at.clone(), message);
        return None;
    }
    let fields = Fields::new(table(&entry.node, "vm", sink)?, "`vm`", &entry.key_at, KEYS, sink);
    let kernels = fields.required("kernels", sink, |node, key, sink| {
        let kernels = strings(node, key, sink)?;
        if kernels.is_empty() {
            sink.push(node.at.clone(), format!("`{key}` is empty, expected at least one"));
            return None;
        }
        no_repeats(kernels.iter().copied(), "kernel", sink);
        let kernel = |(text, at): (&str, &Location)| {
            if is_version(text) {
                return Some(Sourced { value: text.to_owned(), place: Place::Written(at.clone()) });
            }
            sink.push(
                at.clone(),
                format!("kernel {text:?}, expected a version of two numbers such as \"6.1\""),
            );
            None
        };
        Some(kernels.into_iter().filter_map(kernel).collect())
    });
    let number = |key: &str, default: u32, from: u32, to: u32, sink: &mut Sink| {
        let read = |node: &_, key: &str, sink: &mut Sink| integer(node, key, from..=to, sink);
        fields.optional(key, sink, read).unwrap_or(Sourced::default(default))
    };
    let at_once = number("at_once", AT_ONCE, 1, 64, sink);
    let memory_mib = number("memory_mib", MEMORY_MIB, 256, 65_536, sink);
    let timeout = fields.optional("timeout", sink, |node, key, sink| {
        let text = string(node, key, sink)?;
        let length = timeout::parse(text);
        if length.is_none() {
            let message =
                format!("`{key}` is {text:?}, expected a length such as `90s` or `5m`, at most an hour");
            sink.push(node.at.clone(), message);
        }
        length
    });
    let timeout = timeout.unwrap_or(Sourced::default(TIMEOUT));
    Some(Machines { kernels: kernels?.value, at_once, memory_mib, timeout })
}

/// `6.1`, and not `6.1.176`: which of its releases it is, pins.toml says.
fn is_version(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.len() < 4 && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| number(major) && number(minor))
}
