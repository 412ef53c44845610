//! Parses the patterns by which tokenizers split text, as far as an automaton can match them exactly.
//!
//! Supported are literals, escapes, classes, `\s \S \d \p{…}`, groups, `(?i:…)`, `|`, `? * + {m,n}`, and a negative
//! lookahead of one character. For anything else the error says what is not supported, and the tokenizer uses another
//! engine. Where a pattern can match in several ways, the first alternative and the longest repetition win, as in a
//! backtracking engine.

use super::charset::CharSet;

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// One character of the set.
    Set(CharSet),
    /// One node after the other.
    Concat(Vec<Node>),
    /// The first node that matches.
    Either(Vec<Node>),
    /// As many repetitions as possible, between a minimum and a maximum; none for no maximum.
    Repeat(Box<Node>, u32, Option<u32>),
    /// A lookahead: the next character is not in the set, or the text ends.
    NotNext(CharSet),
}

/// The maximum of repetitions. Each becomes a part of the program, so their number is bounded.
const MAX_REPEAT: u32 = 64;

/// Parses a pattern.
///
/// # Errors
/// The part of the pattern that is not supported.
pub(crate) fn parse(pattern: &str) -> Result<Node, String> {
    let mut parser = Parser { chars: pattern.chars().collect(), position: 0, fold: false };
    let node = parser.either()?;
    match parser.peek() {
        None => Ok(node),
        Some(c) => Err(format!("`{c}` at character {}", parser.position)),
    }
}

