//! Benchmark of the proof alone, without rendering. `prove FILE THREADS` renders the rows of a JSONL file into pages.
//! Then, for every line on standard input, it proves all pages once and prints how many rows collide. The program
//! that writes the lines measures the time: `benches/compare/kernels.py --prover`.

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use fastprep::format::prove::{RowSpan, Rows};
use fastprep::format::{PromptFormat, Prover};
use fastprep::record::turns::{Branch, Role, Span};
use serde::Deserialize;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Bytes of a page: about as many as a batch of the engine renders to.
const PAGE: usize = 1 << 20;

#[derive(Deserialize)]
struct Row {
    prompt: String,
    completion: String,
}

#[derive(Default)]
struct Page {
    text: String,
    rows: Vec<RowSpan>,
    spans: Vec<Span>,
}

impl Page {
    fn push(&mut self, row: &Row, format: &PromptFormat) {
        let (start, first_span) = (self.text.len(), self.spans.len());
        let turns = [
            (Role::Prompt, [&row.prompt, format.separator()]),
            (Role::Completion, [&row.completion, format.stop()]),
        ];
        for (role, texts) in turns {
            for (text, from_data) in texts.into_iter().zip([true, false]) {
                self.text.push_str(text);
                let end = (self.text.len() - start) as u32;
                let trained = role == Role::Completion;
                self.spans.push(Span {
                    end,
                    role,
                    trained,
                    from_data,
                    weight: 1.0,
                    branch: Branch::Main,
                    kind: None,
                });
            }
        }
        let spans = self.spans.len() - first_span;
        self.rows.push(RowSpan { row: self.rows.len(), start, end: self.text.len(), first_span, spans });
    }

    fn rows(&self) -> Rows<'_> {
        Rows { text: self.text.as_bytes(), rows: &self.rows, spans: &self.spans, written: &[] }
    }
}

fn pages(path: &str, format: &PromptFormat) -> Outcome<Vec<Page>> {
    let mut pages = vec![];
    let mut page = Page::default();
    for line in std::io::BufReader::new(std::fs::File::open(path)?).lines() {
        page.push(&serde_json::from_str(&line?)?, format);
        if page.text.len() >= PAGE {
            pages.push(std::mem::take(&mut page));
        }
    }
    pages.push(page);
    Ok(pages)
}

fn collisions(prover: &Prover, pages: &[Page], threads: usize) -> usize {
    let (next, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(page) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let rows = prover.prove(&page.rows()).len();
                    found.fetch_add(rows, Ordering::Relaxed);
                }
            });
        }
    });
    found.into_inner()
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, threads] = arguments.as_slice() else { return Err("usage: prove FILE THREADS".into()) };
    let format = PromptFormat::new("{prompt}", "{completion}", "\n##\n", "\n###\n", None)?;
    let (prover, pages, threads) = (Prover::new(&format), pages(path, &format)?, threads.parse()?);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lines() {
        line?;
        writeln!(out, "{}", collisions(&prover, &pages, threads))?;
        out.flush()?;
    }
    Ok(())
}
