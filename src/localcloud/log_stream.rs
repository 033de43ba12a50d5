//! A log stream that is written as a customer would: through the endpoint's CloudWatch Logs.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long lines are gathered before they are sent.
const GATHER: Duration = Duration::from_millis(200);

/// Most events of one call; AWS allows 10,000 and 1 MiB.
const MOST_EVENTS: usize = 1_000;

/// Most bytes of one event's text; AWS allows 256 KiB.
const MOST_BYTES: usize = 200 * 1024;

/// One stream; its group and itself come to be with the first line.
pub(super) struct LogStream {
    sender: mpsc::UnboundedSender<(i64, String)>,
    writer: JoinHandle<()>,
}

impl LogStream {
    /// Starts the writer; nothing is created yet.
    pub(super) fn open(config: &SdkConfig, group: &str, stream: &str) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let target = Target { client: Client::new(config), group: group.to_owned(), stream: stream.to_owned() };
        Self { sender, writer: tokio::spawn(write_all(target, receiver)) }
    }

    /// Adds a line with the present moment.
    pub(super) fn write(&self, line: impl Into<String>) {
        self.handle().write(line);
    }

    /// Returns a handle for another task; the stream closes when it and all its handles are gone.
    pub(super) fn handle(&self) -> LogHandle {
        LogHandle(self.sender.clone())
    }

    /// Waits until everything is written. Handles must be gone.
    pub(super) async fn close(self) {
        drop(self.sender);
        if self.writer.await.is_err() {
            tracing::warn!("a log writer ended early");
        }
    }
}

/// A way to write to a [`LogStream`] from another task.
#[derive(Clone)]
pub(super) struct LogHandle(mpsc::UnboundedSender<(i64, String)>);

impl LogHandle {
    /// Adds a line with the present moment.
    pub(super) fn write(&self, line: impl Into<String>) {
        let mut line = line.into();
        if line.len() > MOST_BYTES {
            line.truncate(line.floor_char_boundary(MOST_BYTES));
        }
        // A writer that ended has said so; the line has nowhere else to go.
        let _ = self.0.send((Timestamp::now().as_millisecond(), line));
    }
}

struct Target {
    client: Client,
    group: String,
    stream: String,
}

impl Target {
    /// Creates group and stream where they are missing.
    async fn ensure(&self) {
        let group = self.client.create_log_group().log_group_name(&self.group).send().await;
        let stream = self.client.create_log_stream().log_group_name(&self.group).log_stream_name(&self.stream);
        let stream = stream.send().await;
        let codes = [group.err().and_then(|error| code(&error)), stream.err().and_then(|error| code(&error))];
        for code in codes.into_iter().flatten().filter(|code| code != "ResourceAlreadyExistsException") {
            tracing::warn!(group = self.group, code, "could not create the log stream");
        }
    }

    async fn put(&self, events: &[InputLogEvent]) -> Result<(), Option<String>> {
        let call = self.client.put_log_events().log_group_name(&self.group).log_stream_name(&self.stream);
        call.set_log_events(Some(events.to_vec())).send().await.map(|_| ()).map_err(|error| code(&error))
    }
}

fn code(error: &impl ProvideErrorMetadata) -> Option<String> {
    error.code().map(str::to_owned)
}

async fn write_all(target: Target, mut receiver: mpsc::UnboundedReceiver<(i64, String)>) {
    let mut ensured = false;
    let mut lines = Vec::new();
    while receiver.recv_many(&mut lines, MOST_EVENTS).await > 0 {
        if lines.len() < MOST_EVENTS && !receiver.is_closed() {
            tokio::time::sleep(GATHER).await;
            while lines.len() < MOST_EVENTS
                && let Ok(line) = receiver.try_recv()
            {
                lines.push(line);
            }
        }
        if !ensured {
            target.ensure().await;
            ensured = true;
        }
        for events in batches(std::mem::take(&mut lines)) {
            let mut sent = target.put(&events).await;
            if matches!(&sent, Err(Some(code)) if code == "ResourceNotFoundException") {
                // Somebody deleted the group while the stream was open.
                target.ensure().await;
                sent = target.put(&events).await;
            }
            if let Err(code) = sent {
                tracing::warn!(group = target.group, ?code, "log lines were lost");
            }
        }
    }
}

/// Cuts lines into calls that AWS would take.
fn batches(lines: Vec<(i64, String)>) -> Vec<Vec<InputLogEvent>> {
    let mut batches = vec![];
    let mut batch = vec![];
    let mut bytes = 0;
    for (moment, line) in lines {
        // AWS refuses empty messages.
        let message = if line.is_empty() { " ".to_owned() } else { line };
        if bytes + message.len() + 26 > 1_000_000 {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += message.len() + 26;
        let event = InputLogEvent::builder().timestamp(moment).message(message).build();
        batch.push(event.expect("an event with moment and message is complete"));
    }
    batches.push(batch);
    batches
}
