//! What a stack file can say of a kind, attribute by attribute, and what a change of each costs.

use crate::model::Effect;

/// One attribute of a kind. The documentation and the check of every diff come from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute as plans name it. A plan may name a part of it: `parameters.local_infile`.
    pub name: &'static str,
    /// The operation that reads it, as IAM writes it.
    pub read: &'static str,
    /// What AWS does when it changes.
    pub answer: Answer,
}

/// What becomes of a changed attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is brought to the declared value at this price.
    Change(Effect),
    /// It names the resource: another value is another resource, which is made before or after this one is deleted.
    Identity,
    /// It is not compared, and why.
    Ignored(&'static str),
}

impl Attribute {
    /// An attribute that AWS changes while the resource works.
    pub const fn in_place(name: &'static str, read: &'static str) -> Self {
        Self { name, read, answer: Answer::Change(Effect::InPlace) }
    }

    /// An attribute that AWS changes only while the resource runs.
    pub const fn running(name: &'static str, read: &'static str) -> Self {
        Self { name, read, answer: Answer::Change(Effect::Running) }
    }

    /// An attribute that takes effect with a restart.
    pub const fn reboot(name: &'static str, read: &'static str) -> Self {
        Self { name, read, answer: Answer::Change(Effect::Reboot) }
    }

    /// An attribute that AWS cannot change.
    pub const fn replace(name: &'static str, read: &'static str, why: &'static str) -> Self {
        Self { name, read, answer: Answer::Change(Effect::Replace(why)) }
    }

    /// The attribute by which the resource is found.
    pub const fn identity(name: &'static str, read: &'static str) -> Self {
        Self { name, read, answer: Answer::Identity }
    }

    /// An attribute that is not compared.
    pub const fn ignored(name: &'static str, why: &'static str) -> Self {
        Self { name, read: "", answer: Answer::Ignored(why) }
    }

    /// Returns whether a plan's `field` is this attribute or a part of it.
    pub fn covers(&self, field: &str) -> bool {
        field.strip_prefix(self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}
