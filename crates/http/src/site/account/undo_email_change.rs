use super::docs::{Key, LookProblems, SendProblems};
use super::link::Use;
use super::one_button::OneButton;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::site::page::in_html;
use actix_web::http::Method;
use doorward_domain::one_time::Purpose;

const PAGE: OneButton = OneButton {
    purpose: Purpose::UndoEmailChange,
    title: "Take your account back",
    explanation: |username| format!(include_str!("undo_email_change.html"), username = username),
    button: "Take the account back",
    advice: "Perhaps it was used already: then ask for a new password where you log in. If you cannot get \
             into your account, write to those who run this site.",
};

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/account/undo-email-change/")
        .open(Method::GET, |call| in_html(show(call)))
        .open(Method::POST, |call| in_html(undo(call)))
}

/// Shows the page on which a change of address is undone.
#[utoipa::path(
    get,
    path = "/account/undo-email-change/",
    operation_id = "show_undo_email_change",
    tag = "pages",
    params(Key),
    responses((status = 200, description = "A page", body = String, content_type = "text/html"), LookProblems)
)]
pub(crate) async fn show(call: Call) -> Answer {
    PAGE.show(call).await
}

/// Gives the account back to its address, ends every session and takes the password away.
#[utoipa::path(
    post,
    path = "/account/undo-email-change/",
    operation_id = "send_undo_email_change",
    tag = "pages",
    request_body(content = Key, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "It is undone", body = String, content_type = "text/html"), SendProblems)
)]
pub(crate) async fn undo(call: Call) -> Answer {
    let Some(key) = PAGE.pressed(&call).await? else { return Ok(Use::Send.incomplete()) };
    let undone = call.auth().undo_email_change(key).await;
    PAGE.told(undone, "Your account has its address back", |address| {
        format!(
            "The address is {address} again, every device is logged out, and the password does not work any \
             more. A letter to this address follows: choose a new password with its link. If none arrives, \
             ask for one where you log in."
        )
    })
}
