//! What a listing asks for and brings back.

use crate::ownership::Tags;

/// What a listing must cover: everything of ours, and whatever holds one of our names.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The stack's name, for filters by tag.
    pub stack: String,
    /// The declared identities of this kind.
    pub names: Vec<String>,
}

/// One thing that a listing found.
#[derive(Debug, Clone)]
pub struct Found<Seen> {
    /// The name by which AWS knows it, comparable to [`super::Kind::identity`]; an id where it has no name.
    pub name: String,
    /// Its tags.
    pub tags: Tags,
    /// Its fields.
    pub seen: Seen,
}
