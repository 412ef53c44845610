//! What a batch says: counts that merge in any order, and what the rows are compared with others by.

use std::borrow::Cow;

use super::FINDINGS;
use super::edges::Edge;
use super::facts::Counts;
use super::groups::{BatchGroups, By};
use super::masked::{Mask, hide};
use super::row_keys::RowKeys;
use super::tally::{Example, Tally};
use crate::error::Result;
use crate::hash;
use crate::record::Batch;

/// What a batch says.
pub(crate) struct Ready {
    pub(super) batch: Batch,
    pub(super) tallies: Vec<Tally>,
    /// The other style of findings of two.
    pub(super) others: Vec<Tally>,
    /// Of the rules of the user.
    pub(super) of_rules: Vec<Tally>,
    /// Rows that are none of their dialect.
    pub(super) unread: Tally,
    pub(super) counts: Counts,
    pub(super) groups: Vec<BatchGroups>,
    pub(super) keys: Vec<Keyed>,
    /// The findings of the rows, if they are listed.
    pub(super) listed: Vec<Listed>,
}

/// The code of a finding; that of a rule is its name.
pub(super) type Code = Cow<'static, str>;

/// A finding of a row.
pub(super) struct Listed {
    /// The number of the row in its batch.
    pub(super) row: usize,
    pub(super) code: Code,
    pub(super) example: Example,
}

/// What a row is compared with others by.
pub(super) struct Keyed {
    /// The number of the row in its batch.
    pub(super) row: usize,
    pub(super) keys: RowKeys,
    /// Whether it is compared with the other set, if there is one.
    pub(super) is_compared: bool,
    pub(super) prompt_end: Option<Edge>,
    pub(super) answer_end: Option<Edge>,
    pub(super) answer: Option<AnswerStart>,
}

/// What is counted of the last answer.
pub(super) struct AnswerStart {
    pub(super) turn: u32,
    /// Of the whole answer.
    pub(super) hash: u64,
    pub(super) start: Box<str>,
    /// Its first three words, where there are more.
    pub(super) opening: Option<Box<str>>,
}

impl Ready {
    /// That of a batch, before its rows are looked at by the findings and by so many rules.
    ///
    /// # Errors
    /// Those of [`BatchGroups::new`].
    pub(super) fn new(batch: Batch, by: &[By], rules: usize) -> Result<Self> {
        Ok(Ready {
            tallies: vec![Tally::default(); FINDINGS.len()],
            others: vec![Tally::default(); FINDINGS.len()],
            of_rules: vec![Tally::default(); rules],
            unread: Tally::default(),
            counts: Counts::default(),
            groups: by.iter().map(|by| BatchGroups::new(by, &batch)).collect::<Result<_>>()?,
            keys: Vec::with_capacity(batch.rows()),
            listed: Vec::new(),
            batch,
        })
    }
}

impl AnswerStart {
    /// What is counted of an answer; nothing of a short one, which is a name, a number or a class.
    pub(super) fn of(turn: u32, answer: &str, mask: &Mask) -> Option<Self> {
        const LEAST: usize = 20;
        const SHOWN: usize = 60;
        if answer.len() < LEAST {
            return None;
        }
        let mut words = answer.split_whitespace();
        let three: Vec<&str> = words.by_ref().take(3).collect();
        let has_more = words.next().is_some();
        let opening = three.join(" ");
        let end = answer.floor_char_boundary(SHOWN);
        // All personal data but names has a digit or this sign.
        let may_be_personal = answer[..end].bytes().any(|byte| byte.is_ascii_digit() || byte == b'@');
        let mut personal = Vec::new();
        if may_be_personal {
            mask.find(answer, &mut personal);
        }
        Some(AnswerStart {
            turn,
            hash: hash::text(answer, 0),
            start: hide(answer, (0, end), &personal).into(),
            opening: (has_more && opening.len() <= SHOWN).then(|| opening.into()),
        })
    }
}
