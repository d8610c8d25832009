//! One file over HTTP, in as many connections as it takes, each of which goes on where the one before ended.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use super::{Fetching, Network};

/// Connections that may bring nothing before the download fails.
const IDLE_TRIES: u32 = 2;
/// How long the server may take to answer at all.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// No doubling goes beyond this.
const LONGEST: Duration = Duration::from_secs(3600);

/// Why a download did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The file could not be written.
    Write(io::Error),
    /// The server or the way to it.
    Server(String),
}

/// What one connection came to.
enum Try {
    Whole,
    CutOff(String),
}

/// Brings `file`, which has the beginning or nothing, to its full length.
pub(super) fn download(
    network: &Network,
    url: &str,
    file: &File,
    tell: &mut dyn FnMut(Fetching),
) -> Result<(), Failure> {
    let mut patience = network.patience;
    let mut idle = 0;
    let mut furthest = length(file)?;
    loop {
        let why = match connect(network, url, file, patience, tell)? {
            Try::Whole => return Ok(()),
            Try::CutOff(why) => why,
        };
        let now = length(file)?;
        idle = if now > furthest { 0 } else { idle + 1 };
        furthest = furthest.max(now);
        if idle == IDLE_TRIES {
            let kept = if now == 0 {
                String::new()
            } else {
                format!("; {now} bytes are kept, so that the next try goes on")
            };
            return Err(Failure::Server(format!("{why}{kept}")));
        }
        patience = (patience * 2).min(LONGEST);
    }
}

fn length(file: &File) -> Result<u64, Failure> {
    Ok(file.metadata().map_err(Failure::Write)?.len())
}

fn connect(
    network: &Network,
    url: &str,
    file: &File,
    patience: Duration,
    tell: &mut dyn FnMut(Fetching),
) -> Result<Try, Failure> {
    let mut done = length(file)?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        // Only a mirror of the person's own choice may do without.
        .https_only(network.mirror.is_none())
        .http_status_as_error(false)
        .timeout_connect(Some(ANSWER.min(patience)))
        .timeout_recv_response(Some(ANSWER.min(patience)))
        .timeout_recv_body(Some(patience))
        .build()
        .into();
    let mut request = agent.get(url).header("connection", "close");
    if done > 0 {
        request = request.header("range", format!("bytes={done}-"));
    }
    let mut response = match request.call() {
        Ok(response) => response,
        Err(ureq::Error::Io(error)) if is_cut(&error) => return Ok(Try::CutOff(error.to_string())),
        Err(ureq::Error::Timeout(_)) => return Ok(Try::CutOff("the server does not answer".to_owned())),
        Err(error) => return Err(Failure::Server(error.to_string())),
    };
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let length = header("content-length").and_then(|length| length.parse::<u64>().ok());
    let total = match response.status().as_u16() {
        200 => {
            // The whole of it, from the beginning, whatever was asked for.
            file.set_len(0).map_err(Failure::Write)?;
            done = 0;
            length
        }
        206 if header("content-range").is_some_and(|range| range.starts_with(&format!("bytes {done}-"))) => {
            length.map(|length| done + length)
        }
        // There is no more than we have; or what we have is of another file: the hash will tell.
        416 => return Ok(Try::Whole),
        206 => {
            file.set_len(0).map_err(Failure::Write)?;
            return Ok(Try::CutOff("the server sent another part than was asked for".to_owned()));
        }
        _ => {
            let status = response.status();
            return Err(Failure::Server(format!("the server answers {status}")));
        }
    };
    tell(Fetching { done, total });
    let mut body = response.body_mut().as_reader();
    let (mut buffer, mut sink) = (vec![0; 1 << 16], file);
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) if total.is_none_or(|total| done == total) => return Ok(Try::Whole),
            Ok(0) => return Ok(Try::CutOff(cut(done, total))),
            Ok(read) => read,
            Err(_) => return Ok(Try::CutOff(cut(done, total))),
        };
        sink.write_all(&buffer[..read]).map_err(Failure::Write)?;
        done += read as u64;
        tell(Fetching { done, total });
    }
}

fn cut(done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("the connection ended after {done} of {total} bytes"),
        None => format!("the connection ended after {done} bytes"),
    }
}

/// Whether trying again may help.
fn is_cut(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof)
}
