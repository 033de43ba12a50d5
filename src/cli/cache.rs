//! Where this computer keeps what `stack prices update` has fetched.

use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

use crate::aws::Target;
use crate::billing::{BillingError, Cache, Prices};
use crate::diag::{Class, Diagnostic};
use crate::ui::{Ui, render_diagnostic};

/// Names another folder than the one in which this system keeps caches.
const FOLDER: &str = "STACK_CACHE_HOME";

/// Returns the person's folder for what may be lost; `None` where there is neither a home nor another folder named.
pub(super) fn folder() -> Option<PathBuf> {
    let named = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty());
    match named {
        Some(folder) => Some(folder.into()),
        None => Some(choose_base_strategy().ok()?.cache_dir().join("stack")),
    }
}

/// Returns the person's folder with fetched prices; `None` where there is none.
pub(super) fn cache() -> Option<Cache> {
    folder().map(Cache::new)
}

/// Returns the prices of the region that is meant.
pub(super) fn prices(target: &Target) -> Result<Prices, BillingError> {
    match cache() {
        Some(cache) => Prices::of(target, &cache),
        None => Ok(Prices::of_table(&target.region)),
    }
}

/// Returns the prices of the region that is meant. A file that cannot be used keeps nobody from stopping something: it
/// is told, and the table of the repository counts.
pub(super) fn prices_or_table(ui: Ui, target: &Target) -> Prices {
    prices(target).unwrap_or_else(|error| {
        let mut told = Diagnostic::warning(Class::Failed, format!("{error}; the prices built into `stack` count"));
        told.hints = Diagnostic::from_error(&error).hints;
        ui.note(&render_diagnostic(&told, ui.color));
        Prices::of_table(&target.region)
    })
}