struct Parser {
    chars: Vec<char>,
    position: usize,
    /// Inside `(?i:…)`.
    fold: bool,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.position).copied()
    }

    fn next(&mut self) -> Result<char, String> {
        let c = self.peek().ok_or("the pattern ends early")?;
        self.position += 1;
        Ok(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_next = text.chars().enumerate().all(|(i, c)| self.chars.get(self.position + i) == Some(&c));
        if is_next {
            self.position += text.chars().count();
        }
        is_next
    }

    fn either(&mut self) -> Result<Node, String> {
        let mut options = vec![self.concat()?];
        while self.eat("|") {
            options.push(self.concat()?);
        }
        Ok(if options.len() == 1 { options.remove(0) } else { Node::Either(options) })
    }

    fn concat(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek()
            && c != '|'
            && c != ')'
        {
            let node = self.atom()?;
            nodes.push(self.repeat(node)?);
        }
        Ok(Node::Concat(nodes))
    }

    fn repeat(&mut self, node: Node) -> Result<Node, String> {
        let (min, max) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                let end =
                    self.chars[self.position..].iter().position(|&c| c == '}').ok_or("`{` without `}`")?;
                let inside: String = self.chars[self.position + 1..self.position + end].iter().collect();
                self.position += end;
                let number = |text: &str| text.parse::<u32>().ok().filter(|&n| n <= MAX_REPEAT);
                let unknown = || format!("`{{{inside}}}`");
                match inside.split_once(',') {
                    None => {
                        let n = number(&inside).ok_or_else(unknown)?;
                        (n, Some(n))
                    }
                    Some((min, "")) => (number(min).ok_or_else(unknown)?, None),
                    Some((min, max)) => {
                        let min = if min.is_empty() { Some(0) } else { number(min) };
                        (min.ok_or_else(unknown)?, Some(number(max).ok_or_else(unknown)?))
                    }
                }
            }
            _ => return Ok(node),
        };
        self.position += 1;
        if let Some(mark @ ('?' | '+' | '*' | '{')) = self.peek() {
            return Err(format!("a repetition followed by `{mark}`"));
        }
        if max == Some(0) || max.is_some_and(|max| max < min) || matches!(node, Node::NotNext(_)) {
            return Err("a repetition of nothing".to_string());
        }
        if can_be_empty(&node) {
            return Err("a repetition of a part that can match the empty text".to_string());
        }
        Ok(Node::Repeat(Box::new(node), min, max))
    }

    fn atom(&mut self) -> Result<Node, String> {
        match self.next()? {
            '(' if self.eat("?:") => self.group(self.fold),
            '(' if self.eat("?i:") => self.group(true),
            '(' if self.eat("?!") => {
                let Node::Set(set) = self.atom()? else {
                    return Err("a lookahead of several characters".into());
                };
                if self.eat(")") {
                    Ok(Node::NotNext(set))
                } else {
                    Err("a lookahead of several characters".into())
                }
            }
            '(' if self.peek() == Some('?') => Err("`(?`".to_string()),
            '(' => self.group(self.fold),
            '[' => {
                let set = self.set()?;
                if self.fold && !set.is_ascii() {
                    return Err("a class of more than ASCII that ignores case".to_string());
                }
                Ok(Node::Set(if self.fold { set.fold_case() } else { set }))
            }
            '\\' => {
                let set = self.escape()?;
                Ok(Node::Set(if self.fold { set.fold_case() } else { set }))
            }
            c @ ('.' | '^' | '$' | '*' | '+' | '?' | '{') => Err(format!("`{c}`")),
            c if self.fold && !c.is_ascii() => Err(format!("`{c}` where case is ignored")),
            c if self.fold => Ok(Node::Set(CharSet::one(c).fold_case())),
            c => Ok(Node::Set(CharSet::one(c))),
        }
    }

    fn group(&mut self, fold: bool) -> Result<Node, String> {
        let outer = std::mem::replace(&mut self.fold, fold);
        let node = self.either()?;
        self.fold = outer;
        if self.eat(")") { Ok(node) } else { Err("`(` without `)`".to_string()) }
    }

    /// Parses what follows a backslash.
    fn escape(&mut self) -> Result<CharSet, String> {
        Ok(match self.next()? {
            's' => CharSet::space(),
            'S' => CharSet::space().negate(),
            'd' => CharSet::category("Nd").ok_or("`\\d`")?,
            'r' => CharSet::one('\r'),
            'n' => CharSet::one('\n'),
            't' => CharSet::one('\t'),
            p @ ('p' | 'P') => {
                if !self.eat("{") {
                    return Err(format!("`\\{p}` without `{{`"));
                }
                let mut name = String::new();
                while !self.eat("}") {
                    name.push(self.next()?);
                }
                let negated = name.starts_with('^');
                let set = CharSet::category(name.trim_start_matches('^'))
                    .filter(|_| name.trim_start_matches('^').len() <= 2)
                    .ok_or_else(|| format!("`\\p{{{name}}}`"))?;
                if negated == (p == 'P') { set } else { set.negate() }
            }
            c if c.is_ascii_punctuation() || c == ' ' => CharSet::one(c),
            c => return Err(format!("`\\{c}`")),
        })
    }

    /// Parses what follows `[`.
    fn set(&mut self) -> Result<CharSet, String> {
        let negated = self.eat("^");
        let mut set = CharSet::default();
        let mut first = true;
        loop {
            let c = self.next()?;
            let start = match c {
                ']' if !first => break,
                '[' | ']' => return Err(format!("`{c}` within a class")),
                '&' if self.peek() == Some('&') => return Err("`&&`".to_string()),
                '\\' => self.escape()?,
                c => CharSet::one(c),
            };
            first = false;
            let is_range = self.peek() == Some('-') && self.chars.get(self.position + 1) != Some(&']');
            let (true, &[(from, single)]) = (is_range, start.ranges()) else {
                if is_range {
                    return Err("a range that begins with a class".to_string());
                }
                set = set.union(&start);
                continue;
            };
            self.position += 1;
            let end = match self.next()? {
                '\\' => self.escape()?,
                c @ ('[' | '&') => return Err(format!("`{c}` within a range")),
                c => CharSet::one(c),
            };
            match *end.ranges() {
                [(to, last)] if from == single && to == last && from <= to => {
                    set = set.union(&CharSet::new(vec![(from, to)]));
                }
                _ => return Err("a range of classes".to_string()),
            }
        }
        Ok(if negated { set.negate() } else { set })
    }
}

/// Whether the pattern can match the empty text.
pub(crate) fn can_be_empty(node: &Node) -> bool {
    match node {
        Node::Set(_) => false,
        Node::NotNext(_) => true,
        Node::Concat(nodes) => nodes.iter().all(can_be_empty),
        Node::Either(nodes) => nodes.iter().any(can_be_empty),
        Node::Repeat(node, min, _) => *min == 0 || can_be_empty(node),
    }
}
