//! Why prices cannot be told or fetched.

use std::path::PathBuf;

use crate::aws::AwsError;
use crate::diag::{Class, Explain, Hint};

/// Why prices cannot be told or fetched.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The file with fetched prices cannot be read.
    #[error("cannot read the fetched prices in `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file with fetched prices holds something else.
    #[error("`{}` does not hold prices of {region}: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The region whose prices it should hold.
        region: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file with fetched prices cannot be written.
    #[error("cannot write the fetched prices to `{}`", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The price list refused, or no answer came.
    #[error("the price list of AWS cannot be read; the prices stay as they were")]
    List(#[from] AwsError),
}

impl Explain for BillingError {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Unreadable { .. } => vec!["make it readable, or delete it".into()],
            Self::Broken { region, .. } => {
                vec![format!("`stack prices update --region {region}` writes it anew; or delete it").into()]
            }
            Self::Unwritable { .. } => vec!["`STACK_CACHE_HOME` names another folder".into()],
            Self::List(error) => error.hints(),
        }
    }
}
