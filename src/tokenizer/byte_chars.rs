//! The characters that stand for bytes in byte-level vocabularies.

/// The character for each byte in the vocabulary of a byte-level model: the character with that code point where it
/// is visible, else the next one from U+0100 on (<https://github.com/openai/gpt-2>, `bytes_to_unicode`).
pub(crate) fn byte_chars() -> [char; 256] {
    let mut hidden = 0x100..;
    std::array::from_fn(|byte| {
        let visible = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        let code = if visible { Some(byte as u32) } else { hidden.next() };
        code.and_then(char::from_u32).unwrap_or_default()
    })
}
