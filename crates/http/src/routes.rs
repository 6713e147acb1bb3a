use crate::endpoint::Endpoint;
use actix_web::dev::{Path, ResourceDef, Url};
use std::collections::HashMap;

/// Which endpoint a path leads to. Each path is taken with and without its final slash.
///
/// Of two endpoints for one path the later one has it; the earlier one is left the methods that the later
/// one has not.
///
/// The framework's own table tries one pattern after the other, which takes longer than everything
/// else that happens to a request. Almost all paths here are fixed: they are looked up.
pub(crate) struct Routes {
    endpoints: Vec<Endpoint>,
    fixed: HashMap<String, usize>,
    patterns: Vec<(ResourceDef, usize)>,
}

impl Routes {
    /// The endpoint of a path, which then knows its segments.
    pub(crate) fn find(&self, path: &mut Path<Url>) -> Option<&Endpoint> {
        let fixed = self.fixed.get(path.unprocessed()).copied();
        let index = fixed.or_else(|| {
            let found = self.patterns.iter().find(|(pattern, _)| pattern.capture_match_info(path));
            found.map(|(_, index)| *index)
        });
        self.endpoints.get(index?)
    }
}

impl FromIterator<Endpoint> for Routes {
    fn from_iter<T: IntoIterator<Item = Endpoint>>(endpoints: T) -> Self {
        let endpoints = endpoints.into_iter().fold(Vec::<Endpoint>::new(), |mut endpoints, endpoint| {
            match endpoints.iter_mut().find(|there| there.route() == endpoint.route()) {
                Some(there) => there.give_way(endpoint),
                None => endpoints.push(endpoint),
            }
            endpoints
        });
        let (mut fixed, mut patterns) = (HashMap::new(), Vec::new());
        for (index, endpoint) in endpoints.iter().enumerate() {
            let bare = endpoint.route().trim_end_matches('/');
            for path in [format!("{bare}/"), bare.to_owned()] {
                if path.contains('{') {
                    patterns.push((ResourceDef::new(path), index));
                } else {
                    fixed.insert(path, index);
                }
            }
        }
        Self { endpoints, fixed, patterns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefix::PathPrefix;
    use crate::problem::Problem;
    use actix_web::http::Method;

    fn routes() -> Routes {
        ["/", "/a/", "/a/{id}/", "/b"].into_iter().map(Endpoint::at).collect()
    }

    fn found(path: &str) -> Option<(String, Option<String>)> {
        let mut path = Path::new(Url::new(path.parse().unwrap()));
        let routes = routes();
        let endpoint = routes.find(&mut path)?;
        Some((endpoint.route().to_owned(), path.get("id").map(str::to_owned)))
    }

    #[test]
    fn a_path_is_found_with_and_without_its_final_slash() {
        for (path, endpoint) in [("/", "/"), ("/a", "/a/"), ("/a/", "/a/"), ("/b", "/b"), ("/b/", "/b")] {
            assert_eq!(found(path), Some((endpoint.to_owned(), None)), "{path}");
        }
        assert_eq!(found("/a/7"), Some(("/a/{id}/".to_owned(), Some("7".to_owned()))));
        assert_eq!(found("/a/7/"), Some(("/a/{id}/".to_owned(), Some("7".to_owned()))));
    }

    #[test]
    fn what_is_escaped_without_need_is_the_same_path() {
        assert_eq!(found("/%61?x=y"), Some(("/a/".to_owned(), None)));
        assert_eq!(found("/%61/%37"), Some(("/a/{id}/".to_owned(), Some("7".to_owned()))));
    }

    #[test]
    fn a_path_under_a_prefix_is_fixed_and_goes_before_what_was_there() {
        let prefix = PathPrefix::parse("/a/").unwrap();
        let alias =
            Endpoint::at("{x}7/").open(Method::GET, |_| async { Err(Problem::NotFound) }).under(&prefix);
        let routes: Routes = ["/a/{id}/", "/a/7/"].into_iter().map(Endpoint::at).chain([alias]).collect();
        for path in ["/a/7", "/a/7/"] {
            let mut path = Path::new(Url::new(path.parse().unwrap()));
            let endpoint = routes.find(&mut path).unwrap();
            assert_eq!((endpoint.route(), endpoint.methods().count()), ("/a/7/", 1));
        }
    }

    #[test]
    fn an_endpoint_that_gives_way_is_left_what_the_other_has_not() {
        let nothing = |_| async { Err(Problem::NotFound) };
        let own = Endpoint::at("/a/").open(Method::GET, nothing).open(Method::DELETE, nothing);
        let alias = Endpoint::at("{x}a/").open(Method::PUT, nothing).open(Method::GET, nothing);
        let routes: Routes = [own, alias.under(&PathPrefix::parse("/").unwrap())].into_iter().collect();
        let mut path = Path::new(Url::new("/a".parse().unwrap()));
        let found = routes.find(&mut path).unwrap();
        assert_eq!(found.documented(), "{x}a/");
        assert_eq!(found.methods().collect::<Vec<_>>(), [Method::PUT, Method::GET, Method::DELETE]);
    }

    #[test]
    fn no_other_path_is_found() {
        for path in ["/c", "/a//", "//a", "/A/", "/a/7/8", "/a%2F", "/a/7%2F"] {
            assert!(found(path).is_none_or(|(_, id)| id.as_deref() == Some("7%2F")), "{path}");
        }
    }
}
