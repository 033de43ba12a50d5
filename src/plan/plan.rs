//! The plan: what happens to every resource, and why.

use serde::Serialize;

use crate::kinds::base::{AnyFound, AnyKind, Diff, Resource};
use crate::model::{Action, Address};

/// Why something changes. For people only: nothing is decided by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is declared and absent.
    New,
    /// The stack file says something else than when it was last applied.
    FileChanged,
    /// The file is the same, the cloud is not.
    Drifted,
    /// It is no longer declared.
    Removed,
    /// The whole stack goes.
    Destroyed,
    /// It is as declared.
    AsDeclared,
}

impl Reason {
    /// Returns the words for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::FileChanged => "the file changed",
            Self::Drifted => "the cloud drifted",
            Self::Removed => "not in the file any more",
            Self::Destroyed => "destroy",
            Self::AsDeclared => "as declared",
        }
    }
}

/// What happens to one resource.
#[derive(Clone)]
pub struct Change {
    /// Its address.
    pub address: Address,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The fields that differ.
    pub diff: Diff,
    /// Whether its tags must be written.
    pub retag: bool,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// What is declared; absent for an orphan.
    pub resource: Option<Resource>,
    /// What was found; absent if it is to be made.
    pub found: Option<AnyFound>,
    /// What must be done before: for deletes, the deletes of what builds on it.
    pub after: Vec<Address>,
}

/// Somebody else holds a name that the file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The declared resource.
    pub address: Address,
    /// The name.
    pub name: String,
}

/// Everything that happens, in an order in which it could happen.
#[derive(Clone, Default)]
pub struct Plan {
    /// One entry a resource, those without a change included.
    pub changes: Vec<Change>,
}

impl Plan {
    /// Returns the entries that change something.
    pub fn pending(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.action != Action::None)
    }

    /// Returns how many entries have this action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// Returns whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.pending().next().is_none()
    }
}
