//! When changed state goes to the disk.
//!
//! A small file is written before its change is answered, so that a crash loses nothing. A large one would make each
//! change of thousands of resources slower than the one before: it is written within a second after the change, one
//! write for all changes meanwhile, and whatever waits is written when the local cloud stops. A crash between loses
//! what was changed in that second.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// The largest file that is written before its change is answered, in bytes.
const SMALL: usize = 16 * 1024;

/// The least and the longest time that a large file waits.
const WAIT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// How much more time passes between two writes than a write takes, so that writing stays a small part of the work.
const SHARE: u32 = 10;

type Save = Box<dyn FnOnce() + Send>;

/// The files of one local cloud that are behind what is in memory. Clones are the same backlog.
#[derive(Clone, Default)]
pub(super) struct Backlog {
    waiting: Arc<Mutex<Waiting>>,
    /// Held while files are written, so that whoever writes the last ones waits for those that are under way.
    writing: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Waiting {
    saves: BTreeMap<PathBuf, Save>,
    is_scheduled: bool,
    /// How often the state of each service changed.
    changes: BTreeMap<String, u64>,
    /// How long the last writing of everything took.
    cost: Duration,
}

impl Backlog {
    /// Saves a file now if it was small when it was last written, else soon. `save` reads the state when it runs.
    pub(super) fn save(&self, path: &Path, last_size: usize, save: impl FnOnce() + Send + 'static) {
        *self.lock().changes.entry(service_of(path)).or_default() += 1;
        let runtime = Handle::try_current().ok().filter(|_| last_size > SMALL);
        let Some(runtime) = runtime else { return save() };
        let mut waiting = self.lock();
        waiting.saves.entry(path.to_owned()).or_insert_with(|| Box::new(save));
        if std::mem::replace(&mut waiting.is_scheduled, true) {
            return;
        }
        let (backlog, pause) = (self.clone(), (waiting.cost * SHARE).clamp(WAIT.0, WAIT.1));
        runtime.spawn(async move {
            tokio::time::sleep(pause).await;
            // It fails only if the runtime ends, and then nothing is left to be done here.
            let _ = tokio::task::spawn_blocking(move || backlog.flush()).await;
        });
    }

    /// Returns how often the state of services changed since the start. As long as it is the same, so are they.
    pub(super) fn changes_of(&self, services: &[&str]) -> Vec<u64> {
        let waiting = self.lock();
        services.iter().map(|service| waiting.changes.get(*service).copied().unwrap_or_default()).collect()
    }

    /// Saves everything that waits. Blocks on the disk.
    pub(super) fn flush(&self) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let saves = {
            let mut waiting = self.lock();
            waiting.is_scheduled = false;
            std::mem::take(&mut waiting.saves)
        };
        let begun = Instant::now();
        for save in saves.into_values() {
            save();
        }
        self.lock().cost = begun.elapsed();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Backlog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waiting = self.lock();
        formatter.debug_list().entries(waiting.saves.keys()).finish()
    }
}

/// Returns the service whose state a file holds: its name goes up to the region.
fn service_of(path: &Path) -> String {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('@').next().unwrap_or_default().to_owned()
}

/// Writes a file beside its place and moves it there, so that a crash leaves the old or the new.
///
/// # Errors
/// If the disk refuses.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    fs::write(&beside, content).and_then(|()| fs::rename(&beside, path))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn small_files_are_written_at_once_and_many_changes_of_a_large_one_together() {
        let backlog = Backlog::default();
        let written = Arc::new(AtomicUsize::new(0));
        let save = || {
            let written = Arc::clone(&written);
            move || {
                written.fetch_add(1, Ordering::SeqCst);
            }
        };
        backlog.save(Path::new("small@us-east-2.json"), SMALL, save());
        assert_eq!(backlog.changes_of(&["small", "large"]), [1, 0]);
        assert_eq!(written.load(Ordering::SeqCst), 1);
        for _ in 0..50 {
            backlog.save(Path::new("large"), SMALL + 1, save());
        }
        assert_eq!(written.load(Ordering::SeqCst), 1);
        let begun = Instant::now();
        while written.load(Ordering::SeqCst) < 2 && begun.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        backlog.flush();
        assert_eq!(written.load(Ordering::SeqCst), 2);
        backlog.save(Path::new("large"), SMALL + 1, save());
        backlog.flush();
        assert_eq!(written.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_flush_waits_for_the_one_that_is_under_way() {
        let backlog = Backlog::default();
        let (begun, started) = std::sync::mpsc::channel();
        let written = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&written);
        backlog.save(Path::new("large"), SMALL + 1, move || {
            // Nobody hears it once the test has failed.
            let _ = begun.send(());
            std::thread::sleep(Duration::from_millis(100));
            count.fetch_add(1, Ordering::SeqCst);
        });
        let other = backlog.clone();
        let under_way = std::thread::spawn(move || other.flush());
        started.recv().unwrap();
        backlog.flush();
        assert_eq!(written.load(Ordering::SeqCst), 1);
        under_way.join().unwrap();
    }
}
