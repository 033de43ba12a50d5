//! Which region is meant, for commands that work without a stack file.

use super::args::Global;
use crate::aws::usual_region;
use crate::diag::{Class, Diagnostic};
use crate::spec::{self, Document, is_region};

/// Returns the region: that of `--region`, of the stack file, of the environment, or of the profile, in this order.
pub(super) async fn find(global: &Global) -> Result<String, Vec<Diagnostic>> {
    let usage = |text: String| vec![Diagnostic::error(Class::Usage, text).hint("such as `--region us-east-2`")];
    if let Some(region) = &global.region {
        let is_right = is_region(region);
        return if is_right { Ok(region.clone()) } else { Err(usage(format!("`--region {region}` is no AWS region"))) };
    }
    match of_the_file(global) {
        Ok(region) => return Ok(region),
        // A file that was named must be readable; one that merely lies there need not be.
        Err(errors) if global.stack.is_some() => return Err(errors),
        Err(_) => {}
    }
    let usual = usual_region(global.profile.as_deref()).await;
    usual.ok_or_else(|| usage("no region is known: neither of a stack file nor of the AWS configuration".to_owned()))
}

/// Reads only the region of the file: whether the rest of it is right does not matter here.
fn of_the_file(global: &Global) -> Result<String, Vec<Diagnostic>> {
    let file = spec::find(global.stack.as_deref()).map_err(|error| vec![*error])?;
    let failed = |text: &str| Diagnostic::error(Class::Usage, format!("`{}`: {text}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|error| vec![failed(&error.to_string())])?;
    let document = Document::parse(&file, text)?;
    let region = document.values()["stack"]["region"].as_str();
    region.map(str::to_owned).ok_or_else(|| vec![failed("`stack.region` is missing")])
}
