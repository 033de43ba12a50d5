//! The last answer of `stack remind`: only ever a hint for a screen, for the moment in which AWS is slow.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cache;
use crate::aws::Target;
use crate::billing::Running;
use crate::ownership::fingerprint;

/// For how long nobody else asks after somebody began to: every prompt of a slow day would start another process.
const ONE_ASKS: Duration = Duration::from_secs(60);

/// What ran when AWS was asked last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// What time it was at AWS.
    pub at: Timestamp,
    /// What ran.
    pub running: Vec<Running>,
}

/// Where the answers for one endpoint, profile and region are kept.
#[derive(Debug, Clone)]
pub(super) struct Cache(PathBuf);

impl Cache {
    /// Returns the place of these answers; `None` where the system has no folder for caches.
    pub(super) fn of(target: &Target) -> Option<Self> {
        Some(Self::within(&cache::folder()?, target))
    }

    pub(super) fn within(folder: &Path, target: &Target) -> Self {
        // Credentials of the environment and a profile of it may be another account's.
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let profile = target.profile.clone().unwrap_or_else(|| variable("AWS_PROFILE"));
        let local = if target.any_credentials { variable("STACK_LOCAL_PORT") } else { variable("AWS_ACCESS_KEY_ID") };
        let endpoint = target.endpoint_url.as_deref().unwrap_or(if target.any_credentials { "local" } else { "" });
        let key = [endpoint, &profile, &target.region, &local].join("\n");
        Self(folder.join("remind").join(fingerprint(key.as_bytes())))
    }

    /// Returns the last answer, if there is one that can be read.
    pub(super) fn read(&self) -> Option<Answer> {
        serde_json::from_slice(&fs::read(self.answer()).ok()?).ok()
    }

    /// Keeps an answer. Another process sees the old one or the new one, never a part.
    pub(super) fn write(&self, answer: &Answer) -> std::io::Result<()> {
        let file = self.answer();
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.write_all(&serde_json::to_vec(answer)?)?;
        fresh.persist(file)?;
        // Whoever asks next need not wait for anybody.
        drop(fs::remove_file(self.mark()));
        Ok(())
    }

    /// Returns whether the caller is the one who renews the answer: nobody else began to in the last minute.
    pub(super) fn claim(&self) -> bool {
        let mark = self.mark();
        let age = fs::metadata(&mark).and_then(|data| data.modified()).ok().and_then(|moment| moment.elapsed().ok());
        if age.is_some_and(|age| age < ONE_ASKS) {
            return false;
        }
        drop(fs::remove_file(&mark));
        let is_there = mark.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok());
        is_there && fs::OpenOptions::new().write(true).create_new(true).open(mark).is_ok()
    }

    fn answer(&self) -> PathBuf {
        self.0.with_extension("json")
    }

    fn mark(&self) -> PathBuf {
        self.0.with_extension("asking")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_apart_and_only_one_renews_them() {
        let folder = tempfile::tempdir().unwrap();
        let target = |region: &str| Target { region: region.into(), ..Target::default() };
        let (here, there) = (Cache::within(folder.path(), &target("a")), Cache::within(folder.path(), &target("b")));
        let answer = Answer { at: "2026-11-23T10:00:00Z".parse().unwrap(), running: vec![] };
        here.write(&answer).unwrap();
        assert_eq!((here.read(), there.read()), (Some(answer.clone()), None));

        assert!(here.claim() && !here.claim() && there.claim());
        here.write(&answer).unwrap();
        assert!(here.claim(), "an answer ends the claim");

        fs::write(here.answer(), b"{\"at\":").unwrap();
        assert_eq!(here.read(), None, "half a file is none");
    }
}
