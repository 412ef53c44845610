//! Tests of recognition as a whole.

use super::dialects::DIALECTS;
use super::recognise::{examine, recognise};
use super::testing::{head, name_of, shown};
use super::{Cell, Row, find};

const PAIR: &str = r#"{"question":"q","answer":"a"}"#;
const CHAT: &str = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"#;

#[test]
fn damaged_rows_do_not_change_the_name() {
    for damaged in [
        r#"{"question":null,"answer":"a"}"#,
        r#"{"question":"q","answer":7}"#,
        r#"{"other":[1]}"#,
        "{}",
        CHAT,
        r#"{"question":"q","answer":"a","extra":true}"#,
    ] {
        let mut rows = vec![PAIR; 90];
        rows.extend([damaged; 10]);
        assert_eq!(name_of(&rows), "pairs prompt=question completion=answer", "{damaged}");
        rows.rotate_right(10);
        assert_eq!(name_of(&rows), "pairs prompt=question completion=answer", "{damaged}");
    }
}

#[test]
fn rows_that_lack_only_the_answer_are_of_the_dialect() {
    let mut rows = vec![r#"{"prompt":"q","completion":null}"#; 60];
    rows.extend([r#"{"prompt":"q","completion":"a"}"#; 40]);
    let found = recognise(&head(&rows));
    assert_eq!((found.name(), found.fits, found.rows), ("pairs", 40, 100));
    assert_eq!(found.misfits.len(), 5);
    assert_eq!(name_of(&rows[..60]), "unknown");
}

#[test]
fn mixed_layouts_are_listed_with_their_first_rows() {
    let mut rows = vec![PAIR; 6];
    rows.extend([CHAT; 3]);
    rows.push("{}");
    let found = recognise(&head(&rows));
    assert_eq!(found.name(), "unknown");
    let layouts: Vec<_> = found.layouts.iter().map(|l| (l.dialect, l.rows, l.first.line)).collect();
    assert_eq!(
        layouts,
        [(Some("pairs"), 6, Some(1)), (Some("openai_chat"), 3, Some(7)), (None, 1, Some(10))]
    );
    assert_eq!(found.why, ["no dialect reads nearly all rows: pairs reads most of them, 6 of 10"]);
}

#[test]
fn the_more_specific_dialect_comes_first_and_the_other_is_named() {
    let row = r#"{"messages":[{"role":"user","content":"q"}],"label":true}"#;
    let found = recognise(&head(&[row]));
    assert_eq!(found.name(), "kto");
    assert_eq!(found.why.last().unwrap(), "the more general openai_chat would read them too");
}

#[test]
fn a_dialect_that_was_named_is_examined_as_it_is() {
    let row = r#"{"prompt":"q","completion":"a","good":true}"#;
    let head = head(&[row, r#"{"prompt":"q"}"#]);
    assert_eq!(recognise(&head).name(), "unknown");
    let columns = vec![("prompt", "prompt".to_string()), ("completion", "completion".to_string())];
    let found = examine(&head, find("pairs").unwrap(), columns);
    assert_eq!(shown(&found), "pairs prompt=prompt completion=completion");
    assert_eq!((found.fits, found.rows, found.misfits.len()), (1, 2, 1));
    assert_eq!(found.templates, Some(("{prompt}".to_string(), "{completion}".to_string())));
}

#[test]
fn names_are_unique_and_required_parts_have_columns() {
    let mut names: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.name()).collect();
    for dialect in DIALECTS {
        assert!(dialect.parts().iter().all(|part| !part.columns.is_empty()), "{}", dialect.name());
        // A row without columns is a misfit, and no panic.
        assert!(dialect.read(&Row::default()).is_err(), "{}", dialect.name());
        assert!(dialect.candidates(&[]).is_empty(), "{}", dialect.name());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DIALECTS.len());
}

#[test]
fn hostile_values_are_misfits() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let values =
        ["[", "{\"role\":", "nul", "\"\\ud800\"", "[null]", "[[]]", "[{}]", "{}", "1e999", deep.as_str()];
    for dialect in DIALECTS {
        for value in values {
            let parts = dialect.parts().iter();
            let row = Row(parts.map(|part| (part.name, Cell::from_json(value.to_string()))).collect());
            assert!(dialect.read(&row).is_err(), "{} reads {value:.20}", dialect.name());
        }
    }
}

#[test]
fn there_may_be_no_rows() {
    let found = recognise(&head::<&str>(&[]));
    assert_eq!((found.name(), found.rows), ("unknown", 0));
    assert_eq!(found.why, ["there are no rows"]);
}
