//! What a person must be allowed to do for a resource to be planned, made, changed and deleted.

/// Actions on one resource, as a statement of an IAM policy names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The ARN, or `*` where AWS takes no narrower one.
    pub resource: String,
    /// The actions: `rds:CreateDBInstance`.
    pub actions: Vec<&'static str>,
}

impl Permission {
    /// Builds a permission.
    pub fn new(resource: impl Into<String>, actions: &[&'static str]) -> Self {
        Self { resource: resource.into(), actions: actions.to_vec() }
    }

    /// Builds a permission for operations that AWS does not narrow to a resource, such as listings.
    pub fn anywhere(actions: &[&'static str]) -> Self {
        Self::new("*", actions)
    }
}
