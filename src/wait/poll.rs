//! Asking again until there is an answer. A wait has three ends: ready, failed, out of time.

use std::time::Duration;

use tokio::time::Instant;

use super::Backoff;

/// What one look says.
#[derive(Debug)]
pub enum Probe<T> {
    /// Not yet; the text is the status as last seen.
    Pending(String),
    /// Done.
    Ready(T),
    /// It will never be done; the text says why.
    Failed(String),
}

/// Why a wait ended without being ready.
#[derive(Debug, thiserror::Error)]
pub enum WaitError<E: std::error::Error + 'static> {
    /// What was waited for failed.
    #[error("{0}")]
    Failed(String),
    /// The limit passed.
    #[error("not ready after {} s, last seen: {last}", limit.as_secs())]
    TimedOut {
        /// How long was waited.
        limit: Duration,
        /// The status as last seen.
        last: String,
    },
    /// Looking itself failed.
    #[error(transparent)]
    Look(#[from] E),
}

/// Looks until the probe is ready, has failed, or `limit` has passed.
///
/// # Errors
/// See [`WaitError`].
pub async fn until<T, E, Look, Looking>(
    limit: Duration,
    mut backoff: Backoff,
    mut look: Look,
) -> Result<T, WaitError<E>>
where
    E: std::error::Error + 'static,
    Look: FnMut() -> Looking,
    Looking: Future<Output = Result<Probe<T>, E>>,
{
    let deadline = Instant::now() + limit;
    loop {
        match look().await? {
            Probe::Ready(found) => return Ok(found),
            Probe::Failed(why) => return Err(WaitError::Failed(why)),
            Probe::Pending(last) => {
                let pause = backoff.pause();
                if Instant::now() + pause > deadline {
                    return Err(WaitError::TimedOut { limit, last });
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    async fn run(answers: Vec<Probe<u8>>) -> Result<u8, WaitError<Infallible>> {
        let mut answers = answers.into_iter();
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
        until(Duration::from_millis(20), backoff, || {
            let answer = answers.next().unwrap_or(Probe::Pending("creating".into()));
            async { Ok(answer) }
        })
        .await
    }

    #[tokio::test]
    async fn a_wait_has_three_ends() {
        assert_eq!(run(vec![Probe::Pending("creating".into()), Probe::Ready(7)]).await.unwrap(), 7);
        assert!(matches!(run(vec![Probe::Failed("no".into())]).await, Err(WaitError::Failed(why)) if why == "no"));
        assert!(matches!(run(vec![]).await, Err(WaitError::TimedOut { last, .. }) if last == "creating"));
    }
}
