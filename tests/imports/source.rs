//! Reads the modules, names, `use` lines and qualified paths of one Rust file. Code under `cfg(test)` is left out.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};

/// A path of two or more names.
pub struct Mention {
    pub path: Vec<String>,
    pub line: usize,
    /// Whether the name stands in a `pub use` line.
    pub is_reexport: bool,
}

/// A module: a whole file, or an inline `mod name { ... }` in one.
#[derive(Default)]
pub struct Module {
    /// The names of the items that it defines.
    pub items: BTreeSet<String>,
    /// The names that its `use` lines bring in, each with its path.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// The paths of its `use` lines that end in `*`.
    pub globs: Vec<Vec<String>>,
    /// The paths in its `use` lines and in its code.
    pub paths: Vec<Mention>,
    /// Its inline modules.
    pub inline: BTreeMap<String, Module>,
    /// The files of its modules for tests: the names of modules, or the paths that `#[path]` gives.
    pub test_files: Vec<String>,
}

impl Module {
    pub fn parse(text: &str) -> Module {
        let stream: TokenStream = text.parse().expect("a file that compiles");
        let mut module = Module::default();
        module.read(stream, true);
        module
    }

    /// Reads a stream of tokens; `at_top` unless within an item.
    fn read(&mut self, stream: TokenStream, at_top: bool) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => at = self.skip_attributes(&tokens, at),
                TokenTree::Group(group) => {
                    self.read(group.stream(), false);
                    at += 1;
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    let end = at + tokens[at..].iter().take_while(|token| !is_punct(Some(token), ';')).count();
                    let is_reexport = tokens[at.saturating_sub(2)..at].iter().any(|token| is_word(Some(token), "pub"));
                    self.read_use(&tokens[at + 1..end], Vec::new(), is_reexport);
                    at = end;
                }
                TokenTree::Ident(word) => at = self.read_word(&word.to_string(), &tokens, at, at_top),
                _ => at += 1,
            }
        }
    }

    /// Skips the attributes at `at`, and the item after them if it is compiled only for tests. Returns the next position.
    fn skip_attributes(&mut self, tokens: &[TokenTree], mut at: usize) -> usize {
        let mut test = false;
        let mut file = None;
        while is_punct(tokens.get(at), '#') {
            let inner = usize::from(is_punct(tokens.get(at + 1), '!'));
            if let Some(TokenTree::Group(attribute)) = tokens.get(at + 1 + inner) {
                let text = attribute.stream().to_string().replace(' ', "");
                test |= text == "cfg(test)" || text.starts_with("cfg(all(test");
                file = text.strip_prefix("path=\"").map(|path| path.trim_end_matches('"').to_owned()).or(file);
            }
            at += 2 + inner;
        }
        if !test {
            return at;
        }
        let is_use = tokens[at..].iter().take(3).any(|token| is_word(Some(token), "use"));
        while at < tokens.len() {
            let is_end = match &tokens[at] {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_use,
                token => is_punct(Some(token), ';'),
            };
            if is_word(tokens.get(at), "mod") && is_punct(tokens.get(at + 2), ';') {
                self.test_files.push(file.take().unwrap_or_else(|| tokens[at + 1].to_string()));
            }
            at += 1;
            if is_end {
                break;
            }
        }
        at
    }

    /// Reads the item or the path that starts with `word`; returns the place after it.
    fn read_word(&mut self, word: &str, tokens: &[TokenTree], at: usize, at_top: bool) -> usize {
        if let (true, "mod", Some(TokenTree::Ident(name))) = (at_top, word, tokens.get(at + 1)) {
            if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                let mut module = Module::default();
                module.read(Group::stream(body), true);
                self.inline.insert(name.to_string(), module);
            }
            return at + 3;
        }
        if at_top && ["const", "enum", "fn", "static", "struct", "trait", "type", "union"].contains(&word) {
            if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
                self.items.insert(name.to_string());
            }
            return at + 1;
        }
        let mut path = vec![word.to_owned()];
        let mut next = at + 1;
        while let (true, Some(TokenTree::Ident(name))) = (is_separator(tokens, next), tokens.get(next + 2)) {
            path.push(name.to_string());
            next += 3;
        }
        if path.len() > 1 {
            self.paths.push(Mention { path, line: tokens[at].span().start().line, is_reexport: false });
        }
        next
    }

    /// Reads one branch of a `use` line, whose names before it are `path`.
    fn read_use(&mut self, tokens: &[TokenTree], mut path: Vec<String>, is_reexport: bool) {
        let line = tokens.last().map_or(0, |token| token.span().start().line);
        let mut alias = None;
        for token in tokens {
            match token {
                TokenTree::Ident(word) if word == "as" => alias = Some(tokens[tokens.len() - 1].to_string()),
                TokenTree::Ident(_) if alias.is_some() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => path.push("*".to_owned()),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for branch in inner.split(|token| is_punct(Some(token), ',')).filter(|branch| !branch.is_empty()) {
                        self.read_use(branch, path.clone(), is_reexport);
                    }
                    return;
                }
                _ => {}
            }
        }
        let is_self = path.len() > 1 && path.last().is_some_and(|name| name == "self");
        path.truncate(path.len() - usize::from(is_self));
        self.paths.push(Mention { path: path.clone(), line, is_reexport });
        let Some(last) = path.last().cloned() else { return };
        if last == "*" {
            path.pop();
            self.globs.push(path);
        } else {
            self.aliases.insert(alias.unwrap_or(last), path);
        }
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_word(token: Option<&TokenTree>, wanted: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if word == wanted)
}

/// Returns whether `::` stands at `at`.
fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}
