//! What a person must be allowed to do to try the loader at several memory sizes.

use crate::kinds::base::{Meta, Permission};
use crate::kinds::lambda::Lambda;
use crate::spec::Stack;

/// Returns the permissions that only a trial needs: everything else `up` needs, too.
pub fn permissions(stack: &Stack, meta: &Meta) -> Vec<Permission> {
    let arn = |name: &str| format!("arn:aws:lambda:{}:{}:function:{name}", meta.region, meta.account);
    let actions = ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"];
    stack.declared.all::<Lambda>().map(|(_, function)| Permission::new(arn(&function.name), &actions)).collect()
}
