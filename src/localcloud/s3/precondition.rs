//! Conditional writes and deletions: what must be true of the object that they replace or remove.

use http::StatusCode;
use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3Result, s3_error};

use super::refusal::refuse;
use super::store::Found;

/// What must be true of the object as it is now.
#[derive(Debug, Clone, Default)]
pub(super) struct Precondition {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

impl Precondition {
    /// Takes the conditions of a write.
    ///
    /// # Errors
    /// `NotImplemented` for what S3 does not do: both at once, or "none of this `ETag`".
    pub(super) fn of_write(if_match: Option<ETagCondition>, if_none_match: Option<ETagCondition>) -> S3Result<Self> {
        let odd =
            matches!(if_none_match, Some(ETagCondition::ETag(_))) || (if_match.is_some() && if_none_match.is_some());
        if odd {
            return Err(s3_error!(
                NotImplemented,
                "A header you provided implies functionality that is not implemented"
            ));
        }
        Ok(Self { if_match, if_none_match })
    }

    /// Compares with what a write is about to replace.
    pub(super) fn check(&self, old: Option<&Found>) -> S3Result<()> {
        if self.if_none_match.as_ref().is_some_and(|condition| matches(condition, old)) {
            return Err(failed());
        }
        match (&self.if_match, old) {
            (Some(_), None) => Err(s3_error!(NoSuchKey, "The specified key does not exist.")),
            (Some(condition), old) if !matches(condition, old) => Err(failed()),
            _ => Ok(()),
        }
    }

    /// Compares with what a deletion is about to remove; a condition on what is not there does not hold.
    pub(super) fn check_deletion(&self, old: Option<&Found>) -> S3Result<()> {
        match &self.if_match {
            Some(condition) if !matches(condition, old) => Err(failed()),
            _ => Ok(()),
        }
    }

    /// Returns the error of a write whose condition held when it began and no longer when it was to be done: somebody
    /// else wrote or deleted the object meanwhile.
    pub(super) fn lost_race(error: S3Error) -> S3Error {
        if !["PreconditionFailed", "NoSuchKey"].contains(&error.code().as_str()) {
            return error;
        }
        let message = "The conditional request cannot succeed due to a conflicting operation against this resource.";
        refuse(StatusCode::CONFLICT, "ConditionalRequestConflict", message)
    }
}

fn failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

fn matches(condition: &ETagCondition, old: Option<&Found>) -> bool {
    let Some(old) = old else { return false };
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => ETag::Strong(old.record.etag.clone()).strong_cmp(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Record;
    use super::*;

    fn found(etag: &str) -> Found {
        Found { record: Record { etag: etag.to_owned(), ..Record::default() }, path: "object".into() }
    }

    fn code(outcome: S3Result<()>) -> Option<String> {
        outcome.err().map(|error| error.code().as_str().to_owned())
    }

    #[test]
    fn a_condition_on_what_is_not_there_fails_in_its_own_way() {
        let same =
            Precondition { if_match: Some(ETagCondition::ETag(ETag::Strong("a".to_owned()))), ..Default::default() };
        assert_eq!(code(same.check(Some(&found("a")))), None);
        assert_eq!(code(same.check(Some(&found("b")))).as_deref(), Some("PreconditionFailed"));
        assert_eq!(code(same.check(None)).as_deref(), Some("NoSuchKey"));
        assert_eq!(code(same.check_deletion(None)).as_deref(), Some("PreconditionFailed"));
    }

    #[test]
    fn only_a_lost_condition_becomes_a_conflict() {
        let none = Precondition { if_none_match: Some(ETagCondition::Any), ..Default::default() };
        let error = none.check(Some(&found("a"))).unwrap_err();
        assert_eq!(Precondition::lost_race(error).code().as_str(), "ConditionalRequestConflict");
        assert_eq!(Precondition::lost_race(s3_error!(NoSuchBucket)).code().as_str(), "NoSuchBucket");
    }
}
