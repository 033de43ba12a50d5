//! The exit codes, all of them.

use std::process::{ExitCode, Termination};

use crate::diag::Class;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Changes are pending (`plan --detailed-exitcode`), or something runs (`remind --quiet`).
    Pending,
    /// The command line is wrong.
    Usage,
    /// The stack file is wrong.
    Spec,
    /// Somebody else holds the lock.
    Locked,
    /// `stack` itself is wrong.
    Bug,
    /// Interrupted, after calls in flight were finished.
    Interrupted,
}

impl Exit {
    /// Returns the exit for a class of errors.
    pub fn of(class: Class) -> Self {
        match class {
            Class::Usage => Self::Usage,
            Class::Spec => Self::Spec,
            Class::Locked => Self::Locked,
            Class::Refused | Class::Failed => Self::Failed,
            Class::Interrupted => Self::Interrupted,
            Class::Bug => Self::Bug,
        }
    }

    /// Returns the number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::Usage => 64,
            Self::Spec => 65,
            Self::Locked => 75,
            Self::Bug => 101,
            Self::Interrupted => 130,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
