//! Texts that others chose, made fit to be shown.

/// `text` on one line and without what changes how the rest is read: control characters, line
/// separators, marks of writing direction. At most `most` code points.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let shown = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c });
    let mut line = String::new();
    for c in shown.filter(|c| !directs(*c)) {
        if c != ' ' || !(line.is_empty() || line.ends_with(' ')) {
            line.push(c);
        }
    }
    let line = line.trim_end();
    match line.char_indices().nth(most) {
        None => line.to_owned(),
        Some(_) => line.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// What a client calls itself, as no mail program makes a link of: whoever stole a token chooses these
/// words, and they stand in a letter that its reader trusts.
pub(crate) fn inert(user_agent: &str) -> String {
    const MOST: usize = 100;
    let mut chars = user_agent.chars().peekable();
    let mut shown = String::new();
    while let Some(c) = chars.next() {
        let is_of_a_number = c == '.' && chars.peek().is_some_and(char::is_ascii_digit);
        let is_kept = c.is_alphanumeric() || is_of_a_number || "()/;,_-+".contains(c);
        shown.push(if is_kept { c } else { ' ' });
    }
    one_line(&shown, MOST)
}

fn directs(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_text_holds_it_is_one_short_line() {
        assert_eq!(one_line(" a\r\nBcc: b\u{2028}c\u{0}\td ", 100), "a Bcc: b c d");
        assert_eq!(one_line("gro.\u{202e}elpmaxe", 100), "gro.elpmaxe");
        // All of Unicode's Bidi_Control, and the byte order mark.
        let directing = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}";
        assert_eq!(one_line(&format!("a{directing}b"), 100), "ab");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line("", 6), "");
    }

    #[test]
    fn a_client_is_named_without_anything_to_click() {
        assert_eq!(
            inert("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Firefox/133.0"),
            "Mozilla/5.0 (X11; Linux x86_64; rv 133.0) Firefox/133.0"
        );
        assert_eq!(inert("log in at https://evil.example/x?a@b.c"), "log in at https //evil example/x a b c");
        assert_eq!(inert(&"x".repeat(300)).chars().count(), 100);
    }
}
