use crate::built_in::TEMPLATES;
use crate::samples;
use crate::site::Site;
use crate::variables::{Form, keys, variables};
use crate::words::one_line;
use doorward_domain::mail::{Letter, LetterKind};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What one template may take: in essence, how many instructions. Those that are compiled in take less
/// than a hundredth.
const FUEL: u64 = 100_000;

/// The letters' templates: those that are compiled in, and a folder's in place of some of them.
///
/// A letter has three: `NAME.subject.txt`, `NAME.txt` and `NAME.html`, where `NAME` is
/// [`LetterKind::as_str`]. They are written in Jinja. `layout.html` is the frame of the HTML, and
/// what begins with `_` is for the others to include.
#[derive(Debug)]
pub struct Templates {
    engine: Environment<'static>,
    /// Where those are that do not come from this crate.
    files: BTreeMap<String, PathBuf>,
}

/// What is wrong with a template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The folder, or the file.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The file has the name of no template, and would never be used.
    #[error("{} is no template's name; what templates include begins with `_`", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// The template does not compile, or does not work for a letter of its kind.
    #[error("{file}, line {line}: {reason}")]
    Broken {
        /// The file; a template that is compiled in by its name.
        file: String,
        /// Where in it; 1 if it is about all of it.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// A letter that is written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Templates {
    /// Loads the templates, and tries each with letters of its kind.
    ///
    /// # Errors
    /// [`TemplateError`], for the first one that would not do.
    pub fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_fuel(Some(FUEL));
        if let Ok(syntax) =
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
        {
            engine.set_syntax(syntax);
        }
        let mut templates = Self { engine, files: BTreeMap::new() };
        for (name, source) in TEMPLATES {
            templates.engine.add_template(name, source).map_err(|error| templates.broken(name, &error))?;
        }
        if let Some(folder) = folder {
            templates.add_files(folder)?;
        }
        templates.try_all()?;
        Ok(templates)
    }

    /// Writes a letter out.
    pub(crate) fn write(&self, letter: &Letter, site: &Site) -> Result<Written, TemplateError> {
        let [subject, text, html] = names(letter.message.kind());
        let [in_text, in_html] = [Form::Text, Form::Html].map(|form| variables(letter, site, form));
        Ok(Written {
            // As RFC 5322 (section 2.1.1) has it with room for encoding, and as people read it.
            subject: one_line(&self.render(&subject, &in_text)?, 200),
            text: format!("{}\n", self.render(&text, &in_text)?.trim()),
            html: format!("{}\n", self.render(&html, &in_html)?.trim()),
        })
    }

    fn render(&self, name: &str, values: &minijinja::Value) -> Result<String, TemplateError> {
        let rendered = self.engine.get_template(name).and_then(|template| template.render(values));
        rendered.map_err(|error| self.broken(name, &error))
    }

    fn add_files(&mut self, folder: &Path) -> Result<(), TemplateError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |reason| TemplateError::Unreadable { path, reason }
        };
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in entries.map_err(unreadable(folder))? {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_template = [".txt", ".html"].iter().any(|end| name.ends_with(end));
            if !is_template || name.starts_with('.') {
                continue;
            }
            if !name.starts_with('_') && !TEMPLATES.iter().any(|(known, _)| *known == name) {
                return Err(TemplateError::Unknown { path });
            }
            let source = fs::read_to_string(&path).map_err(unreadable(&path))?;
            self.files.insert(name.clone(), path);
            self.engine
                .add_template_owned(name.clone(), source)
                .map_err(|error| self.broken(&name, &error))?;
        }
        Ok(())
    }

    /// Tries every template with letters that look like those to come.
    fn try_all(&self) -> Result<(), TemplateError> {
        let site = Site::sample();
        for letter in samples::all() {
            let written = self.write(&letter, &site)?;
            let [subject, text, html] = names(letter.message.kind());
            if written.subject.is_empty() {
                return Err(self.useless(&subject, "the subject is empty"));
            }
            let keys = keys(&letter.message);
            for (name, written) in [(text, &written.text), (html, &written.html)] {
                if !keys.is_empty() && !keys.iter().any(|key| written.contains(key)) {
                    return Err(self.useless(&name, "it shows neither the link nor what stands for it"));
                }
            }
        }
        Ok(())
    }

    fn broken(&self, name: &str, error: &minijinja::Error) -> TemplateError {
        // The error of something included tells where; the one around it only that there was one.
        let mut at = error;
        while let Some(inner) = std::error::Error::source(at).and_then(|source| source.downcast_ref()) {
            at = inner;
        }
        let reason =
            at.detail().map_or_else(|| at.kind().to_string(), |detail| format!("{}: {detail}", at.kind()));
        TemplateError::Broken {
            file: self.file(at.name().unwrap_or(name)),
            line: at.line().unwrap_or(1),
            reason: one_line(&reason, 200),
        }
    }

    fn useless(&self, name: &str, reason: &str) -> TemplateError {
        TemplateError::Broken { file: self.file(name), line: 1, reason: reason.to_owned() }
    }

    fn file(&self, name: &str) -> String {
        self.files.get(name).map_or_else(|| name.to_owned(), |path| path.display().to_string())
    }
}

/// A letter's templates: of its subject, its text and its HTML.
fn names(kind: LetterKind) -> [String; 3] {
    ["subject.txt", "txt", "html"].map(|end| format!("{}.{end}", kind.as_str()))
}
