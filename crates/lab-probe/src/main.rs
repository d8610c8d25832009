//! The `lab-probe` binary: record a scope into a spool, decode a spool into events, check this machine.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::LazyLock,
};

use clap::{Parser, Subcommand};
use lab_model::Report;
use lab_probe::{Session, check, decode, record};

/// The eBPF sensor of Sightline
#[derive(Parser)]
#[command(version = version())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Record what the processes of a cgroup do, until standard input ends or says `stop`
    Record {
        /// Directory of the cgroup v2 hierarchy; it and all below it are observed
        #[arg(long, value_name = "CGROUP_DIR")]
        scope: PathBuf,
        /// File for the spool, made anew
        #[arg(long, value_name = "FILE")]
        spool: PathBuf,
        /// Bytes of the ring buffer, rounded up to a power of two
        #[arg(long, value_name = "N", default_value_t = 8 << 20)]
        ring_bytes: u32,
        /// Threads in scope whose calls are kept at once
        #[arg(long, value_name = "N", default_value_t = 1024)]
        threads: u32,
    },
    /// Turn a spool into events, one JSON object per line
    Decode {
        /// The spool; one that was cut off is read up to its last whole frame
        #[arg(long, value_name = "FILE")]
        spool: PathBuf,
        /// Name of the instance in the events
        #[arg(long, value_name = "NAME")]
        instance: String,
        /// File for the events
        #[arg(long, value_name = "OUT")]
        events: PathBuf,
        /// File for the processes that were older than the probe, as one JSON array
        #[arg(long, value_name = "OUT")]
        ancestry: Option<PathBuf>,
    },
    /// Say as JSON whether this machine can run the probe
    Check,
}

fn version() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| format!("{} (eBPF object {})", lab_model::VERSION, lab_probe::object_hash()));
    &TEXT
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Record { scope, spool, ring_bytes, threads } => {
            run_record(&Session { scope, spool, ring_bytes, threads })
        }
        Command::Decode { spool, instance, events, ancestry } => {
            done(run_decode(&spool, &instance, &events, ancestry.as_deref()))
        }
        Command::Check => {
            let check = check();
            let code = if check.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            let said = serde_json::to_writer(io::stdout(), &check).map_err(anyhow::Error::from);
            if said.is_ok() { code } else { done(said) }
        }
    }
}

fn run_record(session: &Session) -> ExitCode {
    match record(session, io::stdin(), &mut io::stdout()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            let message = format!("failed to {error}");
            if let Ok(line) = serde_json::to_string(&Report::Failed { message }) {
                println!("{line}");
            }
            done(Err(error.into()))
        }
    }
}

fn run_decode(spool: &Path, instance: &str, events: &Path, ancestry: Option<&Path>) -> anyhow::Result<()> {
    let decoded = decode(spool, instance)?;
    let mut file = create(events)?;
    for event in &decoded.events {
        serde_json::to_writer(&mut file, event)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    if let Some(path) = ancestry {
        let mut file = create(path)?;
        serde_json::to_writer(&mut file, &decoded.ancestry)?;
        file.flush()?;
    }
    if let Some(damage) = &decoded.damage {
        eprintln!("{}: {damage}", spool.display());
    }
    Ok(())
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).map_err(|error| anyhow::anyhow!("create {}: {error}", path.display()))?;
    Ok(BufWriter::new(file))
}

fn done(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-probe: failed to {error:#}");
            ExitCode::FAILURE
        }
    }
}
