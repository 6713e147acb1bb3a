use super::{Answer, Client, PUBLIC_URL};

/// A page for people: what it says first, and its form.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) answer: Answer,
    path: String,
}

impl Page {
    /// What a browser shows that follows a link.
    #[track_caller]
    pub(crate) fn open(client: &Client, link: &str) -> Self {
        let path = link.strip_prefix(PUBLIC_URL).expect("a link to the server");
        let answer = client.get(path).send();
        Self { answer, path: path.split('?').next().expect("a path").to_owned() }
    }

    /// What a browser shows when the page's form is sent, with these fields filled in.
    #[track_caller]
    pub(crate) fn send(&self, client: &Client, typed: &[(&str, &str)]) -> Self {
        let html = self.answer.text();
        let form = between(&html, "<form", "</form>").unwrap_or_else(|| panic!("no form in {html}"));
        let head = between(form, "", ">").expect("the form's head");
        assert_eq!(attribute(head, "method").as_deref(), Some("post"), "{html}");
        assert_eq!(attribute(head, "action").as_deref(), Some("?"), "{html}");
        let inputs = form.split("<input").skip(1).filter_map(|rest| between(rest, "", ">"));
        let (mut fields, mut to_type) = (Vec::new(), Vec::new());
        for input in inputs {
            let name = attribute(input, "name").expect("a name");
            match attribute(input, "type").as_deref() {
                Some("hidden") => fields.push((name, attribute(input, "value").expect("a value"))),
                _ => to_type.push(name),
            }
        }
        let typed_names: Vec<_> = typed.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(to_type, typed_names, "what there is to type");
        let hidden = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<_> = hidden.chain(typed.iter().copied()).collect();
        Self { answer: client.post(&self.path).form(&all).send(), path: self.path.clone() }
    }

    /// What it says first.
    #[track_caller]
    pub(crate) fn heading(&self) -> String {
        let html = self.answer.text();
        let heading = between(&html, "<h1", "</h1>").unwrap_or_else(|| panic!("no heading in {html}"));
        unescaped(heading.split_once('>').expect("the heading's text").1)
    }

    /// Fails unless it has this status and says this first.
    #[track_caller]
    pub(crate) fn must_say(&self, status: u16, heading: &str) {
        self.answer.must_have_status(status);
        assert_eq!(self.heading(), heading);
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    between(tag, &format!(" {name}=\""), "\"").map(unescaped)
}

fn unescaped(text: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&#x2f;", "/")];
    let text = entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    text.replace("&amp;", "&")
}
