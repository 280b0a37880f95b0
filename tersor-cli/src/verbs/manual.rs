//! `tersor completions` and `tersor man`: what a package of the command installs beside it.

use std::io;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::screen::failure::Outcome;
use crate::screen::print::print_with;

/// `tersor completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Prints the completions of a shell.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "tersor", &mut text);
    print_with(|out| out.write_all(&text))
}

/// Prints the manual page: the command, then each verb.
pub fn man(mut command: Command) -> Outcome {
    command.build();
    let mut text = Vec::new();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help");
    let pages = std::iter::once(command.clone()).chain(verbs.cloned());
    let rendered: io::Result<()> = pages.map(clap_mangen::Man::new).try_for_each(|page| page.render(&mut text));
    print_with(|out| {
        rendered?;
        out.write_all(&text)
    })
}
