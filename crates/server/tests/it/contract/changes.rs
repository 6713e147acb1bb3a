//! Every way to change one thing in a recorded answer.

use super::fixture::Response;
use serde_json::{Value, json};

/// The changed answers, with what was changed.
pub(super) fn of(response: &Response) -> Vec<(String, Response)> {
    let Response { status, content_type, www_authenticate, allow, body } = response;
    let mut all = vec![("the status".to_owned(), Response { status: status + 1, ..response.clone() })];
    for content_type in of_text(content_type.as_ref()) {
        all.push(("the content type".to_owned(), Response { content_type, ..response.clone() }));
    }
    for www_authenticate in of_text(www_authenticate.as_ref()) {
        all.push(("WWW-Authenticate".to_owned(), Response { www_authenticate, ..response.clone() }));
    }
    for allow in of_list(allow.as_ref()) {
        all.push(("Allow".to_owned(), Response { allow, ..response.clone() }));
    }
    for (what, body) in of_value("the body", body) {
        all.push((what, Response { body, ..response.clone() }));
    }
    all
}

fn of_text(text: Option<&String>) -> Vec<Option<String>> {
    match text {
        Some(text) => vec![None, Some(format!("{text}x")), Some(text.to_uppercase())],
        None => vec![Some(String::new()), Some("x".to_owned())],
    }
}

fn of_list(list: Option<&Vec<String>>) -> Vec<Option<Vec<String>>> {
    let Some(list) = list else { return vec![Some(Vec::new()), Some(vec!["GET".to_owned()])] };
    let mut all = vec![None, Some([list.as_slice(), &["TRACE".to_owned()]].concat())];
    for index in 0..list.len() {
        let mut fewer = list.clone();
        fewer.remove(index);
        all.push(Some(fewer));
    }
    all
}

fn of_value(at: &str, value: &Value) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = match value {
        Value::Null => vec![json!("x")],
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(number) => vec![json!(number.as_i64().expect("a whole number") + 1)],
        Value::String(text) => {
            vec![json!(format!("{text}x")), json!(format!("x{text}")), json!(""), json!(1)]
        }
        Value::Array(values) => vec![[values.as_slice(), &[json!("x")]].concat().into(), json!({"0": "x"})],
        Value::Object(_) => vec![json!([]), json!("x")],
    }
    .into_iter()
    .chain((!value.is_null()).then_some(Value::Null))
    .filter(|changed| changed != value)
    .map(|changed| (at.to_owned(), changed))
    .collect();
    match value {
        Value::Array(values) => {
            for (index, item) in values.iter().enumerate() {
                let at = format!("{at}[{index}]");
                let with = |put: Option<Value>| {
                    let mut values = values.clone();
                    values.splice(index..=index, put);
                    Value::from(values)
                };
                all.push((format!("{at} without it"), with(None)));
                all.extend(of_value(&at, item).into_iter().map(|(what, item)| (what, with(Some(item)))));
            }
        }
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("another".to_owned(), json!("x"));
            all.push((format!("{at} and another member"), more.into()));
            for (name, member) in members {
                let at = format!("{at}.{name}");
                let mut fewer = members.clone();
                fewer.remove(name);
                all.push((format!("{at} without it"), fewer.into()));
                all.extend(of_value(&at, member).into_iter().map(|(what, member)| {
                    let mut members = members.clone();
                    members.insert(name.clone(), member);
                    (what, members.into())
                }));
            }
        }
        _ => {}
    }
    all
}
