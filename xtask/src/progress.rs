//! Shows a run's moments: a bar on a terminal, plain lines elsewhere; always on standard error.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use lab_run::{Moment, Observer};

/// Shows moments.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// each stage is told, where there is no bar
    stages: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, stages: true }
    }

    /// For a program that has the terminal to itself: no bar, which its output would tear, and no word on each stage.
    pub(crate) fn aside() -> Self {
        Self { bar: None, stages: false }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            // Nobody may be listening any more; the run goes on to its end.
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }
}

impl Observer for Progress {
    fn on(&self, moment: &Moment<'_>) {
        match moment {
            Moment::Swept { removed: [] } => {}
            Moment::Swept { removed } => self.line(&format!("cleaned up after {}", removed.join(", "))),
            Moment::Began { id, stages } => match &self.bar {
                Some(bar) => bar.set_length(*stages as u64),
                None => self.line(&format!("run {id}")),
            },
            Moment::StageBegan { scenario, pass, stage } => match &self.bar {
                Some(bar) => bar.set_message(format!("{scenario} pass {pass}: {stage}")),
                None if self.stages => self.line(&format!("{scenario} pass {pass}: {stage}")),
                None => {}
            },
            Moment::Waiting { scenario, pass, whom } => {
                self.line(&format!("{scenario} pass {pass}: waiting for {whom}"));
            }
            Moment::Act { scenario, act } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("{scenario}: act {act}"));
                }
            }
            Moment::PassEnded => {}
            Moment::MachineBegan { kernel } => self.line(&format!("linux {kernel}: booting")),
            Moment::MachineEnded { kernel, took, error } => {
                let how = error.map_or_else(
                    || "ended".to_owned(),
                    |error| format!("failed: {}", lab_report::escape(error)),
                );
                self.line(&format!("linux {kernel}: {how}, after {} s", took.as_secs()));
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
            Moment::Program { exit, left } => {
                let ended = match (exit.code, exit.signal) {
                    (Some(code), _) => format!("with exit code {code}"),
                    (None, Some(signal)) => format!("by signal {signal}"),
                    (None, None) => "nobody knows how".to_owned(),
                };
                self.line(&format!("the program has ended: {ended}"));
                if *left > 0 {
                    self.line(&format!("processes that it had left running, ended by the lab: {left}"));
                }
            }
            Moment::StageEnded { scenario, pass, stage, error, .. } => {
                if let Some(error) = error {
                    let error = lab_report::escape(error);
                    self.line(&format!("{scenario} pass {pass}: {stage} failed: {error}"));
                }
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
