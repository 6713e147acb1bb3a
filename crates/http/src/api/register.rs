use crate::body::{Body, FieldErrors, Text, Trim, Unfit};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::identity::EmailError;
use doorward_domain::password::{Password, PasswordError};
use doorward_domain::use_cases::{Draft, DraftErrors, RegisterError, Role};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/register/").offering(OFFER).checked().open(Method::POST, register)
}

const OFFER: Offer = Offer::new("Register").takes(&[
    OfferedField::required("username", "Username")
        .at_most(150)
        .help("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."),
    OfferedField::required("email", "Email").of_kind("email").at_most(254),
    OfferedField::required("password", "Password"),
    OfferedField::required("password2", "Password2"),
]);

/// A new account.
#[derive(ToSchema)]
#[schema(as = Registration)]
struct Typed {
    /// Letters, numbers and `@.+-_`; at most 150 characters.
    #[schema(value_type = String, example = "alice", max_length = 150)]
    username: Field,
    /// An e-mail address that nobody else has.
    #[schema(value_type = String, example = "alice@example.com", max_length = 254)]
    email: Field,
    /// The password.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    password: Field,
    /// The password again. `passwrod2` is taken as well.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    password2: Field,
}

/// The account that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Registered {
    /// As it is stored: in Unicode's form NFKC.
    #[schema(example = "alice")]
    username: String,
    /// As it is stored: with its domain in lower case.
    #[schema(example = "alice@example.com")]
    email: Option<String>,
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/api/auth/register/",
    tag = "accounts",
    request_body = Typed,
    responses((status = 201, description = "The account", body = Registered), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn register(call: Call) -> Answer {
    let typed = Typed::read(&call.body().await?, call.password_trim());
    match call.auth().register(typed.draft(), Role::Member).await {
        Ok(user) => Ok(HttpResponse::Created().json(Registered {
            username: user.username.as_str().to_owned(),
            email: user.email.map(|email| email.as_str().to_owned()),
        })),
        Err(RegisterError::Invalid(broken)) if broken.mismatch => {
            Err(Problem::non_field("Passwords must match."))
        }
        Err(RegisterError::Invalid(broken)) => Err(typed.errors(&broken).into()),
        Err(RegisterError::Failure(failure)) => Err(failure.into()),
    }
}

/// A field as it was sent, be it fit or not.
struct Field(Result<Text, Unfit>);

impl Typed {
    fn read(body: &Body, password_trim: Trim) -> Self {
        let password2 = if body.has("password2") { "password2" } else { "passwrod2" };
        Self {
            username: Field(body.text("username", Trim::Yes)),
            email: Field(body.text("email", Trim::Yes)),
            password: Field(body.text("password", password_trim)),
            password2: Field(body.text(password2, password_trim)),
        }
    }

    /// What the rules are asked about. Where anything is amiss already the repeated password is
    /// left out, so that every other field is checked and yet no account is made.
    fn draft(&self) -> Draft {
        let Self { username, email, password, password2 } = self;
        let plaintext = |field: &Field| field.text().and_then(Password::new);
        let clean = [username, email, password, password2].iter().all(|field| field.is_clean());
        Draft {
            username: username.text().map(str::to_owned),
            email: email.text().map(str::to_owned),
            password: plaintext(password),
            password_again: if clean { plaintext(password2) } else { None },
        }
    }

    /// What is wrong on the wire and what breaks the rules, in REST framework's order.
    fn errors(&self, broken: &DraftErrors) -> FieldErrors {
        let told = |rule: &dyn ToString| rule.to_string();
        let mut errors = FieldErrors::default();

        let username = self.username.unfit("Not a valid string.");
        let username = username.chain(broken.username.iter().map(|rule| told(rule)));
        errors.add("username", username.chain(self.username.surrogate()));

        // A validator of its own comes after those of every string field.
        let (last, first): (Vec<&EmailError>, Vec<&EmailError>) =
            broken.email.iter().partition(|rule| **rule == EmailError::Invalid);
        let email =
            self.email.unfit("Enter a valid email address.").chain(first.iter().map(|rule| told(rule)));
        errors.add("email", email.chain(self.email.surrogate()).chain(last.iter().map(|rule| told(rule))));

        let password = self.password.unfit("Not a valid string.").chain(self.password.too_long());
        let password = password.chain(broken.password.iter().map(|rule| told(rule)));
        errors.add("password", password.chain(self.password.forbidden()));

        let password2 = self.password2.unfit("Not a valid string.").chain(self.password2.too_long());
        errors.add("password2", password2.chain(self.password2.forbidden()));
        errors
    }
}

impl Field {
    fn text(&self) -> Option<&str> {
        self.0.as_ref().ok().map(|text| text.value.as_str())
    }

    fn is_clean(&self) -> bool {
        self.0.as_ref().is_ok_and(|text| text.surrogate.is_none() && !text.value.contains('\0'))
    }

    /// Why it is no text; `invalid` is the sentence for what is not even a string.
    fn unfit(&self, invalid: &'static str) -> impl Iterator<Item = String> + use<> {
        let unfit = self.0.as_ref().err().copied();
        unfit
            .map(|unfit| if unfit == Unfit::NotAString { invalid.to_owned() } else { unfit.to_string() })
            .into_iter()
    }

    fn surrogate(&self) -> Option<String> {
        self.0.as_ref().ok().and_then(Text::forbidden_surrogate)
    }

    fn forbidden(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().flat_map(Text::forbidden_characters)
    }

    fn too_long(&self) -> Option<String> {
        let too_long = self.text().is_some_and(|text| text.len() > Password::MAX_BYTES);
        too_long.then(|| PasswordError::TooLong.to_string())
    }
}
