//! What a machine's console says of its end.

/// Why the kernel panicked, if it did.
pub fn panic_of(console: &str) -> Option<String> {
    const SIGN: &str = "Kernel panic - not syncing: ";
    let line = console.lines().find(|line| line.contains(SIGN))?;
    let (_, why) = line.split_once(SIGN)?;
    Some(why.trim().to_owned())
}

/// The last line that says something, without the time before it.
pub fn last_words(console: &str) -> Option<String> {
    let line = console.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    let said = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(line, |(_, said)| said);
    Some(said.chars().filter(|c| !c.is_control()).take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::{last_words, panic_of};

    const CONSOLE: &str = "[    1.8] Run /init as init process\r\n\
        [    2.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000\r\n\
        [    2.1] CPU: 0 PID: 1\r\n[    2.2] Kernel Offset: 0x1\r\n\r\n";

    #[test]
    fn a_panic_is_found_with_its_reason() {
        assert_eq!(panic_of(CONSOLE).unwrap(), "Attempted to kill init! exitcode=0x00000000");
        assert_eq!(panic_of("nothing"), None);
        assert_eq!(last_words(CONSOLE).unwrap(), "Kernel Offset: 0x1");
        assert_eq!(last_words("\n"), None);
    }
}
