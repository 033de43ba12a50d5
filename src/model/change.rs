//! What a plan says of one resource, and of one of its fields.

use serde::Serialize;

use super::{HIDDEN, is_secret};

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is absent and will be made.
    Create,
    /// It is ours and differs.
    Update,
    /// It differs where AWS cannot change it: it is deleted and made again.
    Replace,
    /// It is ours and no longer wanted.
    Delete,
    /// It is nobody's and becomes ours, unchanged.
    Adopt,
    /// It is stopped and must run.
    Start,
    /// It runs and is to be stopped again.
    Stop,
    /// Nothing is to be done.
    None,
}

impl Action {
    /// Returns the sign that stands before the address: `+ ~ ± - = > .` or a space.
    pub fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Replace => '±',
            Self::Delete => '-',
            Self::Adopt => '=',
            Self::Start => '>',
            Self::Stop => '.',
            Self::None => ' ',
        }
    }
}

/// What changing a field costs the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "effect", content = "why")]
pub enum Effect {
    /// AWS changes it while the resource works.
    InPlace,
    /// AWS changes it, but only while the resource runs.
    Running,
    /// AWS changes it after a restart of the resource.
    Reboot,
    /// AWS cannot change it; the reason is for people.
    Replace(&'static str),
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field as the stack file names it.
    pub field: String,
    /// What is observed; empty if nothing.
    pub seen: String,
    /// What is declared; `None` where it is known only after something else is made.
    pub want: Option<String>,
    /// What the change costs.
    #[serde(flatten)]
    pub effect: Effect,
}

impl FieldChange {
    /// Returns the same change as it may be shown: a value that may be a secret is hidden.
    #[must_use]
    pub fn shown(mut self) -> Self {
        if is_secret(&self.field) {
            for value in [Some(&mut self.seen), self.want.as_mut()].into_iter().flatten() {
                if !value.is_empty() {
                    HIDDEN.clone_into(value);
                }
            }
        }
        self
    }
}

/// Whether a resource can be used by what depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Something is under way; the text is AWS's own status.
    Pending(String),
    /// It can be used, or is stopped on purpose.
    Ready,
    /// It will not become ready; the text says why.
    Failed(String),
}
