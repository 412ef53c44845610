//! `image_parts`: messages with images, sound or video. Recognised, and refused.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec};
use super::dialogue::Dialogue;
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::openai_chat::MESSAGES;

/// Messages with images, sound or video.
pub(super) struct ImageParts;

const MEDIA: &str = "media";
const PARTS: &[PartSpec] = &[
    PartSpec::required("messages", Holds::Any, MESSAGES),
    PartSpec::optional(MEDIA, Holds::Any, &["images", "image", "videos", "video", "audios", "audio"]),
];

impl Dialect for ImageParts {
    fn name(&self) -> &'static str {
        "image_parts"
    }

    fn title(&self) -> &'static str {
        "messages with images, sound or video"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let messages = Messages { keys: Keys::Both, content: Content::Media };
        let read = messages.list("messages", row.get("messages"))?;
        let distinctive = read.has_media || !row.get(MEDIA).is_empty();
        Ok(Dialogue { distinctive, ..Dialogue::new(read.turns) })
    }

    fn refusal(&self) -> Option<&'static str> {
        Some(
            "fastprep prepares text alone, and would lose the images: keep the rows that have none, or describe each image in \
             the text of its message",
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::recognise;
    use crate::dialect::testing::{head, name_of};

    #[test]
    fn images_are_recognised_in_parts_and_in_columns() {
        let rows = [
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"q"}]}]}"#,
            r#"{"conversations":[{"from":"human","value":"<image>q"},{"from":"gpt","value":"a"}],"image":"a.png"}"#,
        ];
        for row in rows {
            let found = recognise(&head(&[row]));
            assert_eq!(found.name(), "image_parts");
            assert!(found.dialect.and_then(|d| d.refusal()).is_some());
        }
    }

    #[test]
    fn a_column_of_images_without_an_image_says_nothing() {
        for nothing in ["null", "[]", r#""""#, r#"" ""#, "[null]", r#"[""]"#, r#""[]""#] {
            let row = format!(r#"{{"conversations":[{{"from":"human","value":"q"}}],"image":{nothing}}}"#);
            assert_eq!(name_of(&[row]), "sharegpt conversations=conversations", "{nothing}");
        }
    }

    #[test]
    fn rows_of_two_layouts_without_an_image_are_not_said_to_have_images() {
        let rows = [
            r#"{"messages":[{"role":"user","content":"a"}]}"#,
            r#"{"messages":[{"from":"human","value":"a"}]}"#,
        ];
        let found = recognise(&head(&rows));
        assert_eq!(found.name(), "unknown");
        assert!(!found.why.iter().any(|why| why.contains("image_parts")), "{:?}", found.why);
        assert!(found.layouts.iter().all(|layout| layout.dialect != Some("image_parts")));
    }
}
