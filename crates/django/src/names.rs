//! One name and two: Django's users have a first and a last name.

/// The most code points of a first and of a last name in Django.
const MAX_CHARS: usize = 150;

/// Django's `get_full_name`.
pub(crate) fn join(first: &str, last: &str) -> String {
    format!("{first} {last}").trim().to_owned()
}

/// Splits at the last space that leaves two names within Django's limit; without such a space, where
/// the limit is. No longer name than twice the limit comes out whole.
pub(crate) fn split(full_name: &str) -> (String, String) {
    let full_name = full_name.trim();
    let fits = |name: &str| name.chars().nth(MAX_CHARS).is_none();
    let at_space = full_name
        .rmatch_indices(' ')
        .filter_map(|(at, _)| full_name.split_at_checked(at))
        .map(|(first, last)| (first.trim(), last.trim()))
        .find(|(first, last)| fits(first) && fits(last));
    if let Some((first, last)) = at_space {
        return (first.to_owned(), last.to_owned());
    }
    let mut chars = full_name.chars();
    let first = chars.by_ref().take(MAX_CHARS).collect();
    (first, chars.take(MAX_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_join_as_in_django() {
        assert_eq!(join("Ada", "Lovelace"), "Ada Lovelace");
        assert_eq!(join("", "Lovelace"), "Lovelace");
        assert_eq!(join("Ada", ""), "Ada");
        assert_eq!(join("", ""), "");
    }

    #[test]
    fn a_name_is_split_at_its_last_space() {
        for (full_name, first, last) in [
            ("Ada Lovelace", "Ada", "Lovelace"),
            ("Augusta Ada King", "Augusta Ada", "King"),
            ("Ada", "Ada", ""),
            (" Ada ", "Ada", ""),
            ("", "", ""),
            ("Ada  Lovelace", "Ada", "Lovelace"),
        ] {
            assert_eq!(split(full_name), (first.to_owned(), last.to_owned()), "{full_name:?}");
        }
    }

    #[test]
    fn both_parts_are_within_the_limit() {
        let long = "ж".repeat(140);
        assert_eq!(split(&format!("{long} A B C D E F G")), (format!("{long} A B C D E"), "F G".to_owned()));
        let first = split(&format!("Ada {}", "x".repeat(200)));
        assert_eq!((first.0.chars().count(), first.1.chars().count()), (150, 54));
    }
}
