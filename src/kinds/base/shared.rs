//! Reads that several kinds need in one look at the world, made once.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

type Cell = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

/// What was read in one look at the world. Clones share it.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<HashMap<&'static str, Cell>>>);

impl Shared {
    /// Returns what `read` brings; of all callers with this `key` only the first one reads. A failed read is made
    /// again by the next caller. One key always has one type.
    ///
    /// # Errors
    /// If the read fails.
    pub async fn once<T, E>(&self, key: &'static str, read: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
    {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        let value = cell.get_or_try_init(async || Ok(Arc::new(read.await?) as Arc<dyn Any + Send + Sync>)).await?;
        Ok(Arc::clone(value).downcast().expect("a key stands for one read, and a read has one type"))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_read_is_made_once_and_a_failed_one_again() {
        let shared = Shared::default();
        let reads = AtomicUsize::new(0);
        let read = async |fails: bool| {
            reads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if fails { Err("refused") } else { Ok(7_u8) }
        };
        assert_eq!(shared.once("rds", read(true)).await, Err("refused"));
        let (first, second) = tokio::join!(shared.once("rds", read(false)), shared.once("rds", read(false)));
        assert_eq!((*first.unwrap(), *second.unwrap()), (7, 7));
        assert_eq!(reads.load(Ordering::Relaxed), 2);
    }
}
