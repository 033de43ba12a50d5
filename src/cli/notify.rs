//! Notifications on the desktop, by the program that each system has for them.

use std::process::{Command, Stdio};

/// Shows a notification; returns whether there was a desktop to show it on.
pub(super) fn show(text: &str) -> bool {
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("osascript");
        // The text is an argument: what it holds is never read as a script.
        command.args(["-e", "on run argv", "-e", "display notification (item 1 of argv) with title \"stack\""]);
        command.args(["-e", "end run"]);
        command
    } else {
        let desktops = ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"];
        if !desktops.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
            return false;
        }
        let mut command = Command::new("notify-send");
        command.args(["--app-name=stack", "--", "stack"]);
        command
    };
    command.arg(text).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
