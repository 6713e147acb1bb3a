use super::docs::{Key, LookProblems, SendProblems};
use super::link::Use;
use super::one_button::OneButton;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::site::page::in_html;
use actix_web::http::Method;
use doorward_domain::one_time::Purpose;
use doorward_domain::use_cases::Proof;

const PAGE: OneButton = OneButton {
    purpose: Purpose::ChangeEmail,
    title: "Confirm your new e-mail address",
    explanation: |username| format!(include_str!("confirm_email.html"), username = username),
    button: "Confirm this address",
    advice: "If your account does not have the new address yet, log in and change it once more.",
};

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/account/confirm-email/")
        .open(Method::GET, |call| in_html(show(call)))
        .open(Method::POST, |call| in_html(confirm(call)))
}

/// Shows the page on which a new address is confirmed.
#[utoipa::path(
    get,
    path = "/account/confirm-email/",
    operation_id = "show_confirm_email",
    tag = "pages",
    params(Key),
    responses((status = 200, description = "A page", body = String, content_type = "text/html"), LookProblems)
)]
pub(crate) async fn show(call: Call) -> Answer {
    PAGE.show(call).await
}

/// Gives the account its new address.
#[utoipa::path(
    post,
    path = "/account/confirm-email/",
    operation_id = "send_confirm_email",
    tag = "pages",
    request_body(content = Key, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "It has it", body = String, content_type = "text/html"), SendProblems)
)]
pub(crate) async fn confirm(call: Call) -> Answer {
    let Some(key) = PAGE.pressed(&call).await? else { return Ok(Use::Send.incomplete()) };
    let changed = call.auth().confirm_email_change(Proof::Link(key)).await;
    PAGE.told(changed, "Your account has a new address", |address| {
        format!("It is {address}. You can close this page.")
    })
}
