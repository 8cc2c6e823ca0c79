#![allow(clippy::unwrap_used)]

use super::*;
use http_body_util::{BodyExt, Full, StreamBody};

async fn decoded(pieces: Vec<&'static [u8]>) -> Result<Bytes, BoxError> {
    let frames = pieces
        .into_iter()
        .map(|piece| Ok(Frame::data(Bytes::from_static(piece))));
    let body = StreamBody::new(futures::stream::iter(frames));
    Ok(Chunked::new(body).collect().await?.to_bytes())
}

#[tokio::test]
async fn payload_is_found_wherever_the_body_is_cut() {
    let whole: &[u8] =
        b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
    for cut in 0..whole.len() {
        let body = decoded(vec![&whole[..cut], &whole[cut..]]).await;
        assert_eq!(body.unwrap(), "hello world", "cut at {cut}");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_an_error() {
    assert!(decoded(vec![b"5\r\nhel"]).await.is_err());
    assert!(decoded(vec![b"3\r\nhello\r\n0\r\n\r\n"]).await.is_err());
    let empty = Full::new(Bytes::new()).map_err(|never| match never {});
    assert!(Chunked::new(empty).collect().await.is_err());
}
