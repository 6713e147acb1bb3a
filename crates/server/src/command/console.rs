//! What is said to and asked of the person at the terminal.

use super::Usage;
use anyhow::{Context as _, bail};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use zeroize::Zeroizing;

/// Says something on standard output. Who does not listen misses it.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Says what went wrong, on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A text that others chose, on one line, and without what a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    let escaped =
        |c: char| -> String { if "\"'\\".contains(c) { c.into() } else { c.escape_debug().collect() } };
    text.chars().map(escaped).collect()
}

/// Somebody who can be asked.
pub(super) trait Person {
    /// Asks for a line; it comes without white space around it.
    fn ask(&mut self, question: &str) -> anyhow::Result<String>;
    /// Asks for a line that is not shown while it is typed.
    fn ask_hidden(&mut self, question: &str) -> anyhow::Result<Zeroizing<String>>;
    /// Tells what was wrong with an answer.
    fn tell(&mut self, text: &str);
}

/// Whoever sits at the terminal.
pub(super) struct Terminal(());

impl Terminal {
    /// The terminal, if there is one; `otherwise` tells how to do without.
    pub(super) fn open(otherwise: &str) -> Result<Self, Usage> {
        if io::stdin().is_terminal() {
            Ok(Self(()))
        } else {
            Err(Usage(format!("there is no terminal to ask at; {otherwise}")))
        }
    }
}

impl Person for Terminal {
    fn ask(&mut self, question: &str) -> anyhow::Result<String> {
        let mut stdout = io::stdout();
        write!(stdout, "{question}")?;
        stdout.flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            bail!("nothing was typed");
        }
        Ok(line.trim().to_owned())
    }

    fn ask_hidden(&mut self, question: &str) -> anyhow::Result<Zeroizing<String>> {
        rpassword::prompt_password(question).map(Zeroizing::new).context("the password could not be read")
    }

    fn tell(&mut self, text: &str) {
        complain(text);
    }
}

/// Asks for a new password until it was typed twice alike.
pub(super) fn ask_new_password(person: &mut dyn Person) -> anyhow::Result<Zeroizing<String>> {
    loop {
        let first = person.ask_hidden("Password: ")?;
        if first.is_empty() {
            person.tell("Blank passwords aren't allowed.");
        } else if first == person.ask_hidden("Password (again): ")? {
            return Ok(first);
        } else {
            person.tell("Your passwords didn't match.");
        }
    }
}

#[cfg(test)]
pub(super) mod scripted {
    use super::{Person, Zeroizing};
    use anyhow::{Context as _, ensure};
    use std::collections::VecDeque;

    /// Somebody whose answers were written down before.
    pub(crate) struct Scripted {
        script: VecDeque<(&'static str, &'static str)>,
        pub(crate) told: Vec<String>,
    }

    impl Scripted {
        /// Questions that must be asked in this order, each with its answer.
        pub(crate) fn new(script: &[(&'static str, &'static str)]) -> Self {
            Self { script: script.iter().copied().collect(), told: Vec::new() }
        }

        pub(crate) fn was_asked_everything(&self) -> bool {
            self.script.is_empty()
        }
    }

    impl Person for Scripted {
        fn ask(&mut self, question: &str) -> anyhow::Result<String> {
            let (expected, answer) = self.script.pop_front().context("nobody expected a question")?;
            ensure!(question.starts_with(expected), "{question} was asked in place of {expected}");
            Ok(answer.to_owned())
        }

        fn ask_hidden(&mut self, question: &str) -> anyhow::Result<Zeroizing<String>> {
            self.ask(question).map(Zeroizing::new)
        }

        fn tell(&mut self, text: &str) {
            self.told.push(text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scripted::Scripted;
    use super::*;

    #[test]
    fn what_others_chose_is_shown_without_what_a_terminal_obeys() {
        assert_eq!(printable("\"A's\" <a@b>\u{e9}"), "\"A's\" <a@b>\u{e9}");
        assert_eq!(printable("a\n\u{1b}[2J\u{202e}b"), "a\\n\\u{1b}[2J\\u{202e}b");
    }

    #[test]
    fn a_password_is_asked_for_until_it_was_typed_twice_alike() {
        let mut person = Scripted::new(&[
            ("Password: ", ""),
            ("Password: ", "one"),
            ("Password (again)", "other"),
            ("Password: ", "one"),
            ("Password (again)", "one"),
        ]);
        assert_eq!(*ask_new_password(&mut person).unwrap(), "one");
        assert_eq!(person.told, ["Blank passwords aren't allowed.", "Your passwords didn't match."]);
        assert!(person.was_asked_everything());
    }
}
