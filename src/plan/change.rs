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
    /// It differs from the file; it carries no mark that tells which of the two changed.
    Differs,
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
            Self::Differs => "differs from the file",
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
    /// What must be done before.
    pub after: Vec<Work>,
}

/// One piece of work. A renamed resource has two under one address: the old one goes, the new one comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work {
    /// The resource.
    pub address: Address,
    /// Whether it is the deletion.
    pub deletes: bool,
}

impl Work {
    /// Returns the work that makes a resource or brings it to what is declared.
    pub fn bring(address: Address) -> Self {
        Self { address, deletes: false }
    }

    /// Returns the work that deletes a resource.
    pub fn delete(address: Address) -> Self {
        Self { address, deletes: true }
    }
}

impl Change {
    /// Returns which work this is.
    pub fn work(&self) -> Work {
        Work { address: self.address.clone(), deletes: self.action == Action::Delete }
    }
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
