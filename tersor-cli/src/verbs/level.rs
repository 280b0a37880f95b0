//! The level of encoding: `--level N`, or `-N` as with other compressors.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, Error, FromArgMatches};

const LEVEL: &str = "level";
const DEFAULT: &str = "6";
/// The short options, by level.
const SHORT: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The level, from 1 to 9.
#[derive(Debug, Clone, Copy)]
pub struct Level(pub u8);

impl Args for Level {
    fn augment_args(command: Command) -> Command {
        let level = Arg::new(LEVEL)
            .long(LEVEL)
            .short('l')
            .value_name("1..9")
            .default_value(DEFAULT)
            .display_order(1)
            .allow_negative_numbers(true)
            .value_parser(parse)
            .help(
                "From 1, the fastest, to 9, the smallest; also as -1 to -9. Levels 1 and 2 differ little in size, and so do \
                 3 and 4, and 5 to 7. Files of levels 8 and 9 can decode slowly",
            );
        let short = SHORT.map(|name| {
            Arg::new(name).short(name.chars().next().unwrap_or_default()).action(ArgAction::SetTrue).hide(true)
        });
        let group = ArgGroup::new("one-level").args([LEVEL]).args(SHORT).multiple(false);
        command.arg(level).args(short).group(group)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Level {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let short = (1..).zip(SHORT).find(|(_, name)| matches.get_flag(name)).map(|(level, _)| level);
        let long = || matches.get_one(LEVEL).copied().unwrap_or_default();
        Ok(Self(short.unwrap_or_else(long)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn parse(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(level @ 1..=9) => Ok(level),
        _ => Err("give a number from 1, the fastest, to 9, the smallest".to_owned()),
    }
}
