//! A reader of CSV that looks at one byte at a time.

/// The characters between and around fields.
#[derive(Clone, Copy)]
pub struct Syntax {
    pub separator: u8,
    pub quote: Option<u8>,
}

/// A record: its bytes with their line end, where it begins, and on which line, counted from 1.
#[derive(Debug)]
pub struct Record<'a> {
    pub whole: &'a [u8],
    pub start: usize,
    pub line: u64,
}

impl Record<'_> {
    /// Without the line feed; its length counts towards the limit.
    pub fn without_feed(&self) -> &[u8] {
        self.whole.strip_suffix(b"\n").unwrap_or(self.whole)
    }

    /// By design: all carriage returns before the line feed are part of the line end.
    pub fn text(&self) -> &[u8] {
        let mut text = self.without_feed();
        while let [rest @ .., b'\r'] = text {
            text = rest;
        }
        text
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote within a quoted field.
    Quote,
}

/// Reads bytes, and knows whether it is within quotes.
struct Machine {
    syntax: Syntax,
    state: State,
    open: usize,
}

impl Machine {
    fn new(syntax: Syntax) -> Self {
        Machine { syntax, state: State::FieldStart, open: 0 }
    }

    /// Takes the byte at this position; returns whether it ends a record.
    fn take(&mut self, byte: u8, position: usize) -> bool {
        let is_quote = self.syntax.quote == Some(byte);
        self.state = match self.state {
            State::Quoted if is_quote => State::Quote,
            State::Quoted => State::Quoted,
            State::Quote if is_quote => State::Quoted,
            State::FieldStart if is_quote => {
                self.open = position;
                State::Quoted
            }
            _ if byte == b'\n' || byte == self.syntax.separator => State::FieldStart,
            _ => State::Plain,
        };
        byte == b'\n' && self.state == State::FieldStart
    }
}

/// All records, and the position of the quote of a field that does not end, in the last of them.
pub fn records(text: &[u8], syntax: Syntax) -> (Vec<Record<'_>>, Option<usize>) {
    let (mut all, mut machine, mut start, mut line) = (Vec::new(), Machine::new(syntax), 0, 1);
    for (position, &byte) in text.iter().enumerate() {
        let last = position + 1 == text.len();
        if machine.take(byte, position) || last {
            let whole = &text[start..=position];
            all.push(Record { whole, start, line });
            line += whole.iter().filter(|&&b| b == b'\n').count() as u64;
            start = position + 1;
        }
    }
    (all, (machine.state == State::Quoted).then_some(machine.open))
}

/// The position of the quote of the field in which the first `bytes` bytes end. A quote that may end the field counts
/// as within it.
pub fn open_after(record: &[u8], bytes: usize, syntax: Syntax) -> Option<usize> {
    let mut machine = Machine::new(syntax);
    for (position, &byte) in record[..bytes].iter().enumerate() {
        machine.take(byte, position);
    }
    matches!(machine.state, State::Quoted | State::Quote).then_some(machine.open)
}

/// The fields of a record without its line end, `None` for null; or nothing if it is not well formed.
pub fn fields(record: &[u8], syntax: Syntax) -> Option<Vec<Option<Vec<u8>>>> {
    let mut all = Vec::new();
    let (mut state, mut field, mut quoted) = (State::FieldStart, Vec::new(), false);
    for &byte in record {
        let is_quote = syntax.quote == Some(byte);
        match state {
            State::Quoted if is_quote => state = State::Quote,
            State::Quoted => field.push(byte),
            State::Quote if is_quote => {
                field.push(byte);
                state = State::Quoted;
            }
            State::FieldStart if is_quote => (state, quoted) = (State::Quoted, true),
            _ if byte == syntax.separator => {
                all.push((quoted || !field.is_empty()).then(|| std::mem::take(&mut field)));
                (state, quoted) = (State::FieldStart, false);
            }
            State::Quote => return None,
            _ if byte == b'\r' => return None,
            _ => {
                field.push(byte);
                state = State::Plain;
            }
        }
    }
    all.push((quoted || !field.is_empty()).then_some(field));
    (state != State::Quoted).then_some(all)
}

/// The text of a file: without a byte order mark, whose length is returned for UTF-8; UTF-16 with a mark is decoded.
pub fn text(stored: &[u8]) -> (Vec<u8>, usize) {
    let unit: fn([u8; 2]) -> u16 = match stored {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        [0xef, 0xbb, 0xbf, text @ ..] => return (text.to_vec(), 3),
        _ => return (stored.to_vec(), 0),
    };
    let pairs = stored[2..].chunks_exact(2);
    let incomplete = !pairs.remainder().is_empty();
    let mut text = Vec::new();
    for found in char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))) {
        match found {
            Ok(character) => text.extend(character.to_string().bytes()),
            Err(lone) => {
                let number = u32::from(lone.unpaired_surrogate());
                text.extend([0xed, 0x80 | (number >> 6 & 0x3f) as u8, 0x80 | (number & 0x3f) as u8]);
            }
        }
    }
    text.extend(incomplete.then_some(0xff));
    (text, 0)
}
