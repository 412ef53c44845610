//! Checks that any template over any messages is rendered or refused, and that what is said to be trained fits the text.

use fastprep::chat::{ChatFormat, ChatOptions, ChatRows, Conversation, TrainedTurns};

/// Checks a template, then a line of `=`, then messages, and perhaps another such line and tools.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.split("\n=\n");
    let (Some(template), Some(messages)) = (parts.next(), parts.next()) else { return };
    let Ok(conversation) = Conversation::parse(messages, parts.next()) else { return };
    let options = || ChatOptions { now: Some("2025-03-14".into()), ..ChatOptions::default() };
    let rows = || ChatFormat::new(template.to_string(), options()).map(ChatRows::new);
    let Ok(format) = rows() else { return };
    let rendered = format.format().render(&conversation, false);
    let text = rendered.as_deref().unwrap_or_default();
    for trained in [TrainedTurns::All, TrainedTurns::Last] {
        let row = format.training_row(&conversation, trained);
        assert!(row.is_err() || rendered.is_ok(), "a row without a text");
        if let Ok(Ok(row)) = &row {
            assert_eq!(row.text, text);
            assert_eq!(row.spans.last().map_or(0, |span| span.end as usize), text.len());
            assert!(row.spans.is_sorted_by_key(|span| span.end));
            assert!(row.spans.iter().all(|span| text.is_char_boundary(span.end as usize)));
        }
        // What is remembered changes nothing.
        let again = [
            format.training_row(&conversation, trained),
            rows().unwrap().training_row(&conversation, trained),
        ];
        for again in again {
            assert_eq!(again.ok(), row.as_ref().ok().cloned());
        }
    }
    let Ok(turns) = format.turns(&conversation, false) else { return };
    let length = text.chars().count();
    for turn in turns {
        assert_ne!(turn.trained.is_some(), turn.fault.is_some());
        assert!(turn.trained.is_none_or(|(start, end)| start <= end && end <= length));
        let segments = turn.spans.texts.iter().flat_map(|text| &text.segments);
        assert!(segments.into_iter().all(|(start, end)| start < end && *end <= length));
    }
}
