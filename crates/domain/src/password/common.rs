//! Django's list of common passwords: 20,000 lower-cased entries that Royce Williams collected,
//! published under Django's BSD licence (see `common_passwords.license`).

const LIST: &str = include_str!("common_passwords.txt");

/// Whether `lowered` (lower case, white space trimmed) is one of the list's lines.
pub(super) fn is_common(lowered: &str) -> bool {
    // The file is sorted by bytes, so a binary search over its lines needs no index in memory.
    let mut rest = LIST;
    while !rest.is_empty() {
        let (before, line, after) = middle_line(rest);
        match line.as_bytes().cmp(lowered.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => rest = before,
            std::cmp::Ordering::Less => rest = after,
        }
    }
    false
}

/// The line that covers the middle of `text`, and the whole lines before and after it.
fn middle_line(text: &str) -> (&str, &str, &str) {
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle += 1;
    }
    let (head, tail) = text.split_at(middle);
    let start = head.rfind('\n').map_or(0, |at| at + 1);
    let (before, from_line) = text.split_at(start);
    debug_assert!(from_line.ends_with(tail));
    let (line, after) = from_line.split_once('\n').unwrap_or((from_line, ""));
    (before, line, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_the_lines_are_sorted() {
        let lines: Vec<_> = LIST.lines().collect();
        assert!(lines.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()));
        assert!(lines.len() > 19_000);
        for line in lines {
            assert!(is_common(line), "{line}");
        }
    }

    #[test]
    fn what_is_between_lines_is_not_found() {
        for absent in
            ["", "\n", "passwor", "passwordd1x", "zzzzzzzzzzzzzzzzz", "\u{10FFFF}", "password\npassword1"]
        {
            assert!(!is_common(absent), "{absent:?}");
        }
    }
}
