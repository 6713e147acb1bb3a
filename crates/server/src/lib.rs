//! server
pub mod app;
mod background;
mod clock;
pub mod command;
mod compose;
mod logging;
mod root_secret;
pub mod settings;
pub use clock::SystemClock;
