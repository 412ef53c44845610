//! Options of other libraries that users may write instead of the name of a split.

/// Ends of their options for the share of a split: `test_size` (datasets, scikit-learn), `val_set_size` (axolotl), ….
const ENDS: [&str; 8] =
    ["_set_size", "_size", "_split", "_ratio", "_share", "_fraction", "_frac", "_percentage"];
/// Other options, and what to write instead.
const OTHERS: [(&str, &str); 10] = [
    ("random_state", "write seed="),
    ("generator", "write seed="),
    ("stratify", "write report_by= to see the shares by class"),
    ("stratify_by", "write report_by= to see the shares by class"),
    ("stratify_by_column", "write report_by= to see the shares by class"),
    ("shuffle", "add .shuffle(seed=...) after split"),
    ("size", "name the split, as in split(valid=0.02)"),
    ("ratio", "name the split, as in split(valid=0.02)"),
    ("share", "name the split, as in split(valid=0.02)"),
    ("fraction", "name the split, as in split(valid=0.02)"),
];

/// What to write instead of a name that is an option of another library.
pub(crate) fn advice(name: &str, share: f64) -> Option<String> {
    if let Some((_, advice)) = OTHERS.iter().find(|(other, _)| *other == name) {
        return Some((*advice).to_string());
    }
    let split = ENDS.iter().find_map(|end| name.strip_suffix(end)).filter(|split| !split.is_empty())?;
    Some(match split {
        "train" => "name the others, as in split(test=0.1): train gets the rest".into(),
        split => format!("write split({split}={share})"),
    })
}
