//! The `aws-chunked` content encoding: what an SDK wraps around a body that it streams or adds a
//! checksum to.
//!
//! The S3 service decodes it only while it verifies a signature, and this edge verifies none.

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A chunk header is a size and at most a signature; more than this is not one.
const MAX_HEADER: usize = 512;

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Before `<hex size>[;chunk-signature=…]\r\n`.
    Size,
    /// Within the data of a chunk.
    Data(usize),
    /// Before the line end that closes a chunk.
    End,
    /// After the last chunk: trailers, which are not looked at. Nothing can be damaged on the way
    /// through memory.
    Trailers,
}

/// The payload inside an `aws-chunked` body, as it arrives.
pub(super) struct Chunked<B> {
    inner: B,
    buffer: BytesMut,
    state: State,
}

impl<B> Chunked<B> {
    pub(super) fn new(inner: B) -> Self {
        Self {
            inner,
            buffer: BytesMut::new(),
            state: State::Size,
        }
    }

    /// Takes the next piece of payload out of the buffer, if there is one.
    fn next(&mut self) -> Result<Option<Bytes>, BoxError> {
        loop {
            match self.state {
                State::Size => {
                    let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") else {
                        return if self.buffer.len() > MAX_HEADER {
                            Err("aws-chunked: no chunk size".into())
                        } else {
                            Ok(None)
                        };
                    };
                    let line = std::str::from_utf8(&self.buffer[..end])?;
                    let digits = line.split(';').next().unwrap_or_default().trim();
                    let size = usize::from_str_radix(digits, 16)?;
                    self.buffer.advance(end + 2);
                    self.state = if size == 0 {
                        State::Trailers
                    } else {
                        State::Data(size)
                    };
                }
                State::Data(_) if self.buffer.is_empty() => return Ok(None),
                State::Data(left) => {
                    let piece = self.buffer.split_to(left.min(self.buffer.len())).freeze();
                    self.state = if piece.len() == left {
                        State::End
                    } else {
                        State::Data(left - piece.len())
                    };
                    return Ok(Some(piece));
                }
                State::End => {
                    if self.buffer.len() < 2 {
                        return Ok(None);
                    }
                    if !self.buffer.starts_with(b"\r\n") {
                        return Err("aws-chunked: a chunk is longer than its size".into());
                    }
                    self.buffer.advance(2);
                    self.state = State::Size;
                }
                State::Trailers => {
                    self.buffer.clear();
                    return Ok(None);
                }
            }
        }
    }
}

impl<B> Body for Chunked<B>
where
    B: Body<Data = Bytes, Error = BoxError> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        loop {
            match this.next() {
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        this.buffer.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None if this.state == State::Trailers => return Poll::Ready(None),
                None => return Poll::Ready(Some(Err("aws-chunked: the body ends early".into()))),
            }
        }
    }
}
