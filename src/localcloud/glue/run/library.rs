//! The Python that stands in for Glue's own: the runner and the `awsglue` module.

use std::path::{Path, PathBuf};

const FILES: [(&str, &str); 9] = [
    ("run_job.py", include_str!("../python/run_job.py")),
    ("awsglue/__init__.py", include_str!("../python/awsglue/__init__.py")),
    ("awsglue/bookmarks.py", include_str!("../python/awsglue/bookmarks.py")),
    ("awsglue/context.py", include_str!("../python/awsglue/context.py")),
    ("awsglue/dynamicframe.py", include_str!("../python/awsglue/dynamicframe.py")),
    ("awsglue/job.py", include_str!("../python/awsglue/job.py")),
    ("awsglue/sources.py", include_str!("../python/awsglue/sources.py")),
    ("awsglue/transforms.py", include_str!("../python/awsglue/transforms.py")),
    ("awsglue/utils.py", include_str!("../python/awsglue/utils.py")),
];

/// Writes the files into the folder of one run and returns the runner.
pub(super) fn write(folder: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder.join("awsglue"))?;
    for (name, text) in FILES {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(folder.join("run_job.py"))
}
