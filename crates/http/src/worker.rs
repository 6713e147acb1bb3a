//! What one worker answers with: everything here belongs to one thread.

use crate::hold::hold;
use crate::metrics::WorkerRequests;
use crate::observe::RequestIds;
use crate::problem::Problem;
use crate::routes::Routes;
use crate::state::State;
use crate::{aliases, api, site};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpResponse};
use std::rc::Rc;
use std::sync::Arc;

/// A worker's own things, and the state that it shares with the others.
pub(crate) struct Worker {
    /// Shared by all workers. A request does not clone it: they would all write to its count.
    pub(crate) state: Arc<State>,
    pub(crate) requests: WorkerRequests,
    pub(crate) ids: RequestIds,
    routes: Routes,
}

impl Worker {
    pub(crate) fn new(state: Arc<State>) -> Self {
        let aliases = aliases::packages(&state.settings.aliases).flat_map(|package| package.endpoints);
        let endpoints = api::endpoints().into_iter().chain(site::endpoints());
        let endpoints = endpoints.chain(site::mailbox::endpoints(&state.settings)).chain(aliases);
        Self {
            requests: state.metrics.worker(),
            ids: RequestIds::new(Arc::clone(&state.auth.ports().random)),
            routes: endpoints.collect(),
            state,
        }
    }

    /// Has the endpoint of the path answer.
    pub(crate) async fn answer(
        self: Rc<Self>,
        mut request: ServiceRequest,
    ) -> Result<ServiceResponse, Error> {
        let endpoint = self.routes.find(request.match_info_mut());
        if let Some(endpoint) = endpoint {
            request.add_data_container(endpoint.matched());
        }
        let (request, payload) = request.into_parts();
        let answer = match endpoint {
            Some(endpoint) => endpoint.respond(request.clone(), payload, &self).await,
            None => hold(HttpResponse::from_error(Problem::NotFound), payload),
        };
        Ok(ServiceResponse::new(request, answer))
    }
}
