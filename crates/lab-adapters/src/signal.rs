//! Signal names as tools print them. Source: the kernel's include/uapi/asm-generic/signal.h.

const NAMES: &[&str] = &[
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The number of `SIGKILL`, `SIGRTMIN`, `SIGRT_2` or a plain number.
pub(crate) fn number(name: &str) -> Option<i32> {
    let Some(short) = name.strip_prefix("SIG") else { return name.parse().ok() };
    if let Some(at) = NAMES.iter().position(|known| *known == short) {
        return i32::try_from(at + 1).ok();
    }
    match short {
        "RTMIN" => Some(32),
        "RTMAX" => Some(64),
        _ => short.strip_prefix("RT_")?.parse::<i32>().ok().filter(|n| (1..=32).contains(n)).map(|n| 32 + n),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names() {
        for (name, n) in
            [("SIGHUP", 1), ("SIGKILL", 9), ("SIGSEGV", 11), ("SIGSYS", 31), ("SIGRT_2", 34), ("40", 40)]
        {
            assert_eq!(number(name), Some(n), "{name}");
        }
        assert_eq!(number("SIGNOSUCH"), None);
    }
}
