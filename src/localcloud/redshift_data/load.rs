//! `COPY`: objects of S3, streamed through checks into the server's own `COPY`.

use bytes::Bytes;
use futures::SinkExt;
use tokio::sync::mpsc::channel;
use tokio_postgres::CopyInSink;

use super::error_log::{BadLine, report};
use super::manifest;
use super::network::{Place, check_role, keys, s3, s3_error};
use super::reader::{Blocks, Lines, ReadError, Recipe, read};
use super::rows::{Class, Rules, Target};
use super::run::Session;
use crate::localcloud::engine::postgres::{self, quoted_name};
use crate::localcloud::redshift::sql::Copy;

/// Blocks under way between S3, the reader and the server.
const UNDER_WAY: usize = 8;

/// Why a load failed.
enum Failure {
    /// A line is bad.
    Bad(Box<BadLine>),
    /// Something else.
    Other(String),
    /// The server closed its `COPY`; it says why when it is asked to finish.
    Server,
}

/// Loads and returns the number of rows.
pub(super) async fn copy(session: &Session<'_>, copy: &Copy) -> Result<u64, String> {
    check_role(session, copy.role.as_deref()).await?;
    let targets = targets(session, copy).await?;
    let place = Place::parse(&copy.from)?;
    let client = s3(session, copy.region.as_deref()).await;
    let objects = match copy.manifest {
        true => manifest::objects(&client, &place, &copy.format).await?,
        false => keys(&client, &place).await?.into_iter().map(|key| place.object(key)).collect(),
    };
    if objects.is_empty() {
        return Err(format!("ERROR: The specified S3 prefix '{}' does not exist", place.prefix));
    }
    let columns: Vec<String> = targets.iter().map(|target| quoted_name(&target.name)).collect();
    let statement = format!("COPY {} ({}) FROM STDIN", copy.table, columns.join(", "));
    let sink = session.client.copy_in::<_, Bytes>(&statement).await.map_err(|error| postgres::message(&error))?;
    let mut sink = Box::pin(sink);
    let mut done: Vec<(String, Lines)> = Vec::new();
    let mut failure = None;
    for object in objects {
        let recipe = recipe(copy, &targets, format!("s3://{}/{}", object.bucket, object.prefix));
        let file = recipe.file.clone();
        match load_object(&client, &object, recipe, &mut sink).await {
            Ok(lines) => done.push((file, lines)),
            Err(found) => {
                failure = Some(found);
                break;
            }
        }
    }
    match failure {
        Some(Failure::Bad(bad)) => Err(report(session, &copy.table, &bad).await),
        Some(Failure::Other(message)) => Err(message),
        Some(Failure::Server) | None => match sink.as_mut().finish().await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(explain(session, copy, &targets, &error, &done).await),
        },
    }
}

fn recipe(copy: &Copy, targets: &[Target], file: String) -> Recipe {
    Recipe {
        file,
        format: copy.format.clone(),
        header_lines: copy.header_lines,
        gzip: copy.gzip,
        targets: targets.to_vec(),
        rules: Rules {
            null: copy.null.clone().into_bytes(),
            empty_is_null: copy.empty_is_null,
            blank_is_null: copy.blank_is_null,
            truncates: copy.truncates,
            fills: copy.fills,
            replacement: copy.replacement,
        },
    }
}

