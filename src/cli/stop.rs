//! Ctrl-C and SIGTERM: once finishes the calls in flight, twice ends at once.

/// Resolves at the first Ctrl-C, or when a scheduler asks the process to end, and arms the second.
pub(super) async fn interrupted() {
    asked().await;
    tokio::spawn(async move {
        asked().await;
        #[expect(clippy::exit, reason = "the person asked twice")]
        std::process::exit(i32::from(super::Exit::Interrupted.code()));
    });
}

/// Waits for one signal. Without a handler nobody can interrupt; then this never resolves.
#[cfg(unix)]
async fn asked() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Waits for one Ctrl-C. Without a handler nobody can interrupt; then this never resolves.
#[cfg(not(unix))]
async fn asked() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
