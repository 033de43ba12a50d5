//! The table of attributes in the documentation.

use std::fmt::Write;

use super::KINDS;
use super::base::Answer;
use crate::model::Effect;

/// Returns, kind by kind, every attribute, where it is read, and what becomes of a difference. Markdown.
pub fn attribute_table() -> String {
    let mut text = String::from(
        "# Attributes\n\n\
         Made from the code (`ATTRIBUTES` of each kind in `src/kinds`); a test compares. What the stack file does not \
         say is not compared, so what AWS fills in is never a difference.\n\n\
         - **in place**: changed while the resource works\n\
         - **while it runs**: AWS refuses the change on something stopped; `stack up` plans start, change and stop\n\
         - **restart**: takes effect with a restart, which `stack up` makes\n\
         - **replace**: AWS cannot change it; what holds data is replaced only with `--delete-data`\n\
         - **identity**: another value is another resource\n",
    );
    for kind in KINDS {
        let data = if kind.holds_data() { "; holds data" } else { "" };
        let tags = if kind.is_tagged() { "" } else { "; carries no tags, owned through its name and its parent" };
        let _ = writeln!(text, "\n## {}\n\nAt most {} s to settle{data}{tags}.\n", kind.name(), kind.limit().as_secs());
        text.push_str("| attribute | read by | a difference |\n|---|---|---|\n");
        for attribute in kind.attributes() {
            let answer = match attribute.answer {
                Answer::Change(Effect::InPlace) => "in place".to_owned(),
                Answer::Change(Effect::Running) => "while it runs".to_owned(),
                Answer::Change(Effect::Reboot) => "restart".to_owned(),
                Answer::Change(Effect::Replace(why)) => format!("replace: {why}"),
                Answer::Identity => "identity".to_owned(),
                Answer::Ignored(why) => format!("ignored: {why}"),
            };
            let read = if attribute.read.is_empty() { String::new() } else { format!("`{}`", attribute.read) };
            let _ = writeln!(text, "| `{}` | {read} | {answer} |", attribute.name);
        }
        if kind.is_tagged() {
            text.push_str("| `tags` | with the listing or `tag:GetResources` | in place |\n");
        }
    }
    text
}
