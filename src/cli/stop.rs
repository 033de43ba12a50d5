//! Ctrl-C: once finishes the calls in flight, twice ends at once.

/// Resolves at the first Ctrl-C and arms the second.
pub(super) async fn interrupted() {
    // Without a handler nobody can interrupt; then this never resolves.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            #[expect(clippy::exit, reason = "the person asked twice")]
            std::process::exit(i32::from(super::Exit::Interrupted.code()));
        }
    });
}
