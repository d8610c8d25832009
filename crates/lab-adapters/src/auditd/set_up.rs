//! How the daemon is told what to do: its configuration, the rules for one subject, and what the kernel says of itself.

use std::fmt;

use super::numbers;

/// What the kernel says of its audit subsystem, as `auditctl -s` prints it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// 0 off, 1 on, 2 on and locked until boot
    pub enabled: u32,
    /// the daemon's pid, 0 for none
    pub pid: u32,
    /// records lost since boot, or since somebody set it back
    pub lost: u64,
    /// records that wait for the daemon
    pub backlog: u64,
    /// how many may wait
    pub backlog_limit: u32,
    /// how long a call waits for room before its record is lost
    pub backlog_wait_time: u32,
}

impl Status {
    /// Reads what `auditctl -s` printed; `None` if a line of it is missing.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line?.trim().parse::<u64>().ok()
        };
        let small = |name| value(name).and_then(|value| u32::try_from(value).ok());
        Some(Self {
            enabled: small("enabled")?,
            pid: small("pid")?,
            lost: value("lost")?,
            backlog: value("backlog")?,
            backlog_limit: small("backlog_limit")?,
            backlog_wait_time: small("backlog_wait_time")?,
        })
    }
}

/// As `auditctl -s` prints it, as far as it is known.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { enabled, pid, lost, backlog, backlog_limit, backlog_wait_time } = self;
        writeln!(f, "enabled {enabled}\npid {pid}\nbacklog_limit {backlog_limit}\nlost {lost}")?;
        writeln!(f, "backlog {backlog}\nbacklog_wait_time {backlog_wait_time}")
    }
}

/// The content of `auditd.conf` for a daemon that writes to its standard output alone (`auditd -f -c FOLDER`), waits for
/// nobody and never stops the machine. `plugins` is an empty folder.
pub fn configuration(plugins: &str) -> String {
    // The log's name must be one, though nothing is written to it.
    format!(
        "local_events = yes\nwrite_logs = no\nlog_file = {plugins}/audit.log\nlog_group = root\nlog_format = RAW\n\
         flush = NONE\nfreq = 0\nmax_log_file = 8\nnum_logs = 2\npriority_boost = 0\nname_format = NONE\n\
         max_log_file_action = IGNORE\nspace_left = 2\nspace_left_action = IGNORE\nadmin_space_left = 1\n\
         admin_space_left_action = IGNORE\ndisk_full_action = IGNORE\ndisk_error_action = IGNORE\nq_depth = 99999\n\
         overflow_action = IGNORE\nplugin_dir = {plugins}\n"
    )
}

/// The arguments of `auditctl` that make the rule for the processes of one login session, named by `key`. What events
/// are made from is recorded, at its end, and nothing else.
pub fn rules(session: u32, key: &str) -> Vec<String> {
    let arch = if cfg!(target_arch = "aarch64") { "arch=aarch64" } else { "arch=b64" };
    let calls = numbers::all().collect::<Vec<_>>().join(",");
    let session = format!("sessionid={session}");
    ["-a", "always,exit", "-F", arch, "-S", &calls, "-F", &session, "-k", key].map(str::to_owned).to_vec()
}

/// The arguments of `auditctl` that take away every rule of this key, and no other.
pub fn forget(key: &str) -> Vec<String> {
    ["-D", "-k", key].map(str::to_owned).to_vec()
}

/// The command that takes away the rules of this key, and puts back the settings as they were, unless somebody's daemon is
/// alive: then they are that one's. `saved` is the file that holds them, which is emptied. It may be run more than once.
pub fn put_back(before: Status, key: &str, saved: &str) -> Vec<String> {
    let Status { enabled, backlog_limit, backlog_wait_time, .. } = before;
    // The kernel notices that a daemon was killed only when it has something for it.
    let script = format!(
        "exec >/dev/null; PATH=$PATH:/usr/sbin:/sbin; auditctl -D -k {key} || exit; status=$(auditctl -s) || exit; \
         pid=$(echo \"$status\" | sed -n 's/^pid //p'); \
         grep -q '^State:.[^ZX]' /proc/$pid/status 2>/dev/null && exit; \
         auditctl -b {backlog_limit} && auditctl --backlog_wait_time {backlog_wait_time} && auditctl -e {enabled} && \
         echo -n >{saved}"
    );
    ["sh", "-c", &script].map(str::to_owned).to_vec()
}

/// The line by which the kernel says that the rules of `key` are gone: behind it comes no record of theirs.
pub fn is_last(line: &[u8], key: &str) -> bool {
    let line = String::from_utf8_lossy(line);
    line.starts_with("type=CONFIG_CHANGE ") && line.contains("op=remove_rule") && line.contains(key)
}

/// What `auditd` says on standard error once records reach it.
pub fn is_ready(line: &str) -> bool {
    line.contains("listening for events")
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn status() {
        let text = "enabled 1\nfailure 1\npid 12\nrate_limit 0\nbacklog_limit 64\nlost 3\nbacklog 2\n\
                    backlog_wait_time 15000\nbacklog_wait_time_actual 9\nloginuid_immutable 0 unlocked\n";
        let status = Status::parse(text).unwrap();
        assert_eq!((status.pid, status.lost, status.backlog), (12, 3, 2));
        assert_eq!((status.backlog_limit, status.backlog_wait_time), (64, 15000));
        assert_eq!(Status::parse(&status.to_string()), Some(status));
        assert_eq!(Status::parse("enabled 1\n"), None);
    }
}
