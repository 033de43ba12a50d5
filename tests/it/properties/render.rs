//! A generated shape as the TOML that a person would write.

use std::fmt::Write;

use super::case::{BucketShape, NetworkShape, Shape};

/// Returns the stack file of a shape.
pub(super) fn toml(shape: &Shape) -> String {
    let mut text = String::from("[stack]\nname = \"laws\"\nregion = \"us-east-2\"\n");
    if let Some(tag) = shape.tag {
        let _ = writeln!(text, "tags = {{ team{tag} = \"data\", stage = \"{tag}\" }}");
    }
    for (position, one) in shape.buckets.iter().enumerate() {
        bucket(&mut text, position, one);
    }
    for (position, description) in shape.databases.iter().enumerate() {
        let _ =
            writeln!(text, "[database.d{position}]\nname = \"laws_{position}\"\ndescription = \"text {description}\"");
    }
    if shape.role {
        text.push_str("[role.glue]\nname = \"laws-glue\"\nservice = \"glue\"\n");
        text.push_str("[role.lambda]\nname = \"laws-lambda\"\nservice = \"lambda\"\n");
    }
    if let Some(workers) = shape.job_workers {
        let _ = writeln!(
            text,
            "[job.j]\nname = \"laws-job\"\nrole = \"glue\"\nscript = \"job.py\"\nbucket = \"b0\"\nglue_version = \"5.0\"\n\
             worker_type = \"G.1X\"\nworkers = {workers}\ntimeout_minutes = 60"
        );
    }
    if shape.crawler {
        text.push_str("[crawler.c]\nname = \"laws-crawler\"\nrole = \"glue\"\ndatabase = \"d0\"\n");
        text.push_str("source = { path = \"s3://${bucket.b0.name}/in/\" }\n");
    }
    if shape.workgroup {
        text.push_str("[workgroup.w]\nname = \"laws\"\nresults = \"s3://${bucket.b0.name}/athena/\"\n");
    }
    if let Some((memory, has_trigger)) = shape.function {
        let memory = u32::from(memory) * 128;
        let trigger = if has_trigger { "trigger = { bucket = \"b0\", suffix = \".csv\" }" } else { "" };
        let _ = writeln!(
            text,
            "[lambda.f]\nname = \"laws-function\"\ncode = \"code\"\nruntime = \"python3.13\"\nhandler = \"handler.handle\"\n\
             role = \"lambda\"\nmemory_mib = {memory}\ntimeout_seconds = 60\n{trigger}"
        );
    }
    if let Some(one) = &shape.network {
        network(&mut text, one);
    }
    text
}

fn bucket(text: &mut String, position: usize, bucket: &BucketShape) {
    let BucketShape { name, versioning, tag } = bucket;
    let _ = writeln!(text, "[bucket.b{position}]\nname = \"laws-bucket-{position}-{name}\"\nversioning = {versioning}");
    if let Some(tag) = tag {
        let _ = writeln!(text, "tags = {{ content = \"kind {tag}\" }}");
    }
}

fn network(text: &mut String, network: &NetworkShape) {
    let access = if network.access { "\"203.0.113.7/32\"" } else { "" };
    let endpoints = if network.endpoint { "\"secretsmanager\"" } else { "" };
    let _ = writeln!(
        text,
        "[network]\ncidr = \"10.0.0.0/16\"\nzones = [\"us-east-2a\", \"us-east-2b\"]\naccess = [{access}]\n\
         interface_endpoints = [{endpoints}]"
    );
    if let Some((backup, query_time)) = network.mysql {
        let _ = writeln!(
            text,
            "[mysql.m]\nidentifier = \"laws-mysql\"\nclass = \"db.t4g.micro\"\nversion = \"8.4\"\nstorage_gib = 20\n\
             database = \"sales\"\nbackup_retention_days = {backup}"
        );
        if let Some(seconds) = query_time {
            let _ = writeln!(text, "parameters = {{ long_query_time = {seconds} }}");
        }
    }
    if let Some(days) = network.redshift {
        let _ = writeln!(
            text,
            "[role.redshift]\nname = \"laws-redshift\"\nservice = \"redshift\"\n\
             [redshift.r]\nidentifier = \"laws-redshift\"\nnode_type = \"ra3.large\"\nnodes = 1\ndatabase = \"dw\"\n\
             role = \"redshift\"\nsnapshot_retention_days = {days}"
        );
    }
}
