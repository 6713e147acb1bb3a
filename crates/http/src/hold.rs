use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::web::Bytes;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Keeps what is left of a request's body until the answer is sent.
///
/// The framework reads a chunked body that nobody holds any more to its end, however long that is,
/// to use the connection again. A body that is still held when the answer is out closes the
/// connection instead, so that an endless one costs nothing.
pub(crate) fn hold(answer: HttpResponse, rest: Payload) -> HttpResponse {
    if matches!(rest, Payload::None) {
        return answer; // there was no body
    }
    answer.map_body(|_, body| BoxBody::new(Holding { body, _rest: rest }))
}

struct Holding {
    body: BoxBody,
    _rest: Payload,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
