//! The `lab-probe` binary: record a scope into a spool, decode a spool into events, check this machine.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::LazyLock,
};

use clap::{ArgGroup, Args, Parser, Subcommand};
use lab_model::{Action, Report};
use lab_probe::{Session, Wanted, Whom, ask_verifier, check, decode, record};

/// The eBPF sensor of Sightline
#[derive(Parser)]
#[command(version = version())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Record what processes do, until standard input ends or says `stop`
    Record(Record),
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
    /// Load the programs, record nothing, and say as JSON what this kernel's verifier made of them
    Load {
        /// Take a field of the kernel's structs to be at this offset, or nowhere (`none`)
        #[arg(long, value_name = "FIELD=OFFSET", value_parser = pretended, hide = true)]
        pretend: Vec<(String, u32)>,
    },
}

fn version() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| format!("{} (eBPF object {})", lab_model::VERSION, lab_probe::object_hash()));
    &TEXT
}

#[derive(Args)]
#[command(group = ArgGroup::new("whom").required(true))]
struct Record {
    /// Directory of the cgroup v2 hierarchy; it and all below it are observed
    #[arg(long, value_name = "CGROUP_DIR", group = "whom")]
    scope: Option<PathBuf>,
    /// Observe this process, its children and all that come from them
    #[arg(long, value_name = "PID", group = "whom")]
    tree: Option<u32>,
    /// Observe every process of the machine but the probe
    #[arg(long, group = "whom")]
    host: bool,
    /// Leave out this cgroup and all below it
    #[arg(long, value_name = "CGROUP_DIR", requires = "host")]
    without: Option<PathBuf>,
    /// Record only this action, and exec, fork and exit; may be given several times
    #[arg(long, value_name = "ACTION")]
    action: Vec<Action>,
    /// Of what is about paths, record only what is about this one or is below it; may be given several times
    #[arg(long, value_name = "PATH")]
    path: Vec<PathBuf>,
    /// Record only what this program does, and exec, fork and exit; may be given several times
    #[arg(long, value_name = "FILE")]
    executable: Vec<PathBuf>,
    /// Record reads and writes of this file, or of those below this folder; may be given several times
    #[arg(long, value_name = "PATH")]
    file: Vec<PathBuf>,
    /// File for the spool, made anew
    #[arg(long, value_name = "FILE")]
    spool: PathBuf,
    /// Bytes of the ring buffer, rounded up to a power of two
    #[arg(long, value_name = "N", default_value_t = 8 << 20)]
    ring_bytes: u32,
    /// Threads in scope whose calls are kept at once
    #[arg(long, value_name = "N", default_value_t = 1024)]
    threads: u32,
    /// Say at the end how old the records were when they were read
    #[arg(long)]
    latency: bool,
    /// Take a field of the kernel's structs to be at this offset, or nowhere (`none`)
    #[arg(long, value_name = "FIELD=OFFSET", value_parser = pretended, hide = true)]
    pretend: Vec<(String, u32)>,
}

impl Record {
    fn session(self) -> Session {
        let whom = match (self.scope, self.tree) {
            (Some(scope), _) => Whom::Cgroup(scope),
            (None, Some(pid)) => Whom::Tree(pid),
            (None, None) => Whom::Host { without: self.without },
        };
        let wanted =
            Wanted { actions: self.action, paths: self.path, executables: self.executable, files: self.file };
        Session {
            whom,
            wanted,
            spool: self.spool,
            ring_bytes: self.ring_bytes,
            threads: self.threads,
            latency: self.latency,
            pretended: self.pretend,
        }
    }
}

fn pretended(text: &str) -> Result<(String, u32), String> {
    let (field, offset) = text.split_once('=').ok_or("expected FIELD=OFFSET")?;
    let offset = if offset == "none" { Ok(u32::MAX) } else { offset.parse() };
    Ok((field.to_owned(), offset.map_err(|error| format!("{error}"))?))
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Record(options) => run_record(&options.session()),
        Command::Decode { spool, instance, events, ancestry } => {
            done(run_decode(&spool, &instance, &events, ancestry.as_deref()))
        }
        Command::Check => {
            let check = check();
            let code = if check.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            let said = serde_json::to_writer(io::stdout(), &check).map_err(anyhow::Error::from);
            if said.is_ok() { code } else { done(said) }
        }
        Command::Load { pretend } => done(run_load(&pretend)),
    }
}

fn run_load(pretend: &[(String, u32)]) -> anyhow::Result<()> {
    Ok(serde_json::to_writer(io::stdout(), &ask_verifier(pretend)?)?)
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
