//! The one thread that starts servers.
//!
//! The kernel's parent-death signal goes out when the *thread* that made the child ends, and the runtime's threads
//! may end while the process lives on. This thread lives exactly as long as the process.

use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};

use tokio::sync::oneshot;

type Birth = (Command, oneshot::Sender<std::io::Result<Child>>);

static NURSERY: LazyLock<Option<Sender<Birth>>> = LazyLock::new(|| {
    let (sender, births) = channel::<Birth>();
    let thread = std::thread::Builder::new().name("engine-nursery".to_owned()).spawn(move || {
        for (mut command, answer) in births {
            if let Err(Ok(mut unwanted)) = answer.send(command.spawn()) {
                // Whoever asked has gone; without this the child would run unseen.
                let _ = unwanted.kill();
                let _ = unwanted.wait();
            }
        }
    });
    thread.ok().map(|_| sender)
});

/// Starts a child that dies with this process, if its command asks for the parent-death signal.
pub(super) async fn spawn(command: Command) -> std::io::Result<Child> {
    let gone = || std::io::Error::other("the thread that starts servers has ended");
    let (answer, child) = oneshot::channel();
    let nursery = NURSERY.as_ref().ok_or_else(gone)?;
    nursery.send((command, answer)).map_err(|_| gone())?;
    child.await.map_err(|_| gone())?
}
