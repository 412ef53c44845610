//! Whether the rows are representative: how diverse they are, and what each group of them is like. A sentence for each.

use serde_json::{Value, json};

use super::classes::{Classes, entropy};
use super::distinct::{Distinct, ERROR};
use super::facts::Facts;
use super::groups::{By, Group, Groups};
use super::lengths::Lengths;
use super::masked::Mask;
use super::thousands::thousands;

/// Values that are listed: the largest, and beside them the smallest.
const LARGEST: usize = 20;
const SMALLEST: usize = 3;
/// Rows of a group below which there is little to learn from; the guide says so of classes.
const EACH_GROUP: u64 = 100;
/// Rows of a group below which its median says nothing.
const COMPARED: u64 = 30;
/// Medians that differ by this factor are said to differ.
const FACTOR: u64 = 2;
/// Shares of copies and of different sequences, and ratio of classes, at which a sentence calls the rows good.
const FEW_COPIES: f64 = 0.01;
const DIVERSE: f64 = 0.1;
const EVEN: u64 = 10;
/// Sequences below which their diversity says nothing.
const MANY_SEQUENCES: u64 = 1_000;

/// How diverse all rows are.
pub(super) fn diversity(facts: &Facts) -> Value {
    let counts = &facts.counts;
    let copies = facts.duplicates.count;
    json!({
        "sequences": sequences(&counts.sequences),
        "duplicates": {"rows": copies, "share": rounded(share(copies, counts.rows))},
        "classes": counts.classes.ranked().and_then(|_| entropy_json(&counts.classes)),
    })
}

/// Different sequences of words; null without any.
fn sequences(found: &Distinct) -> Value {
    if found.total == 0 {
        return Value::Null;
    }
    let different = found.different();
    let part = rounded(share(different, found.total));
    json!({"words": 3, "total": found.total, "different": different, "share": part, "error": ERROR})
}

fn entropy_json(classes: &Classes) -> Option<Value> {
    let (bits, most) = entropy(classes.counts()?);
    let evenness = if most > 0.0 { rounded(bits / most) } else { 1.0 };
    Some(json!({"bits": rounded(bits), "most": rounded(most), "evenness": evenness}))
}

/// The groups: what they are by, how many there are, and the largest and the smallest.
pub(super) fn groups(groups: &[Groups], facts: &Facts, files: &[String], mask: &Mask) -> Value {
    let has_classes = facts.counts.classes.ranked().is_some();
    let one = |by: &Groups| {
        let named = by.named(files, mask);
        let group = |(name, group): &(Option<String>, &Group)| {
            let classes = has_classes.then(|| entropy_json(&group.classes)).flatten();
            json!({
                "value": name,
                "rows": group.rows,
                "share": rounded(share(group.rows, facts.counts.rows)),
                "characters": {"prompt": group.prompt.to_json(), "answer": group.answer.to_json()},
                "tokens": group.tokens.to_json(),
                "scripts": group.scripts.to_json(),
                "sequences": sequences(&group.sequences),
                "duplicates": {"rows": group.duplicates, "share": rounded(share(group.duplicates, group.rows))},
                "classes": classes,
            })
        };
        let rest = named.len().saturating_sub(LARGEST).min(SMALLEST);
        json!({
            "by": by.name(),
            "kind": by.kind(),
            "count": named.len(),
            "differ": by.differ(&named).is_some(),
            "largest": named.iter().take(LARGEST).map(group).collect::<Vec<_>>(),
            "smallest": named[named.len() - rest..].iter().map(group).collect::<Vec<_>>(),
        })
    };
    groups.iter().filter(|by| by.groups.len() > 1 || matches!(by.by, By::Column(_))).map(one).collect()
}

/// The sentences: what each is about, whether that is good (null where it depends on the task), and the text.
pub(super) fn sentences(groups: &[Groups], facts: &Facts, files: &[String], mask: &Mask) -> Value {
    let mut list: Vec<Value> = Vec::new();
    let mut add = |about: &str, good: Option<bool>, text: String| {
        list.push(json!({"about": about, "good": good, "text": text}));
    };
    let counts = &facts.counts;
    let copies = share(facts.duplicates.count, counts.rows);
    if counts.rows > 0 {
        let text = match facts.duplicates.count {
            0 => "no row is a copy of an earlier one".into(),
            rows => {
                format!("{} rows are copies of earlier ones, {} of all", thousands(rows), percent(copies))
            }
        };
        add("duplicates", Some(copies < FEW_COPIES), text);
    }
    if counts.sequences.total >= MANY_SEQUENCES {
        let part = share(counts.sequences.different(), counts.sequences.total);
        let judged =
            if part >= DIVERSE { "answers are diverse" } else { "answers are built from few patterns" };
        let text = format!(
            "{judged}: about {} of the {} sequences of three words in them are different; below {} much would be \
             repeated; the share falls as a set grows",
            percent(part),
            thousands(counts.sequences.total),
            percent(DIVERSE),
        );
        add("diversity", Some(part >= DIVERSE), text);
    }
    if let Some(ranked) = counts.classes.ranked()
        && let (Some((_, most)), Some((_, least))) = (ranked.first(), ranked.last())
    {
        let (bits, greatest) = entropy(ranked.iter().map(|(_, rows)| *rows));
        let times = most / least.max(&1);
        let is_even = times < EVEN;
        let text = format!(
            "classes are {}: the largest of {} has {} of the rows, {} those of the smallest; entropy {bits:.2} of \
             {greatest:.2} bits",
            if is_even { "even" } else { "uneven" },
            ranked.len(),
            percent(share(*most, ranked.iter().map(|(_, rows)| rows).sum())),
            if times < 2 { "less than twice".into() } else { format!("{} times", thousands(times)) },
        );
        add("classes", Some(is_even), text);
    }
    for by in groups {
        if let Some((good, text)) = by.sentence(counts.rows, files, mask) {
            add(by.name(), good, text);
        }
    }
    list.into()
}

