use crate::body::{Body, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let offer = Offer::new("Dashboard");
    Endpoint::at("/api/dashboard/").offering(offer).guarded(Method::GET, greet).guarded(Method::POST, echo)
}

/// Something to be repeated.
#[derive(ToSchema)]
struct Remark {
    /// The text.
    #[schema(example = "hello")]
    text: String,
}

/// A greeting.
#[derive(Serialize, ToSchema)]
pub(crate) struct Greeting {
    /// The sentence.
    #[schema(example = "Hi alice")]
    message: String,
}

/// Greets the caller.
#[utoipa::path(
    get,
    path = "/api/dashboard/",
    tag = "dashboard",
    security(("bearer" = [])),
    responses((status = 200, description = "The greeting", body = Greeting), ClosedProblems, Unavailable)
)]
pub(crate) async fn greet(_: Call, caller: Caller) -> Answer {
    let message = ["Hi ", caller.user.username.as_str()].concat();
    wire::ok(Greeting { message })
}

/// Greets the caller and repeats a text.
#[utoipa::path(
    post,
    path = "/api/dashboard/",
    tag = "dashboard",
    request_body = Remark,
    security(("bearer" = [])),
    responses((status = 200, description = "The greeting", body = Greeting), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn echo(call: Call, caller: Caller) -> Answer {
    let Remark { text } = Remark::read(&call.body().await?)?;
    let message = format!("Hi {}, your text is {text}", caller.user.username);
    wire::ok(Greeting { message })
}

impl Remark {
    fn read(body: &Body) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        match fields.text("text", Trim::Yes) {
            Some(text) => Ok(Self { text }),
            None => Err(fields.into_errors().into()),
        }
    }
}
