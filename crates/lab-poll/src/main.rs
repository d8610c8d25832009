//! The `lab-poll` binary: a poller of `/proc`, the sensor `proc`. It looks at the processes of a cgroup again and again and
//! says what is otherwise than before, in lines of JSON.

mod line;
mod process;
mod rounds;

use std::{
    io::{self, Write},
    os::fd::AsFd,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use nix::poll::{PollFd, PollFlags, ppoll};

use crate::{line::Line, rounds::Rounds};

/// The sensor of Sightline that polls /proc
///
/// Orders come on standard input: `mark NAME` makes a round at once and says that it lies behind; `stop`, or the end of the
/// input, makes the last one.
#[derive(Parser)]
#[command(version = lab_model::VERSION)]
struct Arguments {
    /// Directory of the cgroup v2 hierarchy; it and all below it are observed
    #[arg(long, value_name = "CGROUP_DIR")]
    scope: PathBuf,
    /// From the beginning of a round to that of the next one; 0: rounds are made for marks alone
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 10)]
    interval: u32,
}

fn main() -> ExitCode {
    match poll(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-poll: {error}");
            ExitCode::FAILURE
        }
    }
}

fn poll(arguments: &Arguments) -> io::Result<()> {
    let interval = Duration::from_millis(arguments.interval.into());
    let mut stdout = io::stdout().lock();
    let mut say = |line: &Line<'_>| {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        stdout.write_all(&text)?;
        stdout.flush()
    };
    let mut rounds = Rounds::new(&arguments.scope);
    let mut orders = Orders { stdin: io::stdin(), begun: Vec::new() };
    let mut next = Instant::now() + interval;
    rounds.round(&mut say)?;
    say(&Line::Ready { interval_ns: u64::from(arguments.interval) * 1_000_000 })?;
    loop {
        let left = (!interval.is_zero()).then(|| next.saturating_duration_since(Instant::now()));
        let mut go_on = true;
        for order in orders.wait(left)? {
            match order {
                Order::Mark(name) => {
                    let ns = rounds.round(&mut say)?;
                    say(&Line::Mark { name: &name.into(), ns })?;
                }
                Order::Stop => go_on = false,
            }
        }
        if !go_on {
            rounds.round(&mut say)?;
            return rounds.end(&mut say);
        }
        if !interval.is_zero() && Instant::now() >= next {
            rounds.round(&mut say)?;
            // A round that came late, or took too long, is not made up for.
            next = (next + interval).max(Instant::now());
        }
    }
}

enum Order {
    Mark(Vec<u8>),
    Stop,
}

/// Orders as they come.
struct Orders {
    stdin: io::Stdin,
    /// a line whose end has not come yet
    begun: Vec<u8>,
}

impl Orders {
    /// Waits so long at most, or without end.
    fn wait(&mut self, left: Option<Duration>) -> io::Result<Vec<Order>> {
        let mut fds = [PollFd::new(self.stdin.as_fd(), PollFlags::POLLIN)];
        match ppoll(&mut fds, left.map(Into::into), None) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 4096];
        // What stands in the buffer of the standard library nobody would be woken for.
        let read = nix::unistd::read(&self.stdin, &mut bytes)?;
        if read == 0 {
            return Ok(vec![Order::Stop]);
        }
        self.begun.extend_from_slice(&bytes[..read]);
        let mut orders = Vec::new();
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            match line.trim_ascii_end() {
                b"stop" => orders.push(Order::Stop),
                line => match line.strip_prefix(b"mark ") {
                    Some(name) => orders.push(Order::Mark(name.to_vec())),
                    None => eprintln!("lab-poll: no order: {}", String::from_utf8_lossy(line)),
                },
            }
        }
        Ok(orders)
    }
}
