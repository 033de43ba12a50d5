//! The statement of a function's policy that lets S3 invoke it.

use serde_json::{Value, json};

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, KindError};
use crate::kinds::policy;

/// Who may invoke the function `function` from the bucket `bucket`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant<'a> {
    /// The id of the statement.
    pub(super) id: &'a str,
    /// The name of the function.
    pub(super) function: &'a str,
    /// The name of the bucket.
    pub(super) bucket: &'a str,
}

const ACTION: &str = "lambda:InvokeFunction";
const SERVICE: &str = "s3.amazonaws.com";

/// What is observed of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permitted {
    /// It is there and says what is wanted.
    Yes,
    /// It is not there.
    No,
    /// It says something else.
    Otherwise,
}

impl Permitted {
    /// Returns the word for people.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Yes => "granted",
            Self::No => "",
            Self::Otherwise => "another one",
        }
    }
}

impl Grant<'_> {
    /// Reads the policy of the function.
    pub(super) async fn look(&self, cx: &Cx) -> Result<Permitted, AwsError> {
        match cx.aws.lambda.get_policy().function_name(self.function).send().await.named("lambda:GetPolicy") {
            Ok(answer) => {
                let text = answer.policy.unwrap_or_default();
                Ok(self.find(&serde_json::from_str(&text).unwrap_or_default(), &cx.known.stack.account))
            }
            Err(error) if error.is_not_found() => Ok(Permitted::No),
            Err(error) => Err(error),
        }
    }

    fn find(&self, document: &Value, account: &str) -> Permitted {
        let statements = document["Statement"].as_array().cloned().unwrap_or_default();
        let Some(seen) = statements.into_iter().find(|statement| statement["Sid"] == self.id) else {
            return Permitted::No;
        };
        let condition = json!({
            "ArnLike": { "AWS:SourceArn": format!("arn:aws:s3:::{}", self.bucket) },
            "StringEquals": { "AWS:SourceAccount": account },
        });
        let want = json!({
            "Sid": self.id, "Effect": "Allow", "Principal": { "Service": SERVICE }, "Action": ACTION,
            "Resource": seen["Resource"], "Condition": condition,
        });
        let same = |one: &Value| policy::canonical(&json!({ "Statement": [lower_keys(one)] }));
        if same(&seen) == same(&want) { Permitted::Yes } else { Permitted::Otherwise }
    }

    /// Makes the statement what is wanted. S3 asks whether it may invoke the function at the moment the rule is put, so
    /// this comes first.
    pub(super) async fn give(&self, cx: &Cx) -> Result<(), KindError> {
        match self.look(cx).await? {
            Permitted::Yes => return Ok(()),
            Permitted::No => {}
            // A statement cannot be changed.
            Permitted::Otherwise => self.take(cx).await?,
        }
        let call = cx
            .aws
            .lambda
            .add_permission()
            .function_name(self.function)
            .statement_id(self.id)
            .action(ACTION)
            .principal(SERVICE)
            .source_arn(format!("arn:aws:s3:::{}", self.bucket))
            .source_account(&cx.known.stack.account);
        call.send().await.named("lambda:AddPermission")?;
        Ok(())
    }

    /// Removes the statement; what is gone already is success.
    pub(super) async fn take(&self, cx: &Cx) -> Result<(), KindError> {
        let call = cx.aws.lambda.remove_permission().function_name(self.function).statement_id(self.id);
        match call.send().await.named("lambda:RemovePermission") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The names of condition keys have no case; Lambda writes them as `AWS:SourceArn`.
fn lower_keys(statement: &Value) -> Value {
    let mut statement = statement.clone();
    for keys in statement["Condition"].as_object_mut().into_iter().flat_map(|operators| operators.values_mut()) {
        if let Value::Object(members) = keys.take() {
            *keys = Value::Object(members.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect());
        }
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_lets_another_bucket_in_is_noticed() {
        let grant = Grant { id: "stack_shop_reader", function: "reader", bucket: "in" };
        let statement = |bucket: &str| {
            json!({ "Statement": [{
                "Sid": "stack_shop_reader", "Effect": "Allow", "Principal": { "Service": ["s3.amazonaws.com"] },
                "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:us-east-2:1:function:reader",
                "Condition": {
                    "StringEquals": { "aws:SourceAccount": "123456789012" },
                    "ArnLike": { "aws:SourceArn": format!("arn:aws:s3:::{bucket}") },
                },
            }] })
        };
        assert_eq!(grant.find(&statement("in"), "123456789012"), Permitted::Yes);
        assert_eq!(grant.find(&statement("other"), "123456789012"), Permitted::Otherwise);
        assert_eq!(grant.find(&json!({ "Statement": [] }), "123456789012"), Permitted::No);
    }
}
