//! What a person has fetched from the price list, kept in a file of their own for each region.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::BillingError;
use super::price::Unit;
use crate::aws::Target;

/// The version of the file's form.
const VERSION: u32 = 1;

/// The folder with fetched prices.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// What was fetched, as the file holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    version: u32,
    /// The region.
    pub region: String,
    /// Where the prices come from.
    pub source: String,
    /// When they were fetched.
    pub at: Timestamp,
    /// The prices.
    pub prices: Vec<FetchedPrice>,
}

/// One fetched price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchedPrice {
    /// What is billed.
    pub sku: String,
    /// The same for people.
    pub item: String,
    /// What the price is for.
    pub unit: Unit,
    /// US dollars for one unit.
    pub usd: f64,
}

impl Fetched {
    /// Collects what was fetched.
    pub fn new(region: &str, source: String, at: Timestamp, prices: Vec<FetchedPrice>) -> Self {
        Self { version: VERSION, region: region.to_owned(), source, at, prices }
    }

    /// Returns why this is not what a file for `region` should hold.
    fn wrong(&self, region: &str) -> Option<String> {
        if self.version != VERSION {
            return Some(format!("its form has the version {}, this `stack` knows {VERSION}", self.version));
        }
        if self.region != region {
            return Some(format!("it is about {}", self.region));
        }
        let bad = self.prices.iter().find(|price| !price.usd.is_finite() || price.usd < 0.0)?;
        Some(format!("{} is no price of `{}`", bad.usd, bad.sku))
    }
}

impl Cache {
    /// Takes a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns the file for a region. Other endpoints than AWS's own have files of their own: their prices are not
    /// AWS's.
    pub fn file(&self, target: &Target) -> PathBuf {
        let place = target.endpoint_url.as_deref().map(|url| {
            let url = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
            let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
            format!("-at-{}", url.replace(|letter| !fits(letter), "-"))
        });
        self.folder.join(format!("prices-{}{}.json", target.region, place.unwrap_or_default()))
    }

    /// Reads what was fetched; `None` if nothing was.
    ///
    /// # Errors
    /// If the file is there and cannot be read, or holds something else.
    pub(super) fn read(&self, target: &Target) -> Result<Option<Fetched>, BillingError> {
        let path = self.file(target);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(BillingError::Unreadable { path, source }),
        };
        let region = target.region.clone();
        match serde_json::from_str::<Fetched>(&text) {
            Err(error) => Err(BillingError::Broken { path, region, why: error.to_string() }),
            Ok(fetched) => match fetched.wrong(&target.region) {
                Some(why) => Err(BillingError::Broken { path, region, why }),
                None => Ok(Some(fetched)),
            },
        }
    }

    /// Writes what was fetched, whole or not at all, and returns the file.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn write(&self, target: &Target, fetched: &Fetched) -> Result<PathBuf, BillingError> {
        let path = self.file(target);
        match replace(&self.folder, &path, fetched) {
            Ok(()) => Ok(path),
            Err(source) => Err(BillingError::Unwritable { path, source }),
        }
    }
}

/// Two processes may write at once, so each has a file of its own until it takes the name.
fn replace(folder: &Path, path: &Path, fetched: &Fetched) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let text = serde_json::to_string_pretty(fetched).map_err(std::io::Error::other)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    draft.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Prices;
    use super::*;
    use crate::diag::Diagnostic;

    fn target(region: &str, endpoint: Option<&str>) -> Target {
        Target { region: region.into(), endpoint_url: endpoint.map(str::to_owned), ..Target::default() }
    }

    fn fetched(usd: f64) -> Fetched {
        let price = FetchedPrice { sku: "rds:db.t4g.micro".into(), item: "a class".into(), unit: Unit::Hour, usd };
        Fetched::new("us-east-2", "AWS Price List API".into(), "2026-11-20T10:00:00Z".parse().unwrap(), vec![price])
    }

    #[test]
    fn what_was_fetched_lies_over_the_table_of_its_region_and_endpoint_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let (here, local) = (target("us-east-2", None), target("us-east-2", Some("http://127.0.0.1:4566")));
        cache.write(&local, &fetched(9.0)).unwrap();
        assert_eq!(Prices::of(&here, &cache).unwrap().usd("rds:db.t4g.micro"), Some(0.016));
        cache.write(&here, &fetched(0.02)).unwrap();
        let prices = Prices::of(&here, &cache).unwrap();
        let price = prices.get("rds:db.t4g.micro").unwrap();
        assert_eq!(
            (price.usd, price.source.as_str(), price.date.to_string().as_str()),
            (0.02, "AWS Price List API", "2026-11-20")
        );
        assert_eq!(prices.usd("rds:db.t3.micro"), Some(0.017), "what was not fetched is the table's");
        assert_eq!(Prices::of(&local, &cache).unwrap().usd("rds:db.t4g.micro"), Some(9.0));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no draft is left behind");
    }

    #[test]
    fn a_file_of_another_form_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let here = target("us-east-2", None);
        let mut newer = serde_json::to_value(fetched(1.0)).unwrap();
        newer["version"] = 7.into();
        let mut elsewhere = serde_json::to_value(fetched(1.0)).unwrap();
        elsewhere["region"] = "eu-west-1".into();
        let negative = serde_json::to_value(fetched(-1.0)).unwrap();
        for text in ["{", "[]", &newer.to_string(), &elsewhere.to_string(), &negative.to_string()] {
            std::fs::write(cache.file(&here), text).unwrap();
            let error = Prices::of(&here, &cache).map(drop).unwrap_err();
            let told = Diagnostic::from_error(&error);
            assert!(told.message.contains("prices-us-east-2.json"), "{told:?}");
            assert!(told.hints[0].0.contains("stack prices update --region us-east-2"), "{told:?}");
        }
    }
}
