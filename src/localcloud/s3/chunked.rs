//! The `aws-chunked` framing in which SDKs send bodies whose checksum follows as a trailer.

use std::sync::{Arc, Mutex};

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What makes a body unreadable.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The longest line between chunks that is read, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// The trailing headers of a request; empty until its body was read to the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Trailers(Arc<Mutex<HeaderMap>>);

impl Trailers {
    /// Returns one trailing header.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let headers = self.0.lock().ok()?;
        headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    fn add(&self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value), Ok(mut headers)) = (name, value, self.0.lock()) {
            headers.insert(name, value);
        }
    }
}

/// Takes the framing off `body`; chunk signatures are skipped, trailing headers go to `trailers`.
pub(super) fn decode<S>(body: S, trailers: Trailers) -> impl Stream<Item = Result<Bytes, BodyError>> + Send
where
    S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin + 'static,
{
    let decoder = Decoder { body, buffer: BytesMut::new(), left: 0, at: Place::Size, trailers };
    futures::stream::unfold(Some(decoder), |decoder| async {
        let mut decoder = decoder?;
        match decoder.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(decoder))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Size,
    Data,
    AfterData,
    Trailers,
    End,
}

struct Decoder<S> {
    body: S,
    buffer: BytesMut,
    left: u64,
    at: Place,
    trailers: Trailers,
}

impl<S: Stream<Item = Result<Bytes, BodyError>> + Unpin> Decoder<S> {
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            match self.at {
                Place::End => return Ok(None),
                Place::Data => return self.data().await.map(Some),
                Place::AfterData => {
                    self.line().await?.ok_or("the body ends inside a chunk")?;
                    self.at = Place::Size;
                }
                Place::Size => {
                    let line = self.line().await?.ok_or("the body ends before its last chunk")?;
                    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
                    self.left = u64::from_str_radix(std::str::from_utf8(digits)?.trim(), 16)?;
                    self.at = if self.left == 0 { Place::Trailers } else { Place::Data };
                }
                Place::Trailers => match self.line().await? {
                    Some(line) if !line.is_empty() => self.trailers.add(&line),
                    _ => self.at = Place::End,
                },
            }
        }
    }

    async fn data(&mut self) -> Result<Bytes, BodyError> {
        while self.buffer.is_empty() {
            if !self.fill().await? {
                return Err("the body ends inside a chunk".into());
            }
        }
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.buffer.len());
        self.left -= length as u64;
        if self.left == 0 {
            self.at = Place::AfterData;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn line(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end).freeze();
                self.buffer.advance(2);
                return Ok(Some(line));
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err("a chunk has no size".into());
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    async fn fill(&mut self) -> Result<bool, BodyError> {
        let Some(bytes) = self.body.next().await.transpose()? else { return Ok(false) };
        if self.buffer.is_empty() {
            // The usual case: the frame becomes the buffer without being copied.
            self.buffer = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
        } else {
            self.buffer.extend_from_slice(&bytes);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(body: &'static [u8], step: usize) -> (Result<Vec<u8>, String>, Trailers) {
        let frames: Vec<_> = body.chunks(step).map(|frame| Ok(Bytes::from_static(frame))).collect();
        let trailers = Trailers::default();
        let frames = decode(futures::stream::iter(frames), trailers.clone());
        let parts: Vec<Result<Bytes, BodyError>> = frames.collect().await;
        let whole: Result<Vec<Bytes>, BodyError> = parts.into_iter().collect();
        (whole.map(|parts| parts.concat()).map_err(|error| error.to_string()), trailers)
    }

    #[tokio::test]
    async fn data_and_trailers_are_taken_apart_at_any_frame_size() {
        let body = b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32: AAAA==\r\n\r\n";
        for step in 1..body.len() {
            let (whole, trailers) = read(body, step).await;
            assert_eq!(whole.unwrap(), b"hello world");
            assert_eq!(trailers.value("x-amz-checksum-crc32").as_deref(), Some("AAAA=="));
        }
    }

    #[tokio::test]
    async fn a_body_that_is_cut_off_is_an_error() {
        assert!(read(b"5\r\nhel", 3).await.0.is_err());
        assert!(read(b"5\r\nhello\r\n", 3).await.0.is_err());
    }
}
