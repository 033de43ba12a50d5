//! A local cloud in this process, and the library as a person's `stack` uses it.

use std::path::PathBuf;
use std::time::Duration;

use stack::apply::{self, Event, Events, Look, Summary};
use stack::aws::{Clients, Target};
use stack::kinds::base::{Cx, Known, Meta};
use stack::localcloud::{Cloud, Effect, Fault, Home, Options};
use stack::plan::{self, Observed, Plan};
use stack::spec::{self, Stack};
use tokio::sync::mpsc::unbounded_channel;

use super::case::{How, Shape, Trouble};
use super::render;

/// A cloud and a folder with stack files.
pub(super) struct World {
    pub cloud: Cloud,
    pub aws: Clients,
    folder: tempfile::TempDir,
}

/// How a run went.
pub(super) struct Run {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The end, unless the run was killed.
    pub summary: Option<Summary>,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("stacks/code")).unwrap();
        std::fs::write(folder.path().join("stacks/code/handler.py"), "def handle(event, context):\n    pass\n")
            .unwrap();
        std::fs::write(folder.path().join("stacks/job.py"), "print('job')\n").unwrap();
        let cloud = Cloud::start(Options::in_process(Home::new(folder.path().join("cloud")))).await.unwrap();
        let target = Target {
            region: "us-east-2".into(),
            endpoint_url: Some(cloud.endpoint().to_owned()),
            any_credentials: true,
            retry_pause: Some(Duration::from_millis(10)),
            ..Target::default()
        };
        let aws = Clients::connect(target).await;
        Self { cloud, aws, folder }
    }

    /// Reads the stack file of a shape.
    pub(super) fn load(&self, shape: &Shape) -> Stack {
        let path: PathBuf = self.folder.path().join("stacks/laws.toml");
        std::fs::write(&path, render::toml(shape)).unwrap();
        let today = jiff::civil::date(2026, 11, 23);
        spec::load(&path, &spec::Options { tables: &[], region: None, today })
            .unwrap_or_else(|errors| panic!("{errors:?}\n{}", render::toml(shape)))
    }

    fn cx(&self, stack: &Stack) -> Cx {
        let meta = Meta {
            name: stack.name.clone(),
            region: stack.region.clone(),
            account: "123456789012".into(),
            tags: stack.tags.clone(),
            my_ip: None,
        };
        Cx { aws: self.aws.clone(), known: Known::new(meta), final_snapshot: None }
    }

    /// Looks at the world, again if a fault is in the way.
    pub(super) async fn observe(&self, stack: &Stack, look: Look) -> Result<Observed, String> {
        let mut last = String::new();
        for _ in 0..5 {
            match apply::observe(stack, &self.cx(stack), look).await {
                Ok(observed) => return Ok(observed),
                Err(error) => last = format!("{error}: {}", source(&error)),
            }
        }
        Err(format!("cannot observe: {last}"))
    }

    /// Looks and plans `up`.
    pub(super) async fn plan(&self, stack: &Stack) -> Result<(Observed, Plan), String> {
        let observed = self.observe(stack, Look::Batched).await?;
        let plan = plan::up(stack, &observed, &self.cx(stack).known);
        let plan = plan.map_err(|refused| format!("refused: {refused:?}"))?;
        Ok((observed, plan))
    }

    /// Carries out a plan; with `killed_after`, the run ends as if by kill -9 once so many more calls were made.
    pub(super) async fn carry_out(
        &self,
        stack: &Stack,
        (observed, plan): (&Observed, &Plan),
        killed_after: Option<u64>,
    ) -> Run {
        let mut cx = self.cx(stack);
        observed.teach(&mut cx.known);
        let (sender, mut receiver) = unbounded_channel();
        let before = self.aws.counter.count() as u64;
        let killed = async {
            let Some(calls) = killed_after else { return std::future::pending().await };
            while (self.aws.counter.count() as u64) < before + calls {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let events = Events::new(sender);
        let running = apply::run(plan, &cx, &cx.known, &events, std::future::pending());
        let summary = tokio::select! {
            summary = running => Some(summary),
            () = killed => None,
        };
        drop(events);
        let mut told = vec![];
        while let Some(event) = receiver.recv().await {
            told.push(event);
        }
        Run { events: told, summary }
    }

    /// Lets things go wrong from now on.
    pub(super) fn set(&self, troubles: &[Trouble]) {
        self.cloud.faults().set(troubles.iter().map(fault).collect());
    }
}

fn fault(trouble: &Trouble) -> Fault {
    let effect = match trouble.how {
        How::Throttled => Effect::Throttle,
        How::Broken => Effect::Error { status: 500, code: None, message: None },
        How::Reset => Effect::Reset,
        How::LostReply => Effect::LostReply,
        How::Late => Effect::Latency { millis: 20 },
        How::Slow => Effect::Slow { millis: 60 },
        How::NotPropagated => Effect::NotPropagated { millis: 80 },
    };
    Fault::new(effect).on(trouble.service, "*").skip(trouble.skip).times(trouble.times)
}

pub(super) fn source(error: &dyn std::error::Error) -> String {
    error.source().map(|source| format!("{source} {}", self::source(source))).unwrap_or_default()
}
