//! One verb an endpoint, of those about the life of an account.

use super::{Answer, Client, Request};
use doorward_testkit::Received;
use serde_json::{Value, json};

impl Client {
    pub(crate) fn telling(&self, path: &str, body: &Value) -> Request {
        self.post(format!("/api/auth/{path}")).json(body)
    }

    pub(crate) fn tell(&self, path: &str, body: &Value) -> Answer {
        self.telling(path, body).send()
    }

    pub(crate) fn verify_email(&self, key: &str) -> Answer {
        self.tell("registration/verify-email/", &json!({"key": key}))
    }

    pub(crate) fn verify_email_by_code(&self, email: &str, code: &str) -> Answer {
        self.tell("registration/verify-email/", &json!({"email": email, "code": code}))
    }

    pub(crate) fn resend(&self, email: impl Into<Value>) -> Answer {
        self.tell("registration/resend-email/", &json!({"email": email.into()}))
    }

    pub(crate) fn ask_reset(&self, email: impl Into<Value>) -> Answer {
        self.tell("password/reset/", &json!({"email": email.into()}))
    }

    /// Sets a new password with the link of a letter.
    pub(crate) fn reset(&self, letter: &Received, password: &str) -> Answer {
        let (uid, token) = (letter.in_link("uid"), letter.in_link("token"));
        self.reset_by_link(&uid, &token, [password; 2])
    }

    pub(crate) fn reset_by_link(&self, uid: &str, token: &str, [one, two]: [&str; 2]) -> Answer {
        let body = json!({"uid": uid, "token": token, "new_password1": one, "new_password2": two});
        self.tell("password/reset/confirm/", &body)
    }

    pub(crate) fn reset_by_code(&self, email: &str, code: &str, password: &str) -> Answer {
        let body =
            json!({"email": email, "code": code, "new_password1": password, "new_password2": password});
        self.tell("password/reset/confirm/", &body)
    }

    pub(crate) fn replace_password(&self, access: &str, old: &str, [one, two]: [&str; 2]) -> Answer {
        let body = json!({"old_password": old, "new_password1": one, "new_password2": two});
        self.telling("password/change/", &body).bearer(access).send()
    }

    pub(crate) fn change_email(&self, access: &str, email: impl Into<Value>, password: &str) -> Answer {
        let body = json!({"email": email.into(), "password": password});
        self.telling("email/change/", &body).bearer(access).send()
    }

    pub(crate) fn confirm_email(&self, key: &str) -> Answer {
        self.tell("email/change/confirm/", &json!({"key": key}))
    }

    pub(crate) fn confirm_email_by_code(&self, email: &str, code: &str) -> Answer {
        self.tell("email/change/confirm/", &json!({"email": email, "code": code}))
    }

    pub(crate) fn undo_email_change(&self, key: &str) -> Answer {
        self.tell("email/change/undo/", &json!({"key": key}))
    }

    pub(crate) fn delete_user(&self, access: &str, password: &str) -> Answer {
        let body = json!({"password": password});
        self.request("DELETE", "/api/auth/user/").bearer(access).json(&body).send()
    }

    pub(crate) fn export(&self, access: &str) -> Answer {
        self.get("/api/auth/user/export/").bearer(access).send()
    }
}