/// Streams one object: S3 to the reader in its own thread, the reader's rows to the server.
async fn load_object(
    client: &aws_sdk_s3::Client,
    Place { bucket, prefix: key }: &Place,
    recipe: Recipe,
    sink: &mut std::pin::Pin<Box<CopyInSink<Bytes>>>,
) -> Result<Lines, Failure> {
    let asked = client.get_object().bucket(bucket).key(key).send().await;
    let mut body = asked.map_err(|error| Failure::Other(s3_error(&error, bucket)))?.body;
    let (raw_sender, receiver) = channel(UNDER_WAY);
    let (row_sender, mut rows) = channel::<Bytes>(UNDER_WAY);
    tokio::spawn(async move {
        while let Some(block) = body.next().await {
            if raw_sender.send(block.map_err(std::io::Error::other)).await.is_err() {
                break;
            }
        }
    });
    let source = Blocks { receiver, current: Bytes::new() };
    let reader = tokio::task::spawn_blocking(move || read(&recipe, source, &row_sender));
    while let Some(block) = rows.recv().await {
        if sink.send(block).await.is_err() {
            return Err(Failure::Server);
        }
    }
    let ended = reader.await.map_err(|error| Failure::Other(format!("ERROR: {error}")))?;
    ended.map_err(|error| match error {
        ReadError::Bad(bad) => Failure::Bad(bad),
        ReadError::Object(message) => Failure::Other(format!("ERROR: could not read s3://{bucket}/{key}: {message}")),
        ReadError::Closed => Failure::Server,
    })
}

/// Asks the server for the columns that are loaded, in their order.
async fn targets(session: &Session<'_>, copy: &Copy) -> Result<Vec<Target>, String> {
    let query = "SELECT attname, format_type(atttypid, NULL), atttypmod, attidentity <> '' FROM pg_attribute
        WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    let rows = session.client.query(query, &[&copy.table]).await.map_err(|error| postgres::message(&error))?;
    let every: Vec<(Target, bool)> = rows
        .iter()
        .map(|row| {
            let (name, kind, modifier): (String, String, i32) = (row.get(0), row.get(1), row.get(2));
            (Target { class: class(&kind, modifier), name, kind }, row.get(3))
        })
        .collect();
    if copy.columns.is_empty() {
        let kept = every.into_iter().filter(|(_, is_identity)| copy.explicit_ids || !is_identity);
        return Ok(kept.map(|(target, _)| target).collect());
    }
    let find = |written: &String| {
        let plain = written.trim_matches('"');
        let name = if plain == written { plain.to_lowercase() } else { plain.to_owned() };
        let found = every.iter().find(|(target, _)| target.name == name).map(|(target, _)| target.clone());
        found.ok_or_else(|| format!("ERROR: column \"{name}\" of relation \"{}\" does not exist", copy.table))
    };
    copy.columns.iter().map(find).collect()
}

fn class(kind: &str, modifier: i32) -> Class {
    let size = (modifier >= 4).then(|| modifier - 4);
    match kind {
        "character varying" | "character" | "text" => Class::Text(size.and_then(|size| usize::try_from(size).ok())),
        "numeric" => Class::Decimal(size.and_then(|size| usize::try_from(size & 0x7ff).ok())),
        _ => Class::Other,
    }
}

/// Turns the server's error about a row into a bad line of its object.
async fn explain(
    session: &Session<'_>,
    copy: &Copy,
    targets: &[Target],
    error: &tokio_postgres::Error,
    done: &[(String, Lines)],
) -> String {
    let Some(said) = error.as_db_error() else { return error.to_string() };
    // "COPY sales, line 5, column quantity: "abc"": the line is the row's number over all objects.
    let context = said.where_().unwrap_or_default();
    let after = |word: &str| context.split(word).nth(1);
    let row = after(", line ").and_then(|rest| rest.split([',', ':']).next()?.trim().parse::<u64>().ok());
    let Some(row) = row else { return postgres::message(error) };
    let named = after(", column ").and_then(|rest| rest.split(':').next()).map(str::trim);
    let column = named.or(said.column()).unwrap_or_default();
    let kind = targets.iter().find(|target| target.name == column).map(|target| target.kind.clone());
    let mut left = row.saturating_sub(1);
    let mut place = None;
    for (file, lines) in done {
        if left < lines.rows {
            place = Some((file.clone(), lines.of(left)));
            break;
        }
        left -= lines.rows;
    }
    let (file, line) = place.unwrap_or_else(|| (copy.from.clone(), row + copy.header_lines));
    let code = if said.code().code().starts_with("23") { 1213 } else { 1207 };
    let kind = kind.unwrap_or_default();
    let bad = BadLine { file, line, column: column.to_owned(), kind, code, reason: said.message().to_owned() };
    report(session, &copy.table, &bad).await
}
