//! Files in S3, listed and read as a customer would.

use std::io::Read;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use bytes::Bytes;
use serde_json::{Value, json};

use super::csv::Sampled;
use super::folders::{DataFile, Folder, group, is_data};
use super::found::Found;
use super::glob::is_excluded;
use super::task::CrawlError;
use super::{csv, parquet};
use crate::localcloud::log_stream::LogStream;
use crate::localcloud::sdk;

/// How much of a text file is looked at.
const SAMPLE_BYTES: u64 = 1024 * 1024;

/// Reads one S3 target.
pub(super) struct Reader<'a> {
    client: Client,
    classifiers: &'a [Value],
}

impl<'a> Reader<'a> {
    pub(super) async fn new(endpoint: &str, region: &str, classifiers: &'a [Value]) -> Self {
        Self { client: sdk::s3(endpoint, region).await, classifiers }
    }

    /// Returns the tables under a path such as `s3://bucket/folder/`.
    pub(super) async fn tables(
        &self,
        path: &str,
        exclusions: &[String],
        log: &LogStream,
    ) -> Result<Vec<Found>, CrawlError> {
        let place = path.strip_prefix("s3://").ok_or_else(|| CrawlError::Setup(format!("{path} is no S3 path")))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut files = self.list(bucket, prefix).await?;
        files.retain(|file| {
            let below = file.key.strip_prefix(prefix).unwrap_or(&file.key);
            is_data(&file.key, file.bytes) && !is_excluded(below.trim_start_matches('/'), exclusions)
        });
        let mut found = vec![];
        for folder in group(bucket, prefix, files) {
            match self.sample(bucket, &folder).await? {
                Some(sampled) => found.push(table(bucket, folder, sampled)),
                None => log.write(format!("WARN : no classifier knows the files of s3://{bucket}/{}", folder.prefix)),
            }
        }
        Ok(found)
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<DataFile>, CrawlError> {
        let mut files = vec![];
        let mut pages = self.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(bucket, prefix, &error))?;
            for object in page.contents() {
                let key = object.key().unwrap_or_default();
                // `Output` must not find `Output2`.
                let below = key.strip_prefix(prefix).unwrap_or_default();
                if prefix.is_empty() || prefix.ends_with('/') || below.is_empty() || below.starts_with('/') {
                    let bytes = u64::try_from(object.size().unwrap_or(0)).unwrap_or(0);
                    files.push(DataFile { key: key.to_owned(), bytes });
                }
            }
        }
        Ok(files)
    }

    /// Looks into the first file of a folder that anything can be made of.
    async fn sample(&self, bucket: &str, folder: &Folder) -> Result<Option<Sampled>, CrawlError> {
        for file in folder.files.iter().take(3) {
            let tail =
                self.range(bucket, &file.key, file.bytes.saturating_sub(parquet::TAIL_BYTES), file.bytes).await?;
            if let Some(length) = parquet::footer_bytes(&tail) {
                let end = file.bytes.saturating_sub(parquet::TAIL_BYTES);
                let footer = self.range(bucket, &file.key, end.saturating_sub(length), end).await?;
                return Ok(parquet::columns(&footer));
            }
            let head = self.range(bucket, &file.key, 0, file.bytes.min(SAMPLE_BYTES)).await?;
            let text = if file.key.ends_with(".gz") { unpacked(&head) } else { head.to_vec() };
            if let Some(sampled) = csv::sample(&String::from_utf8_lossy(&text), self.classifiers) {
                return Ok(Some(sampled));
            }
        }
        Ok(None)
    }

    /// Reads the bytes from `start` up to, but not including, `end`.
    async fn range(&self, bucket: &str, key: &str, start: u64, end: u64) -> Result<Bytes, CrawlError> {
        let range = format!("bytes={start}-{}", end.saturating_sub(1));
        let object = self.client.get_object().bucket(bucket).key(key).range(range).send().await;
        let object = object.map_err(|error| failed(bucket, key, &error))?;
        object.body.collect().await.map(|body| body.into_bytes()).map_err(|error| failed(bucket, key, &error))
    }
}

fn failed(bucket: &str, key: &str, error: &(dyn std::error::Error + 'static)) -> CrawlError {
    CrawlError::Read { what: format!("s3://{bucket}/{key}"), why: DisplayErrorContext(error).to_string() }
}

/// Unpacks as much of a gzip file as its first bytes hold.
fn unpacked(head: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let limit = SAMPLE_BYTES;
    // The end is cut off; what was unpacked until then is the sample.
    let _ = flate2::read::MultiGzDecoder::new(head).take(limit).read_to_end(&mut text);
    text
}

fn table(bucket: &str, folder: Folder, sampled: Sampled) -> Found {
    let total: u64 = folder.files.iter().map(|file| file.bytes).sum();
    let mut parameters = sampled.parameters;
    let packed = folder.files.iter().all(|file| file.key.ends_with(".gz"));
    let facts = [
        ("typeOfData", "file".to_owned()),
        ("compressionType", if packed { "gzip" } else { "none" }.to_owned()),
        ("objectCount", folder.files.len().to_string()),
        ("sizeKey", total.to_string()),
    ];
    for (key, value) in facts {
        parameters.insert(key.to_owned(), json!(value));
    }
    Found {
        location: format!("s3://{bucket}/{}", folder.prefix),
        name: folder.name,
        columns: sampled.columns,
        format: sampled.format,
        parameters,
        partition_keys: folder.partition_keys,
        partitions: folder.partitions,
    }
}