impl Groups {
    fn name(&self) -> &str {
        match &self.by {
            By::Column(column) => column,
            By::Splits(_) => "split",
            By::Files => "file",
        }
    }

    fn kind(&self) -> &'static str {
        match &self.by {
            By::Column(_) => "column",
            By::Splits(_) => "split",
            By::Files => "file",
        }
    }

    /// The groups with their values, the largest first. A null value has no name.
    fn named<'g>(&'g self, files: &[String], mask: &Mask) -> Vec<(Option<String>, &'g Group)> {
        let name = |value: &str| match &self.by {
            By::Column(_) => mask.text(value),
            By::Splits(names) => numbered(names, value),
            By::Files => numbered(files, value),
        };
        let groups = self.groups.iter().map(|(value, group)| (value.as_deref().map(name), group));
        let mut named: Vec<_> = groups.collect();
        named.sort_by(|(a, g), (b, h)| h.rows.cmp(&g.rows).then(a.cmp(b)));
        named
    }

    /// What differs from group to group, in words; none if they are alike.
    fn differ(&self, named: &[(Option<String>, &Group)]) -> Option<String> {
        let large: Vec<_> = named.iter().filter(|(_, group)| group.rows >= COMPARED).collect();
        let shown = |name: &Option<String>| name.as_ref().map_or("null".into(), |name| format!("{name:?}"));
        let mut told = Vec::new();
        let answer: fn(&Group) -> &Lengths = |group| &group.answer;
        let prompt: fn(&Group) -> &Lengths = |group| &group.prompt;
        for (what, lengths) in [("answer", answer), ("prompt", prompt)] {
            let medians = large.iter().filter(|(_, group)| lengths(group).texts > 0);
            let medians = medians.map(|(name, group)| (lengths(group).percentile(0.5), name));
            let medians: Vec<_> = medians.collect();
            let least = medians.iter().min_by_key(|(chars, _)| *chars);
            let most = medians.iter().rev().max_by_key(|(chars, _)| *chars);
            if let (Some((least, low)), Some((most, high))) = (least, most)
                && *most >= FACTOR * least.max(&1)
            {
                let (low, high) = (shown(low), shown(high));
                let (least, most) = (thousands(*least), thousands(*most));
                told.push(format!("the median {what} has {least} characters in {low} and {most} in {high}"));
            }
        }
        let script = |group: &Group| group.scripts.ranked().first().map(|(script, _)| *script);
        let of_first = large.first().map(|(name, group)| (script(group), name));
        if let Some((Some(first), name)) = of_first
            && let Some((other, group)) = large.iter().find(|(_, group)| script(group) != Some(first))
            && let Some(second) = script(group)
        {
            let (name, other) = (shown(name), shown(other));
            told.push(format!("most rows of {name} are in {first}, of {other} in {second}"));
        }
        (!told.is_empty()).then(|| told.join("; "))
    }

    fn sentence(&self, rows: u64, files: &[String], mask: &Mask) -> Option<(Option<bool>, String)> {
        let (name, is_column) = (self.name(), matches!(self.by, By::Column(_)));
        let named = self.named(files, mask);
        if named.len() < 2 {
            let text = || format!("{name}: all rows have the same value");
            return (is_column && !named.is_empty()).then(|| (None, text()));
        }
        let differ = self.differ(&named);
        let told = differ.as_deref().unwrap_or("lengths and scripts are alike");
        if !is_column {
            let text = format!("{} {name}s: {told}", named.len());
            return Some((differ.is_none().then_some(true), text));
        }
        let small = named.iter().filter(|(_, group)| group.rows < EACH_GROUP).count();
        let (largest, least) = (named.first()?, named.last()?);
        let value = |of: &(Option<String>, &Group)| match &of.0 {
            Some(value) => format!("{value:?}"),
            None => "no value".into(),
        };
        let few = match small {
            0 => format!("each of the {} values has {} rows or more", named.len(), thousands(least.1.rows)),
            _ => format!(
                "{small} of {} values have fewer than {EACH_GROUP} rows, which is little to learn from; {} has {}",
                named.len(),
                value(least),
                least.1.rows
            ),
        };
        let most = percent(share(largest.1.rows, rows));
        Some((Some(small == 0), format!("{name}: {few}; {} has {most} of all; {told}", value(largest))))
    }
}

/// The name whose number this text is.
fn numbered(names: &[String], number: &str) -> String {
    number.parse().ok().and_then(|number: usize| names.get(number)).cloned().unwrap_or_default()
}

fn share(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        part if part > 0.0 && part < 1.0 => format!("{part:.2}%"),
        // Less than all is never 100 %.
        part if part > 99.0 && part < 100.0 => format!("{:.1}%", part.min(99.9)),
        part => format!("{part:.0}%"),
    }
}
