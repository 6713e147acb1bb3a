//! What stands behind one path: who may call it, and what each method does.

use crate::call::Call;
use crate::hold::hold;
use crate::observe::Matched;
use crate::offer::Offer;
use crate::prefix::PathPrefix;
use crate::problem::Problem;
use crate::worker::Worker;
use actix_web::dev::{Extensions, Payload};
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse};
use doorward_domain::callers::Caller;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::borrow::Cow;
use std::cell::Cell;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

/// What a handler comes to.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// One path and its methods.
///
/// REST framework's order of checks holds for all of them: who calls comes before what is called,
/// so that a stranger does not even learn which methods there are.
pub(crate) struct Endpoint {
    /// As figures and logs name it.
    path: &'static str,
    /// The same, as every request for it carries it.
    matched: Rc<Extensions>,
    /// As its handlers are documented.
    documented: &'static str,
    /// As it is routed.
    route: Cow<'static, str>,
    access: Access,
    offer: Offer,
    methods: Vec<(Method, Handler)>,
}

/// Whether the `Authorization` header is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// It is not.
    Open,
    /// It may be absent, but not wrong.
    Checked,
    /// It must be there and right.
    Guarded,
}

enum Handler {
    Open(Box<dyn Fn(Call) -> LocalBoxFuture<'static, Answer>>),
    Guarded(Box<dyn Fn(Call, Caller) -> LocalBoxFuture<'static, Answer>>),
}

impl Endpoint {
    /// A path that is open to everybody.
    pub(crate) fn at(path: &'static str) -> Self {
        Self {
            path,
            matched: matched(path),
            documented: path,
            route: path.into(),
            access: Access::Open,
            offer: Offer::new(path),
            methods: Vec::new(),
        }
    }

    /// The same at another path.
    pub(crate) fn moved(self, path: &'static str) -> Self {
        Self { path, matched: matched(path), route: path.into(), ..self }
    }

    /// Puts a path that begins with a placeholder, as in `{djoser}users/`, to where that begins here.
    /// Figures and logs keep the placeholder.
    pub(crate) fn under(self, prefix: &PathPrefix) -> Self {
        Self { route: prefix.fill(self.path).into(), ..self }
    }

    /// What OPTIONS tells, where that is more than the path.
    pub(crate) fn offering(self, offer: Offer) -> Self {
        Self { offer, ..self }
    }

    /// Gives way to another endpoint for the same path, but for methods that the other one has not.
    pub(crate) fn give_way(&mut self, mut other: Self) {
        mem::swap(self, &mut other);
        other.methods.retain(|(method, _)| self.methods.iter().all(|(taken, _)| taken != method));
        self.methods.append(&mut other.methods);
    }

    /// Refuses callers whose bearer is wrong, although none is needed. Said last, it lets strangers
    /// reach what is open beside guarded methods.
    pub(crate) fn checked(self) -> Self {
        Self { access: Access::Checked, ..self }
    }

    /// What `method` does.
    pub(crate) fn open<F, Fut>(mut self, method: Method, handler: F) -> Self
    where
        F: Fn(Call) -> Fut + 'static,
        Fut: Future<Output = Answer> + 'static,
    {
        let handler = Handler::Open(Box::new(move |call| handler(call).boxed_local()));
        self.methods.push((method, handler));
        self
    }

    /// What `method` does for whoever calls; the whole path is then closed to strangers.
    pub(crate) fn guarded<F, Fut>(mut self, method: Method, handler: F) -> Self
    where
        F: Fn(Call, Caller) -> Fut + 'static,
        Fut: Future<Output = Answer> + 'static,
    {
        let handler = Handler::Guarded(Box::new(move |call, caller| handler(call, caller).boxed_local()));
        self.methods.push((method, handler));
        Self { access: Access::Guarded, ..self }
    }

    /// What its requests carry: under which path they were [found](Matched).
    pub(crate) fn matched(&self) -> Rc<Extensions> {
        Rc::clone(&self.matched)
    }

    /// The path as it is routed.
    pub(crate) fn route(&self) -> &str {
        &self.route
    }

    /// The path that its handlers are documented for, which is another where it was moved.
    pub(crate) fn documented(&self) -> &'static str {
        self.documented
    }

    /// Whether a bearer may be absent, but not wrong.
    pub(crate) fn is_checked(&self) -> bool {
        self.access == Access::Checked
    }

    /// The methods that do something here.
    #[cfg(test)]
    pub(crate) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.iter().map(|(method, _)| method)
    }

    /// Answers a request for this path, whatever happens.
    pub(crate) async fn respond(
        &self,
        request: HttpRequest,
        payload: Payload,
        worker: &Rc<Worker>,
    ) -> HttpResponse {
        let payload = Rc::new(Cell::new(payload));
        let call = Call::new(request, Rc::clone(&payload), Rc::clone(worker));
        let answer = AssertUnwindSafe(self.answer(call)).catch_unwind().await;
        let answer = answer.unwrap_or(Err(Problem::Defect("a handler panicked")));
        hold(answer.unwrap_or_else(HttpResponse::from_error), payload.replace(Payload::None))
    }

    async fn answer(&self, call: Call) -> Answer {
        let caller = match self.access {
            Access::Open => None,
            Access::Checked => call.caller().await?,
            Access::Guarded => Some(call.caller().await?.ok_or(Problem::NotAuthenticated)?),
        };
        match (self.handler(call.method()), caller) {
            (Some(Handler::Open(handler)), _) => handler(call).await,
            (Some(Handler::Guarded(handler)), Some(caller)) => handler(call, caller).await,
            (Some(Handler::Guarded(_)), None) => Err(Problem::NotAuthenticated),
            (None, _) if call.method() == Method::OPTIONS => Ok(self.options()),
            (None, _) => {
                Err(Problem::MethodNotAllowed { method: call.method().to_string(), allow: self.allowed() })
            }
        }
    }

    fn handler(&self, method: &Method) -> Option<&Handler> {
        let of = |wanted: &Method| self.methods.iter().find(|(method, _)| method == wanted);
        // The framework leaves the body out of an answer to HEAD.
        let found = of(method).or_else(|| if method == Method::HEAD { of(&Method::GET) } else { None });
        found.map(|(_, handler)| handler)
    }

    /// What can be done here, in REST framework's form.
    fn options(&self) -> HttpResponse {
        HttpResponse::Ok().insert_header((ALLOW, self.allowed())).json(&self.offer)
    }

    fn allowed(&self) -> String {
        let order = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
        let there = order.iter().filter(|method| self.handler(method).is_some()).map(Method::as_str);
        there.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ")
    }
}

fn matched(path: &'static str) -> Rc<Extensions> {
    let mut data = Extensions::new();
    data.insert(Matched(path));
    Rc::new(data)
}
