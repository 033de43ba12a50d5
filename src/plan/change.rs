//! What happens to one resource, and why.

use serde::Serialize;

use crate::kinds::base::{AnyFound, AnyKind, Diff, Known, Resource};
use crate::model::{Action, Address, FieldChange};
use crate::ownership::Tags;

/// Why something changes. For people only: nothing is decided by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// It was adopted as it was; the file says something else.
    Adopted,
    /// `[[moved]]` gives it another address; it was made under this one.
    Moved(String),
    /// Something that it is built on is made anew.
    DependencyReplaced,
    /// It is no longer declared.
    Removed,
    /// It was made under another name, which the file no longer says.
    Renamed,
    /// The whole stack goes.
    Destroyed,
    /// AWS refuses to change what is stopped.
    MustRun,
    /// It was stopped before the change.
    WasStopped,
    /// It exists, is nobody's, and holds a declared name.
    Adopt,
    /// It is as declared.
    AsDeclared,
}

impl Reason {
    /// Returns the words for people.
    pub fn text(&self) -> String {
        let text = match self {
            Self::Moved(from) => return format!("moved from {from}"),
            Self::New => "new",
            Self::FileChanged => "the file changed",
            Self::Drifted => "the cloud drifted",
            Self::Differs => "differs from the file",
            Self::Adopted => "adopted, differs from the file",
            Self::DependencyReplaced => "what it is built on is made anew",
            Self::Removed => "not in the file any more",
            Self::Renamed => "its name changed",
            Self::Destroyed => "destroy",
            Self::MustRun => "AWS changes it only while it runs",
            Self::WasStopped => "it was stopped before",
            Self::Adopt => "exists and is nobody's",
            Self::AsDeclared => "as declared",
        };
        text.to_owned()
    }
}

/// What is written to the tags of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retag {
    /// Tags to add or change, the marks of ownership included.
    pub set: Tags,
    /// Keys to remove.
    pub gone: Vec<String>,
}

impl Retag {
    /// Returns what must be written to the tags of a found resource.
    pub fn of(resource: &Resource, found: &AnyFound, known: &Known) -> Self {
        if !resource.kind.is_tagged() {
            return Self::default();
        }
        let tags = resource.tags(known);
        Self { set: tags.missing_from(&found.tags), gone: tags.obsolete_in(&found.tags) }
    }

    /// Returns whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.gone.is_empty()
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
    /// What is written to its tags.
    pub retag: Retag,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// What is declared; absent for an orphan.
    pub resource: Option<Resource>,
    /// What was found; absent if it is to be made.
    pub found: Option<AnyFound>,
    /// What must be done before.
    pub after: Vec<Work>,
}

/// What kind of work is done at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// It is started, so that it can be changed.
    Start,
    /// It is made or brought to what is declared.
    Bring,
    /// It is stopped again.
    Stop,
    /// It is deleted.
    Delete,
}

/// One piece of work. A resource may need several: the old one goes, the new one comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Work {
    /// The resource.
    pub address: Address,
    /// What is done.
    pub deed: Deed,
}

impl Work {
    /// Returns the work that makes a resource or brings it to what is declared.
    pub fn bring(address: Address) -> Self {
        Self { address, deed: Deed::Bring }
    }

    /// Returns the work that deletes a resource.
    pub fn delete(address: Address) -> Self {
        Self { address, deed: Deed::Delete }
    }
}

impl Change {
    /// Returns which work this is.
    pub fn work(&self) -> Work {
        let deed = match self.action {
            Action::Delete => Deed::Delete,
            Action::Start => Deed::Start,
            Action::Stop => Deed::Stop,
            Action::Create | Action::Update | Action::Replace | Action::Adopt | Action::None => Deed::Bring,
        };
        Work { address: self.address.clone(), deed }
    }

    /// Returns whether this is the deletion of something that is made anew.
    pub fn is_part_of_replacement(&self) -> bool {
        self.action == Action::Delete && self.resource.is_some() && self.reason != Reason::Destroyed
    }

    /// Returns the name by which AWS knows it, if it has one.
    pub fn name(&self) -> Option<String> {
        let found = self.found.as_ref().map(|found| found.name.clone());
        found.or_else(|| self.resource.as_ref().and_then(Resource::identity))
    }

    /// Returns everything that becomes different, tags included; of a new resource everything that is declared.
    pub fn fields(&self) -> Vec<FieldChange> {
        if let (Action::Create, Some(resource)) = (self.action, &self.resource) {
            return super::fields::declared(&resource.kind.declared(resource));
        }
        let mut fields = self.diff.0.clone();
        if self.resource.is_some() {
            fields.extend(super::fields::tags(&self.retag, self.found.as_ref()));
        }
        fields
    }
}

/// Somebody else holds a name that the file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The declared resource.
    pub address: Address,
    /// The name.
    pub name: String,
    /// The stack that owns it, if it is one.
    pub stack: Option<String>,
}
