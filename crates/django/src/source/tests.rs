use super::*;
use crate::doubles::{DJANGO, Recorded};

const TOKENS: (&str, &[&str]) = (
    "token_blacklist_outstandingtoken",
    &[
        "id bigint key",
        "token text",
        "jti varchar(255)",
        "expires_at datetime",
        "user_id integer -> auth_user",
    ],
);
const BLACKLIST: (&str, &[&str]) =
    ("token_blacklist_blacklistedtoken", &["id bigint key", "blacklisted_at datetime", "token_id bigint"]);

fn numbers(numbers: impl IntoIterator<Item = i64>) -> Vec<ForeignKey> {
    numbers.into_iter().map(ForeignKey::Number).collect()
}

#[test]
fn a_page_has_its_accounts_with_their_groups_and_those_that_cannot_be_read() {
    let rows = Recorded::with_tables(DJANGO)
        .answering(
            r#"FROM "auth_user_groups""#,
            &[
                r#"{"key":2,"name":"editors"}"#,
                r#"{"key":1,"name":"staff"}"#,
                r#"{"key":2,"name":"authors"}"#,
            ],
        )
        .answering(
            r#"FROM "auth_user_user_permissions""#,
            &[r#"{"key":1,"app":"auth","model":"user","codename":"add_user"}"#],
        )
        .answering(
            r#"FROM "auth_user" AS t"#,
            &[
                r#"{"id":1,"username":"a","password":"!","is_active":1}"#,
                r#"{"id":2,"username":"b","password":"hunter2","is_active":0}"#,
                r#"{"id":3,"password":"hunter2","is_active":1}"#,
            ],
        );
    let mut source = rows.open().unwrap();
    let page = source.accounts_after(None, 3).unwrap();
    let [SourceRow::Account(a), SourceRow::Account(b), unreadable] = page.as_slice() else {
        panic!("two accounts and one that is none")
    };
    assert_eq!((&a.key, &b.key), (&ForeignKey::Number(1), &ForeignKey::Number(2)));
    assert_eq!(a.groups, ["staff"]);
    assert_eq!(b.groups, ["authors", "editors"]);
    assert_eq!(a.permissions[0].codename, "add_user");
    assert!(b.permissions.is_empty());
    let reason = "it has no username".to_owned();
    assert_eq!(*unreadable, SourceRow::Unreadable { key: ForeignKey::Number(3), reason });
    let asked = source.rows.asked.iter().find(|it| it.contains("auth_user_groups\" AS m")).unwrap();
    assert!(asked.contains(r#"m."user_id" >= 1 AND m."user_id" <= 3"#), "{asked}");
}

#[test]
fn a_value_that_cannot_be_read_costs_its_row_and_not_the_page() {
    let huge = format!(r#"{{"id":2,"username":"b","password":"!","is_active":1,"x":[{}]}}"#, "9".repeat(400));
    let rows = Recorded::with_tables(DJANGO)
        .answering("AS m", &[])
        .answering(r#"FROM "auth_user""#, &[&huge, r#"{"id":3,"username":"c","is_active":1}"#]);
    let page = rows.open().unwrap().accounts_after(None, 5).unwrap();
    let reason = "its x cannot be read".to_owned();
    assert_eq!(page[0], SourceRow::Unreadable { key: ForeignKey::Number(2), reason });
    assert!(matches!(&page[1], SourceRow::Account(c) if c.username.as_str() == "c"));
}

#[test]
fn the_next_page_begins_after_a_key_and_the_last_one_is_empty() {
    let mut source = Recorded::with_tables(DJANGO).answering(r#"FROM "auth_user""#, &[]).open().unwrap();
    assert_eq!(source.accounts_after(Some(&ForeignKey::Number(41)), 10).unwrap(), []);
    let asked = source.rows.asked.last().unwrap();
    assert!(asked.ends_with(r#"WHERE t."id" > 41 ORDER BY t."id" LIMIT 10"#), "{asked}");
}

#[test]
fn a_key_of_another_kind_does_not_start_from_the_beginning() {
    let mut source = Recorded::with_tables(DJANGO).open().unwrap();
    let foreign = ForeignKey::Text("41".to_owned());
    assert!(matches!(source.users(Some(&foreign), 10), Err(DjangoError::ForeignKind)));
    assert_eq!(source.present(&[foreign]).unwrap(), []);
}

#[test]
fn the_model_of_an_export_is_the_one_that_the_users_came_from() {
    assert_eq!(Recorded::with_tables(DJANGO).open().unwrap().user_model("auth.user"), UserModel::default());
    let tables: &[(&str, &[&str])] = &[(
        "api_account",
        &[
            "uuid char(32) key",
            "email text",
            "name text",
            "password text",
            "last_login datetime",
            "is_active bool",
        ],
    )];
    let model = Recorded::with_tables(tables).open().unwrap().user_model("api.Account");
    assert_eq!((model.label.as_str(), model.username_field.as_str()), ("api.Account", "email"));
    assert_eq!((model.full_name_field.as_deref(), model.has_text_keys), (Some("name"), true));
    assert_eq!(
        model.without.iter().map(String::as_str).collect::<Vec<_>>(),
        ["date_joined", "first_name", "groups", "is_staff", "is_superuser", "last_name", "user_permissions"]
    );
}

#[test]
fn many_keys_are_asked_about_in_parts() {
    let rows = Recorded::with_tables(DJANGO)
        .answering("IN (0, ", &[r#"{"key":5}"#])
        .answering("IN (500, ", &[])
        .answering("IN (1000, ", &[r#"{"key":1100}"#]);
    let mut source = rows.open().unwrap();
    assert_eq!(source.present(&numbers(0..1200)).unwrap(), numbers([5, 1100]));
}

#[test]
fn groups_come_with_their_permissions_in_order() {
    let rows = Recorded::with_tables(DJANGO)
        .answering(
            r#"FROM "auth_group_permissions""#,
            &[
                r#"{"id":2,"app":"b","model":"m","codename":"y"}"#,
                r#"{"id":2,"app":"a","model":"m","codename":"z"}"#,
            ],
        )
        .answering(r#"FROM "auth_group""#, &[r#"{"id":1,"name":"x"}"#, r#"{"id":2,"name":"a"}"#]);
    let groups = rows.open().unwrap().groups().unwrap();
    assert_eq!(groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["x", "a"]);
    let apps = groups[1].permissions.iter().map(|permission| permission.app.as_str());
    assert_eq!(apps.collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn refresh_tokens_are_told_by_their_ids_and_never_read() {
    let tables = [DJANGO, &[TOKENS, BLACKLIST]].concat();
    let rows = Recorded::with_tables(&tables).answering(
        r#"FROM "token_blacklist_outstandingtoken""#,
        &[
            r#"{"jti":"one","expires":"2024-05-02 12:00:00","blacklisted":null}"#,
            r#"{"jti":"two","expires":"2024-05-02 12:00:00","blacklisted":"2024-05-01 12:00:00.5"}"#,
        ],
    );
    let now = Timestamp::from_seconds(1_714_564_800);
    let mut source = rows.open().unwrap().without_tokens_expired_by(now);
    let tokens = source.tokens_after(Some(&ForeignTokenId("o'ne".to_owned())), 2).unwrap();
    assert_eq!((tokens[0].id.0.as_str(), tokens[1].id.0.as_str()), ("one", "two"));
    assert_eq!(tokens[0].spent, None);
    assert_eq!(tokens[0].expires_at, Timestamp::from_seconds(1_714_651_200));
    let at = Timestamp::from_micros(1_714_564_800_500_000);
    assert_eq!(tokens[1].spent, Some(Spent { at, session: None }));
    let asked = source.rows.asked.last().unwrap();
    let page = r#"WHERE o."jti" > 'o''ne' AND o."expires_at" > '2024-05-01 12:00:00.000000' ORDER BY o."jti" LIMIT 2"#;
    assert!(asked.ends_with(page), "{asked}");
    assert!(!asked.contains(r#"o."token""#), "{asked}");
}

#[test]
fn without_the_blacklist_every_token_is_unspent_and_without_simplejwt_there_is_none() {
    let tables = [DJANGO, &[TOKENS]].concat();
    let rows = Recorded::with_tables(&tables)
        .answering(r#"FROM "token_blacklist"#, &[r#"{"jti":"one","expires":"2024-05-02 12:00:00"}"#]);
    assert_eq!(rows.open().unwrap().tokens_after(None, 2).unwrap()[0].spent, None);
    let mut bare = Recorded::with_tables(DJANGO).open().unwrap();
    assert_eq!(bare.tokens_after(None, 2).unwrap(), []);
}

#[test]
fn a_failure_tells_its_cause_and_an_unfit_answer_is_not_shown() {
    let mut source = Recorded::with_tables(DJANGO).answering("auth_user", &[r#""hunter2""#]).open().unwrap();
    let SourceError(said) = source.accounts_after(None, 1).unwrap_err();
    assert!(said.contains("no JSON object") && !said.contains("hunter2"), "{said}");
    let mut silent = Recorded::with_tables(DJANGO).open().unwrap();
    let SourceError(said) = silent.groups().unwrap_err();
    assert!(said.contains("did not answer: nobody recorded SELECT"), "{said}");
}
