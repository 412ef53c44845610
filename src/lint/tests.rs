//! Limits that need large files, and keys.

use super::file_checks::FileFacts;
use super::limit::Target;
use super::row::Row;
use super::row_key::row_key;
use super::targets::TARGETS;
use crate::json::Json;
use crate::word::find;

fn codes(target: &Target, facts: &FileFacts, rows: u64) -> Vec<String> {
    let limits: Vec<_> = target.limits().collect();
    let broken = facts.check(target, rows, true);
    broken
        .iter()
        .map(|broken| {
            let limit = limits[broken.limit];
            format!("{} {}", limit.severity.name(), limit.rule.code())
        })
        .collect()
}

#[test]
fn files_that_are_too_large_or_have_too_many_rows() {
    let target = |name| find::<&Target>(name).unwrap();
    let facts =
        |bytes, has_mark| FileFacts { name: "a.jsonl".into(), bytes, has_mark, ..FileFacts::default() };
    let azure = |bytes| codes(target("azure"), &facts(bytes, true), 10);
    assert!(azure(100_000_000).is_empty());
    assert_eq!(azure(100_000_001), ["warning needs_upload_in_parts"]);
    assert_eq!(azure(512_000_001), ["warning file_may_be_too_large", "warning needs_upload_in_parts"]);
    assert_eq!(azure((512 << 20) + 1)[0], "error file_too_large");
    let openai = |bytes| codes(target("openai"), &facts(bytes, false), 10);
    assert!(openai(512_000_000).is_empty());
    assert_eq!(openai(512 << 20), ["warning file_may_be_too_large"]);
    assert_eq!(openai((512 << 20) + 1)[0], "error file_too_large");
    let together = |bytes| codes(target("together"), &facts(bytes, false), 10);
    assert_eq!(together(100 << 30), ["warning file_may_be_too_large"]);
    assert_eq!(together((100 << 30) + 1)[0], "error file_too_large");
    let fireworks = |rows| codes(target("fireworks"), &facts(1, false), rows);
    assert!(fireworks(3_000_000).is_empty());
    assert_eq!(fireworks(3_000_001), ["error too_many_rows"]);
    assert_eq!(codes(target("bedrock"), &facts(1, false), 0), ["error too_few_rows"]);
    assert_eq!(codes(target("bedrock"), &facts(1, false), 99), ["warning too_few_rows"]);
}

#[test]
fn each_limit_has_its_source_and_day_and_errors_come_before_warnings_of_the_same_code() {
    for target in TARGETS {
        let limits: Vec<_> = target.limits().collect();
        for (i, limit) in limits.iter().enumerate() {
            assert!(limit.source.url.starts_with("https://") && limit.source.seen.len() == 10);
            let same = |other: &&super::limit::Limit| other.rule.code() == limit.rule.code();
            let earlier: Vec<_> = limits[..i].iter().filter(same).map(|other| other.severity).collect();
            assert!(earlier.len() < 2 && !earlier.contains(&super::limit::Severity::Warning), "{limit:?}");
        }
    }
}

#[test]
fn keys_are_of_values_and_not_of_how_they_are_written() {
    let key = |text: &str| row_key(&Row::new(Json::parse(text).unwrap().members().unwrap(), false));
    let one = key(r#"{"messages":[{"role":"user","content":"é"}],"id":1}"#);
    assert_eq!(key(r#"{ "id":2, "messages" : [ {"content":"\u00e9", "role":"user"} ], "tools":null }"#), one);
    assert_eq!(key(r#"{"messages":[{"role":"x","role":"user","content":"é"}]}"#), one);
    for other in [
        r#"{"messages":[{"role":"user","content":"e"}]}"#,
        r#"{"messages":[{"role":"user","content":["é"]}]}"#,
        r#"{"messages":[{"role":"user"},{"content":"é"}]}"#,
        r#"{"messages":[{"role":"user","content":"é"}],"tools":[]}"#,
    ] {
        assert_ne!(key(other), one, "{other}");
    }
}
