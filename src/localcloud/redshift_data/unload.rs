//! `UNLOAD`: the rows of a query, written to S3 as they come.

use std::io::Write;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;

use super::network::{Place, check_role, keys, s3, s3_error};
use super::run::Session;
use crate::localcloud::engine::postgres;
use crate::localcloud::redshift::sql::Unload;

/// The size of one part of a multipart upload.
const PART: usize = 8 * 1024 * 1024;

/// Unloads and returns the number of rows.
pub(super) async fn unload(session: &Session<'_>, unload: &Unload) -> Result<u64, String> {
    check_role(session, unload.role.as_deref()).await?;
    let place = Place::parse(&unload.to)?;
    let client = s3(session, unload.region.as_deref()).await;
    make_room(&client, &place, unload).await?;
    let suffix = if unload.gzip { ".gz" } else { "" };
    let name = if unload.serial { "000" } else { "0000_part_00" };
    let key = format!("{}{name}{suffix}", place.prefix);
    let stream = session.client.copy_out(&statement(unload)).await.map_err(|error| postgres::message(&error))?;
    let mut stream = std::pin::pin!(stream);
    let mut rows = Rows::default();
    let mut upload = Upload::new(&client, &place.bucket, &key);
    let mut packer = Packer::new(unload.gzip);
    while let Some(block) = stream.next().await {
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                upload.abort().await;
                return Err(postgres::message(&error));
            }
        };
        rows.count(&block, unload.csv);
        packer.write(&block)?;
        if packer.len() >= PART {
            upload.part(packer.take()).await?;
        }
    }
    upload.finish(packer.finish()?).await?;
    Ok(rows.lines.saturating_sub(u64::from(unload.header)))
}

fn statement(unload: &Unload) -> String {
    let delimiter = match unload.delimiter {
        b'\t' => "E'\\t'".to_owned(),
        other => postgres::quoted_text(&char::from(other).to_string()),
    };
    let format = if unload.csv { "csv" } else { "text" };
    let query = &unload.query;
    format!("COPY ({query}) TO STDOUT WITH (FORMAT {format}, DELIMITER {delimiter}, NULL '', HEADER {})", unload.header)
}

/// Refuses or clears a place that is not empty.
async fn make_room(client: &Client, place: &Place, unload: &Unload) -> Result<(), String> {
    let present = keys(client, place).await?;
    if unload.cleans {
        for key in &present {
            let removed = client.delete_object().bucket(&place.bucket).key(key).send().await;
            removed.map_err(|error| s3_error(&error, &place.bucket))?;
        }
        return Ok(());
    }
    if present.is_empty() || unload.overwrites {
        return Ok(());
    }
    Err("ERROR: Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually \
         removing the target files in S3, or using the ALLOWOVERWRITE option."
        .to_owned())
}

/// Counts lines that end outside of quotes.
#[derive(Debug, Default)]
struct Rows {
    lines: u64,
    in_quotes: bool,
}

impl Rows {
    fn count(&mut self, block: &[u8], csv: bool) {
        for byte in block {
            match byte {
                b'"' if csv => self.in_quotes = !self.in_quotes,
                b'\n' if !self.in_quotes => self.lines += 1,
                _ => {}
            }
        }
    }
}

/// Bytes on their way, compressed or not.
enum Packer {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

impl Packer {
    fn new(gzip: bool) -> Self {
        if gzip {
            Self::Gzip(Box::new(GzEncoder::new(Vec::new(), Compression::default())))
        } else {
            Self::Plain(Vec::new())
        }
    }

    fn write(&mut self, block: &[u8]) -> Result<(), String> {
        match self {
            Self::Plain(bytes) => bytes.extend_from_slice(block),
            Self::Gzip(encoder) => encoder.write_all(block).map_err(|error| error.to_string())?,
        }
        Ok(())
    }

    fn len(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Gzip(encoder) => encoder.get_ref().len(),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Plain(bytes) => std::mem::take(bytes),
            Self::Gzip(encoder) => std::mem::take(encoder.get_mut()),
        }
    }

    fn finish(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Plain(bytes) => Ok(bytes),
            Self::Gzip(encoder) => encoder.finish().map_err(|error| error.to_string()),
        }
    }
}

/// An object on its way to S3: in parts if it is large.
struct Upload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    fn new(client: &'a Client, bucket: &'a str, key: &'a str) -> Self {
        Self { client, bucket, key, id: None, parts: vec![] }
    }

    async fn part(&mut self, bytes: Vec<u8>) -> Result<(), String> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => {
                let begun = self.client.create_multipart_upload().bucket(self.bucket).key(self.key).send().await;
                let id = begun.map_err(|error| s3_error(&error, self.bucket))?.upload_id.unwrap_or_default();
                self.id.insert(id).clone()
            }
        };
        let number = i32::try_from(self.parts.len() + 1).map_err(|error| error.to_string())?;
        let sent = self
            .client
            .upload_part()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(id)
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| s3_error(&error, self.bucket))?;
        self.parts.push(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build());
        Ok(())
    }

    async fn finish(mut self, rest: Vec<u8>) -> Result<(), String> {
        if self.id.is_none() {
            let put = self.client.put_object().bucket(self.bucket).key(self.key).body(ByteStream::from(rest));
            return put.send().await.map(|_| ()).map_err(|error| s3_error(&error, self.bucket));
        }
        if !rest.is_empty() {
            self.part(rest).await?;
        }
        let whole = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
        self.client
            .complete_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .set_upload_id(self.id)
            .multipart_upload(whole)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| s3_error(&error, self.bucket))
    }

    async fn abort(self) {
        if let Some(id) = self.id {
            let asked = self.client.abort_multipart_upload().bucket(self.bucket).key(self.key).upload_id(id);
            if let Err(error) = asked.send().await {
                tracing::warn!(%error, "could not abort an upload");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_in_quotes_are_no_rows() {
        let mut rows = Rows::default();
        rows.count(b"a,\"b\nc\"\nd,", true);
        rows.count(b"\"e\"\"f\"\n", true);
        assert_eq!(rows.lines, 2);
    }
}
