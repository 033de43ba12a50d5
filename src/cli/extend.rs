//! `stack extend`.

use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;

use super::args::Global;
use super::session::{Session, one};
use super::{Exit, Outcome};
use crate::apply::Look;
use crate::billing::{self, Billing, parse_span};
use crate::diag::{Class, Diagnostic};
use crate::ui::{Ui, date_text, span_text};

/// The shortest and the longest span that can be given at once.
const SPANS: (Duration, Duration) = (Duration::from_secs(5 * 60), Duration::from_secs(7 * 24 * 3600));

/// Options of `stack extend`.
#[derive(Debug, Args)]
pub struct ExtendArgs {
    /// How much more time the servers get: `2h`, `30m`, `1h 30m`
    #[arg(value_name = "TIME", value_parser = span)]
    by: Duration,
}

fn span(text: &str) -> Result<Duration, String> {
    let by = parse_span(text).map_err(|problem| format!("{problem}; it is `2h`, `30m` or `1h 30m`"))?;
    match (SPANS.0..=SPANS.1).contains(&by) {
        true => Ok(by),
        false => Err("it is at least 5 minutes and at most 7 days".to_owned()),
    }
}

/// Pushes on the moment at which the servers stop by themselves.
pub(super) async fn run(ui: Ui, global: &Global, args: &ExtendArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let billing = session.stack.declared.get::<Billing>("billing");
    if billing.and_then(billing::BillingTable::auto_stop).is_none() {
        let file = session.stack.document.file().display().to_string();
        let error = Diagnostic::error(Class::Refused, format!("nothing in `{file}` stops the servers by itself"));
        let hint = "write `auto_stop = \"4h\"` into `[billing]` and run `stack up`";
        return Err(vec![error.hint(hint)]);
    }
    let observed = session.observe(Look::Batched).await?;
    let moment = billing::extend(&session.stack, &session.cx, &observed, args.by).await.map_err(one)?;
    let Some(moment) = moment else {
        let error = Diagnostic::error(Class::Refused, "the schedules that stop the servers do not exist yet");
        return Err(vec![error.hint("run `stack up` first")]);
    };
    let now = session.cx.aws.clock.now();
    let (rate, _) = session.rates(&observed);
    let running: Vec<_> = rate.lines.iter().filter(|line| line.is_running()).map(|line| &line.address).collect();
    let date = date_text(moment, &TimeZone::system());
    let text = format!("the servers stop by themselves on {date}, in {}", span_text(moment.duration_since(now)));
    ui.answer(&text, &json!({ "version": 1, "stops_at": moment, "running": running }));
    if running.is_empty() {
        ui.note("none of them runs now");
    }
    Ok(Exit::Done)
}
