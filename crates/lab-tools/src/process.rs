//! Running programs to their end with errors that say what was run.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};

use crate::Error;

/// Lines kept of what a failing program wrote.
const TAIL_LINES: usize = 12;

/// Standard output of a program that must succeed.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.stdin(Stdio::null()).output().map_err(|cause| start_error(command, cause))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let written = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    Err(failure(command, output.status, &String::from_utf8_lossy(written)))
}

/// Standard output of a program as trimmed text.
pub(crate) fn text(command: &mut Command) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&output(command)?).trim().to_owned())
}

/// Runs a program that must succeed, telling each line that it writes (both streams).
pub(crate) fn stream(command: &mut Command, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let (reader, writer) = std::io::pipe().map_err(|cause| start_error(command, cause))?;
    let errors = writer.try_clone().map_err(|cause| start_error(command, cause))?;
    stream_from(command.stdin(Stdio::null()).stdout(writer).stderr(errors), reader, tell)
}

/// Runs a program that must succeed, telling each line of its standard error; its standard output is the caller's.
pub(crate) fn stream_errors(command: &mut Command, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let (reader, writer) = std::io::pipe().map_err(|cause| start_error(command, cause))?;
    stream_from(command.stderr(writer), reader, tell)
}

fn stream_from(command: &mut Command, reader: impl Read, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let started = command.spawn();
    // The command holds the pipes' writing ends: given up, so that the readers see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = started.map_err(|cause| start_error(command, cause))?;
    let tail = tell_lines(reader, tell);
    let status = child.wait().map_err(|cause| start_error(command, cause))?;
    if status.success() { Ok(()) } else { Err(failure(command, status, &tail)) }
}

fn tell_lines(reader: impl Read, tell: &mut dyn FnMut(&str)) -> String {
    let mut tail = std::collections::VecDeque::new();
    for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        tell(&line);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    Vec::from(tail).join("\n")
}

fn start_error(command: &Command, cause: std::io::Error) -> Error {
    Error::Start { program: command.get_program().to_string_lossy().into_owned(), cause }
}

fn failure(command: &Command, status: ExitStatus, written: &str) -> Error {
    use std::os::unix::process::ExitStatusExt as _;
    let status = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    };
    let lines: Vec<&str> = written.trim().lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
    Error::Command { command: line(command), status, tail }
}

/// A command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_says_what_was_run_and_what_it_said() {
        let mut lines = Vec::new();
        let error = stream(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]), &mut |line| {
            lines.push(line.to_owned());
        })
        .unwrap_err();
        assert_eq!(lines, ["out", "err"]);
        assert_eq!(
            error.to_string(),
            "run `sh -c 'echo out; echo err >&2; exit 3'`: it ended with exit status 3:\nout\nerr"
        );
        let error = output(&mut Command::new("/nonexistent/x")).unwrap_err();
        assert!(error.to_string().starts_with("start /nonexistent/x: No such file"), "{error}");
    }
}
