//! S3: objects as plain files, streamed, behind the `s3s` protocol layer, with notifications that really fire.
//!
//! The bytes of an object lie at `<home>/buckets/<bucket>/<key>`, so that Spark and people can read and write them
//! without S3. All else (bucket configuration, object metadata, older versions, upload parts, events not yet
//! delivered) lies at `<home>/s3/<bucket>/`, where nothing that reads buckets looks. A file that another process
//! wrote is an object like any other: its version is `null` and its `ETag` is made from its size and time.
//!
//! Simplifications: signatures are not checked (presigned expiry is), every region may reach every bucket, access
//! control lists and policies are kept but not enforced.

mod answers;
mod bucket_calls;
mod buckets;
mod chunked;
mod configuration;
mod copies;
mod delivery;
mod front;
mod listing;
mod lists;
mod notification;
mod objects;
mod parts;
mod precondition;
mod protocol;
mod receive;
mod record;
mod refusal;
mod request;
mod store;
mod uploads;
mod versions;
pub(super) mod xml;

pub(super) use front::S3;
