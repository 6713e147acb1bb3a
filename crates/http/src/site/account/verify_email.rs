use super::docs::{Key, LookProblems, SendProblems};
use super::link::Use;
use super::one_button::OneButton;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::site::page::in_html;
use actix_web::http::Method;
use doorward_domain::one_time::Purpose;
use doorward_domain::use_cases::{ConfirmEmailError, Proof};

const PAGE: OneButton = OneButton {
    purpose: Purpose::VerifyEmail,
    title: "Confirm your e-mail address",
    explanation: |username| format!(include_str!("verify_email.html"), username = username),
    button: "Confirm this address",
    advice: "Perhaps the address is confirmed already: try to log in. If it is not, ask there for \
             another letter.",
};

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/account/verify-email/")
        .open(Method::GET, |call| in_html(show(call)))
        .open(Method::POST, |call| in_html(verify(call)))
}

/// Shows the page on which an address is verified.
#[utoipa::path(
    get,
    path = "/account/verify-email/",
    operation_id = "show_verify_email",
    tag = "pages",
    params(Key),
    responses((status = 200, description = "A page", body = String, content_type = "text/html"), LookProblems)
)]
pub(crate) async fn show(call: Call) -> Answer {
    PAGE.show(call).await
}

/// Verifies the address.
#[utoipa::path(
    post,
    path = "/account/verify-email/",
    operation_id = "send_verify_email",
    tag = "pages",
    request_body(content = Key, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "It is verified", body = String, content_type = "text/html"), SendProblems)
)]
pub(crate) async fn verify(call: Call) -> Answer {
    let Some(key) = PAGE.pressed(&call).await? else { return Ok(Use::Send.incomplete()) };
    let verified = call.auth().verify_email(Proof::Link(key)).await;
    PAGE.told(verified.map_err(ConfirmEmailError::from), "Your address is confirmed", |address| {
        format!("{address} counts as yours now. You can close this page.")
    })
}
