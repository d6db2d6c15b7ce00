//! When to use colour, and which.

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use logd_core::severity::Level;

/// The flag `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    /// Whether standard output gets colour. The flag wins over the environment, the environment over the terminal.
    pub(crate) fn for_stdout(self) -> bool {
        self.resolve(|name| std::env::var(name).ok(), std::io::stdout().is_terminal())
    }

    /// NO_COLOR (no-color.org), CLICOLOR and CLICOLOR_FORCE (bixense.com/clicolors).
    fn resolve(self, env: impl Fn(&str) -> Option<String>, terminal: bool) -> bool {
        let set = |name| env(name).filter(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR").is_some() => false,
            Self::Auto if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
            Self::Auto => {
                let dumb = set("TERM").is_some_and(|term| term == "dumb");
                let off = set("CLICOLOR").is_some_and(|v| v == "0");
                terminal && !dumb && !off
            }
        }
    }
}

/// The styles of what is printed; all plain without colour.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Palette {
    colour: bool,
}

impl Palette {
    pub(crate) fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// What is there to be found when looked for.
    pub(crate) fn dim(self) -> Style {
        self.when(Style::new().dimmed())
    }

    /// Keys of events.
    pub(crate) fn key(self) -> Style {
        self.when(AnsiColor::Cyan.on_default())
    }

    /// Headings.
    pub(crate) fn heading(self) -> Style {
        self.when(Style::new().bold())
    }

    /// What needs attention.
    pub(crate) fn alert(self) -> Style {
        self.when(AnsiColor::Yellow.on_default().bold())
    }

    /// The name of a level.
    pub(crate) fn level(self, level: Level) -> Style {
        self.when(match level {
            Level::None | Level::Trace => Style::new().dimmed(),
            Level::Debug => AnsiColor::Blue.on_default(),
            Level::Info => AnsiColor::Green.on_default(),
            Level::Warn => AnsiColor::Yellow.on_default().bold(),
            Level::Error => AnsiColor::Red.on_default().bold(),
            Level::Fatal => AnsiColor::Magenta.on_default().bold(),
        })
    }

    fn when(self, style: Style) -> Style {
        if self.colour { style } else { Style::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(env: &[(&str, &str)], terminal: bool) -> bool {
        let get = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        ColorChoice::Auto.resolve(get, terminal)
    }

    #[test]
    fn the_environment_decides_unless_the_flag_does() {
        assert!(auto(&[], true));
        assert!(!auto(&[], false));
        assert!(!auto(&[("NO_COLOR", "1")], true));
        assert!(auto(&[("NO_COLOR", "")], true), "an empty NO_COLOR does not count");
        assert!(auto(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!auto(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!auto(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
        assert!(!auto(&[("CLICOLOR", "0")], true));
        assert!(!auto(&[("TERM", "dumb")], true));
        let no_color = |_: &str| Some("1".to_owned());
        assert!(ColorChoice::Always.resolve(no_color, false));
        assert!(!ColorChoice::Never.resolve(|_| None, true));
    }

    #[test]
    fn without_colour_styles_write_nothing() {
        assert_eq!(Palette::new(false).level(Level::Error).to_string(), "");
        assert_ne!(Palette::new(true).level(Level::Error).to_string(), "");
    }
}
