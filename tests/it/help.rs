//! What a person sees who asks for help, or mistypes.

use crate::support::{root, run};

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = run(root(), &["--help"]).exits(0).stdout;
    for word in ["validate", "plan", "up", "run-pipeline", "down", "start", "status", "destroy", "doctor", "Exit codes"]
    {
        assert!(help.contains(word), "`{word}` is not in:\n{help}");
    }
}

#[test]
fn a_mistyped_command_is_a_usage_error_with_a_suggestion() {
    let ran = run(root(), &["valdate"]).exits(64);
    assert!(ran.stderr.contains("validate"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_missing_stack_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["validate"]).exits(64);
    insta::assert_snapshot!(ran.all(), @r"
    exit 64
    error: there is no stack file in `stacks/`
     |
     = hint: name one with `--stack FILE`
    ");
}

#[test]
fn missing_credentials_are_said_with_what_to_do() {
    let mut command = crate::support::stack(root());
    // No answer from the metadata service of a machine in EC2 either.
    command.args(["--stack", "stacks/ecommerce.toml", "plan"]).env("AWS_EC2_METADATA_DISABLED", "true");
    let ran = crate::support::ran(&mut command).exits(1);
    assert!(ran.stderr.contains("credentials"), "{}", ran.stderr);
    assert!(ran.stderr.contains("aws configure"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--local"), "{}", ran.stderr);
}
