use crate::call::Call;
use crate::dossier::Dossier;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{ClosedProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use doorward_domain::callers::Caller;

pub(crate) fn endpoint() -> Endpoint {
    let offer = Offer::new("User Export");
    Endpoint::at("/api/auth/user/export/").offering(offer).guarded(Method::GET, export)
}

/// Everything that is stored about the caller (GDPR, articles 15 and 20), but for what opens the account:
/// hashes of passwords and secrets, and what letters hold.
#[utoipa::path(
    get,
    path = "/api/auth/user/export/",
    tag = "accounts",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All of it, as a file", body = Dossier, headers(
            ("Content-Disposition" = String, description = "`attachment; filename=\"account.json\"`")
        )),
        ClosedProblems, Unavailable
    )
)]
pub(crate) async fn export(call: Call, caller: Caller) -> Answer {
    let dossier = call.auth().dossier(&caller).await?.ok_or(Problem::USER_NOT_FOUND)?;
    let mut answer = wire::ok(Dossier::try_from(dossier)?)?;
    let attachment = HeaderValue::from_static(r#"attachment; filename="account.json""#);
    answer.headers_mut().insert(CONTENT_DISPOSITION, attachment);
    Ok(answer)
}
