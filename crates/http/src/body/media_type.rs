/// How a body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Json,
    Form,
    Multipart,
}

/// What reads a body of this `Content-Type`. REST framework takes wildcards from clients too.
pub(super) fn reader(content_type: &str) -> Option<Reader> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (main, sub) = essence.split_once('/')?;
    let readers = [
        ("application", "json", Reader::Json),
        ("application", "x-www-form-urlencoded", Reader::Form),
        ("multipart", "form-data", Reader::Multipart),
    ];
    let fits = |wanted: &str, of: &str| of == "*" || of == wanted;
    readers.into_iter().find(|(a, b, _)| fits(a, main) && fits(b, sub)).map(|(_, _, reader)| reader)
}

/// Whether the text is in ISO 8859-1; without that word it is in UTF-8.
pub(super) fn is_latin1(content_type: &str) -> bool {
    content_type.split(';').skip(1).any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        name.trim().eq_ignore_ascii_case("charset") && matches!(&*value, "latin-1" | "latin1" | "iso-8859-1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_without_case_parameters_and_with_wildcards() {
        for (content_type, expected) in [
            ("application/json", Some(Reader::Json)),
            ("APPLICATION/JSON; charset=UTF-8", Some(Reader::Json)),
            ("application/json;", Some(Reader::Json)),
            ("application/*", Some(Reader::Json)),
            ("*/*", Some(Reader::Json)),
            ("Application/X-WWW-Form-Urlencoded", Some(Reader::Form)),
            ("multipart/form-data; boundary=x", Some(Reader::Multipart)),
            ("multipart/*", Some(Reader::Multipart)),
            ("text/json", None),
            ("application/vnd.api+json", None),
            ("application/json, text/plain", None),
            ("garbage", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(reader(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn the_charset_is_a_parameter() {
        assert!(is_latin1("application/json; Charset=\"ISO-8859-1\""));
        assert!(!is_latin1("application/json; charset=utf-8") && !is_latin1("latin-1"));
    }
}
