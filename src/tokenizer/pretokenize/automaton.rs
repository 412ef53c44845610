//! Compiles a pattern into a table, with one look-up for each character.
//!
//! The pattern becomes a program with threads in order of preference, as a backtracking engine would try them. A
//! state of the table is a list of threads. A match discards all threads of lower preference, so the first
//! alternative and the longest repetition win. A lookahead is decided when the next character is known: a transition
//! says whether the text before that character matched.

use hashbrown::HashMap;

use super::charset::CharSet;
use super::classes::Classes;
use super::pattern::{Node, can_be_empty};

/// The bit of a transition that says that the text before this character matched.
const MATCHED: u16 = 1 << 15;
const DEAD: u16 = 0;
const START: u16 = 1;
/// The maximum of states; patterns with more are not supported.
const MAX_STATES: usize = 2_000;

/// Finds the end of a match of a pattern.
pub(crate) struct Automaton {
    classes: Classes,
    /// Transitions by state, then class. The last class is the end of the text.
    table: Vec<u16>,
    /// A power of two.
    columns: usize,
    end_of_text: usize,
}

/// A step of a thread.
enum Op {
    /// Reads a character of the set, then continues at the next op.
    Take(usize),
    /// Continues at the first op, or else at the second.
    Fork(usize, usize),
    NotNext(usize),
    Jump(usize),
    Match,
}

impl Automaton {
    /// The table of a pattern.
    ///
    /// # Errors
    /// Why the pattern is not supported.
    pub(crate) fn new(pattern: &Node) -> Result<Self, String> {
        if can_be_empty(pattern) {
            return Err("it can match the empty text".to_string());
        }
        let mut program = Program { ops: Vec::new(), sets: Vec::new() };
        program.compile(pattern);
        program.ops.push(Op::Match);
        let classes = Classes::new(&program.sets).ok_or("it has too many classes of characters")?;
        let end_of_text = classes.len();
        let columns = (end_of_text + 1).next_power_of_two();
        let mut states = vec![vec![], vec![0]];
        let mut number: HashMap<Vec<usize>, u16> = HashMap::from([(vec![], DEAD), (vec![0], START)]);
        let mut table = Vec::new();
        let mut state = 0;
        while state < states.len() {
            for class in 0..columns {
                let (next, matched) = program.step(&states[state], class, &classes);
                let next = *number.entry(next).or_insert_with_key(|threads| {
                    states.push(threads.clone());
                    (states.len() - 1) as u16
                });
                table.push(next | if matched { MATCHED } else { 0 });
            }
            state += 1;
            if states.len() > MAX_STATES {
                return Err("it has too many states".to_string());
            }
        }
        Ok(Automaton { classes, table, columns, end_of_text })
    }

    /// The same automaton over bytes, each of which stands for a character.
    pub(crate) fn over_bytes(mut self, char_of: &[char; 256]) -> Self {
        self.classes = self.classes.over_bytes(char_of);
        self
    }

    /// The end of the match that begins at `start`; none where there is no match.
    #[inline]
    pub(crate) fn match_end(&self, text: &[u8], start: usize) -> Option<usize> {
        self.match_and_read(text, start).0
    }

    /// The same, and the number of bytes, from the start of the text, that the result depends on; `usize::MAX` where
    /// it depends on the end of the text.
    #[inline]
    pub(crate) fn match_and_read(&self, text: &[u8], start: usize) -> (Option<usize>, usize) {
        let (mut state, mut i, mut end) = (START, start, None);
        loop {
            let (class, bytes) =
                if i < text.len() { self.classes.class_at(text, i) } else { (self.end_of_text as u8, 0) };
            let next = self.table[usize::from(state) * self.columns + usize::from(class)];
            if next & MATCHED != 0 {
                end = Some(i);
            }
            state = next & !MATCHED;
            if state == DEAD {
                return (end, if bytes == 0 { usize::MAX } else { i + bytes });
            }
            i += bytes;
        }
    }

    /// The length in bytes of the character at `offset`.
    pub(crate) fn width(&self, text: &[u8], offset: usize) -> usize {
        self.classes.class_at(text, offset).1
    }
}

struct Program {
    ops: Vec<Op>,
    sets: Vec<CharSet>,
}

impl Program {
    fn set(&mut self, set: &CharSet) -> usize {
        self.sets.iter().position(|s| s == set).unwrap_or_else(|| {
            self.sets.push(set.clone());
            self.sets.len() - 1
        })
    }

    fn compile(&mut self, node: &Node) {
        match node {
            Node::Set(set) => {
                let op = Op::Take(self.set(set));
                self.ops.push(op);
            }
            Node::NotNext(set) => {
                let op = Op::NotNext(self.set(set));
                self.ops.push(op);
            }
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.compile(node)),
            Node::Either(nodes) => {
                let mut jumps = Vec::new();
                for (i, node) in nodes.iter().enumerate() {
                    let fork = self.ops.len();
                    if i + 1 < nodes.len() {
                        self.ops.push(Op::Fork(fork + 1, 0));
                    }
                    self.compile(node);
                    if i + 1 < nodes.len() {
                        jumps.push(self.ops.len());
                        self.ops.push(Op::Jump(0));
                        self.ops[fork] = Op::Fork(fork + 1, self.ops.len());
                    }
                }
                for jump in jumps {
                    self.ops[jump] = Op::Jump(self.ops.len());
                }
            }
            Node::Repeat(node, min, max) => {
                for _ in 0..*min {
                    self.compile(node);
                }
                let Some(max) = max else {
                    let fork = self.ops.len();
                    self.ops.push(Op::Fork(0, 0));
                    self.compile(node);
                    self.ops.push(Op::Jump(fork));
                    self.ops[fork] = Op::Fork(fork + 1, self.ops.len());
                    return;
                };
                let mut forks = Vec::new();
                for _ in *min..*max {
                    forks.push(self.ops.len());
                    self.ops.push(Op::Fork(0, 0));
                    self.compile(node);
                }
                for fork in forks {
                    self.ops[fork] = Op::Fork(fork + 1, self.ops.len());
                }
            }
        }
    }

    /// The threads after a character of the class, and whether the text before it matched.
    fn step(&self, threads: &[usize], class: usize, classes: &Classes) -> (Vec<usize>, bool) {
        let is_in = |set: usize| class < classes.len() && classes.is_in(class, set);
        let mut seen = vec![false; self.ops.len()];
        let mut stack: Vec<usize> = threads.iter().rev().copied().collect();
        let mut next = Vec::new();
        while let Some(op) = stack.pop() {
            if std::mem::replace(&mut seen[op], true) {
                continue;
            }
            match self.ops[op] {
                Op::Match => return (next, true),
                Op::Take(set) if is_in(set) => {
                    if !next.contains(&(op + 1)) {
                        next.push(op + 1);
                    }
                }
                Op::Take(_) => {}
                Op::NotNext(set) if !is_in(set) => stack.push(op + 1),
                Op::NotNext(_) => {}
                Op::Jump(to) => stack.push(to),
                Op::Fork(first, second) => stack.extend([second, first]),
            }
        }
        (next, false)
    }
}
