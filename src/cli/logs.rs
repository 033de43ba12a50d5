//! `stack logs`.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::args::Global;
use super::session::{Session, one};
use super::stop::interrupted;
use super::{Exit, Outcome};
use crate::aws::Clients;
use crate::diag::Diagnostic;
use crate::logs::{Grep, Line, LogsError, Reader, Since, sources};
use crate::ui::{LogsView, Ui};
use crate::wait::Backoff;

/// The least and the longest pause between two looks of `--follow`.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Options of `stack logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// A resource or table such as `lambda.reader`, `job.rds_to_s3`, `crawler.rds` or `mysql.sales`; default: all
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Where to begin: 30m, 2h or 1d ago, or at a moment such as 2026-11-22T06:00:00Z
    #[arg(long, value_name = "TIME", default_value = "1h")]
    since: Since,
    /// Only entries with this text, whatever its case
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
}

/// Shows the logs of a stack as one, in the order of time.
pub(super) async fn run(ui: Ui, global: &Global, args: &LogsArgs) -> Outcome {
    let session = Session::open(ui, global).await?;
    let sources = sources(&session.stack, args.address.as_deref()).map_err(one)?;
    let since = args.since.before(Timestamp::now());
    let grep = args.grep.as_deref().map(Grep::new);
    let addresses = sources.iter().map(|source| source.address.clone()).collect();
    let printer = Printer { ui, view: LogsView::new(addresses, grep.clone(), ui.json), grep };
    let mut reader = Reader::new(sources, since);
    let aws = &session.cx.aws;
    if args.follow {
        return tokio::select! {
            ended = follow(&printer, &mut reader, aws) => ended,
            () = interrupted() => Ok(Exit::Interrupted),
        };
    }
    let lines = reader.read(aws).await.map_err(one)?;
    let shown = lines.iter().filter(|line| printer.wants(line)).count();
    if shown == 0 {
        let text = args.grep.as_ref().map(|text| format!(" with `{text}`")).unwrap_or_default();
        ui.note(&format!("nothing{text} was written since {since}"));
    }
    // A reader that has gone away, such as `head`, is no failure.
    drop(printer.print(&lines));
    Ok(Exit::Done)
}

/// Shows what is written until nobody reads it any more.
async fn follow(printer: &Printer, reader: &mut Reader, aws: &Clients) -> Outcome {
    let mut pause = Backoff::new(PAUSE.0, PAUSE.1);
    loop {
        match reader.read(aws).await {
            Ok(lines) if lines.is_empty() => {}
            Ok(lines) => {
                pause = Backoff::new(PAUSE.0, PAUSE.1);
                if printer.print(&lines).is_err() {
                    return Ok(Exit::Done);
                }
            }
            // The next look returns what this one did not.
            Err(error) if error.is_passing() => printer.say(&error),
            Err(error) => return Err(one(error)),
        }
        pause.sleep().await;
    }
}

/// Prints entries.
struct Printer {
    ui: Ui,
    view: LogsView,
    grep: Option<Grep>,
}

impl Printer {
    fn wants(&self, line: &Line) -> bool {
        self.grep.as_ref().is_none_or(|grep| grep.is_in(&line.message))
    }

    fn print(&self, lines: &[Line]) -> std::io::Result<()> {
        let text: Vec<String> = lines.iter().filter(|line| self.wants(line)).map(|line| self.view.text(line)).collect();
        if text.is_empty() { Ok(()) } else { self.ui.stream(&text.join("\n")) }
    }

    fn say(&self, error: &LogsError) {
        let warning = Diagnostic::from_error(error);
        self.ui.note(&format!("warning: {}; looking again", warning.message));
    }
}
