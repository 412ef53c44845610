use super::*;
use crate::testing::Random;

fn format(prompt: &str, completion: &str) -> PromptFormat {
    PromptFormat::new(prompt, completion, "\n##\n", "\n###\n", None).unwrap()
}

fn row<'v>(columns: &'v [(&str, &'v str)]) -> impl Fn(&str) -> Option<&'v str> {
    move |name| columns.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
}

#[test]
fn refuses_marks_and_templates_that_make_every_row_collide() {
    for (prompt, completion, separator, stop, message) in [
        ("{p}", "{c}", "", "b", "`separator` must not be empty"),
        ("{p}", "{c}", "a", "", "`stop` must not be empty"),
        ("a#{p}", "{c}", "#", "!", "the separator \"#\" occurs in the prompt template, at byte 1 of \"a#\""),
        ("{p}##", "{c}", "#", "!", "the separator \"#\" occurs in the prompt template, at byte 0"),
        (
            "{p}",
            "b{c}",
            "ab",
            "bb",
            "the stop \"bb\" occurs in the end of the prompt template, the separator",
        ),
        (
            "{p}",
            "{c}a",
            "ab",
            "b",
            "the separator \"ab\" occurs in the end of the completion template and the stop",
        ),
        ("{p}", "{c}#", "#", "!", "the separator \"#\" occurs in the completion template"),
        ("{p}", "{#c}!{/c}{c}", "#", "!", "the stop \"!\" occurs in the completion template"),
        (
            "{p}\n##",
            "{c}",
            "\n##\n",
            "!",
            "the separator \"\\n##\\n\" occurs in the end of the prompt template, the separator",
        ),
        (
            "{p}",
            "##\n{c}",
            "\n##\n",
            "!",
            "occurs in the end of the prompt template, the separator and the start of the completion",
        ),
        (
            "{p}",
            "{c}\n##",
            "\n##\n",
            "\n###\n",
            "occurs in the end of the completion template and the stop, at byte 0",
        ),
    ] {
        let e = PromptFormat::new(prompt, completion, separator, stop, None).unwrap_err();
        assert_eq!((e.class(), e.code()), (Class::Plan, "bad_prompt_format"));
        assert!(e.message().contains(message), "{e}");
        assert!(e.get_help().is_some());
    }
    assert_eq!(PromptFormat::new("{", "{c}", "#", "!", None).unwrap_err().code(), "bad_template");
}

#[test]
fn a_text_that_ends_in_its_mark_gets_no_second_one() {
    let columns = [("p", "x"), ("c", "y")];
    for (prompt, completion) in [("{p}", "{c}"), ("{p}\n##\n", "{c}"), ("{p}\n##\n", "{c}\n###\n")] {
        let f = format(prompt, completion);
        let rendered = f.render(&row(&columns)).unwrap();
        assert_eq!((rendered.prompt.as_str(), rendered.completion.as_str()), ("x\n##\n", "y\n###\n"));
        assert_eq!(f.render_prompt(&row(&columns)).unwrap(), "x\n##\n");
    }
    let columns = [("p", "x\n##\n"), ("c", "y\n###\n")];
    let rendered = format("{p}", "{c}").render(&row(&columns)).unwrap();
    assert_eq!((rendered.prompt.as_str(), rendered.completion.as_str()), ("x\n##\n", "y\n###\n"));
}

#[test]
fn an_absent_column_is_named() {
    let e = format("{p}{#q}{q}{/q}", "{c}").render(&row(&[("c", "y")])).unwrap_err();
    assert_eq!((e.code(), e.get_column()), ("missing_field", Some("p")));
    assert!(e.get_help().unwrap().contains("{#p}…{p}…{/p}"));
}

#[test]
fn json_round_trips() {
    for (prompt, completion) in [("{p}", "{c}"), ("{{é\"{p}\n##\n", " {c}\n###\n"), ("", "{#c}{c}{/c}")] {
        for eos in [None, Some(true), Some(false)] {
            let f = PromptFormat::new(prompt, completion, "\n##\n", "\n###\n", eos).unwrap();
            assert_eq!(PromptFormat::from_json(&f.to_json()).unwrap(), f);
        }
    }
    assert_eq!(
        format("{p}", " {c}").to_json(),
        r#"{"version":2,"prompt":"{p}","completion":" {c}","separator":"\n##\n","stop":"\n###\n","eos":null}"#
    );
    for stop in [None, Some("<|im_end|>")] {
        let f = PromptFormat::rendered("text", stop, None).unwrap();
        assert_eq!(PromptFormat::from_json(&f.to_json()).unwrap(), f);
    }
}

#[test]
fn json_of_another_kind_is_refused() {
    let ours = format("{p}", "{c}").to_json();
    for (json, message) in [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "missing field `version`"),
        (
            &ours.replace("\"version\":2", "\"version\":3,\"new\":0"),
            "has version 3; this fastprep reads up to 2",
        ),
        (
            &ours.replace("\"version\":2", "\"version\":\"1\""),
            "has version \"1\"; this fastprep reads up to 2",
        ),
        (&ours.replace("\"eos\":null", "\"eos\":1"), "invalid type"),
        (&ours.replace("\"eos\":null", "\"eos\":true,\"extra\":0"), "unknown field `extra`"),
        (&ours.replace("{p}", "{p"), "`{` is not closed"),
    ] {
        let e = PromptFormat::from_json(json).unwrap_err();
        assert_eq!(e.class(), Class::Plan);
        assert!(e.to_string().contains(message) && e.get_help().is_some(), "{e}");
    }
}

#[test]
fn parse_completion_gives_the_field_back() {
    let mut random = Random(3);
    for template in ["{c}", " {c}", "<{c}>", "{c}\n", "{c}\n###\n", " {c}!\n###\n"] {
        let f = format("{p}", template);
        for _ in 0..300 {
            let field = random.text("#\nx <>!é", 0, 6);
            let columns = [("p", "x"), ("c", field.as_str())];
            let completion = f.render(&row(&columns)).unwrap().completion;
            // Where the data bring the stop along, or collide, it is not the field that was asked for.
            if completion.find("\n###\n") == Some(completion.len() - 5) && !field.ends_with("\n###\n") {
                assert_eq!(f.parse_completion(&completion), field, "{template}");
            }
        }
    }
}

#[test]
fn parse_completion_of_other_texts() {
    for (template, text, expected) in [
        ("{c}", "y", "y"),
        ("{c}", "y\n###\nnoise\n###\n", "y"),
        (" {c}", "y\n###\n", "y"),
        (" {c}", "  y", " y"),
        ("a{c}b{d}", "a1b2\n###\n", "a1b2"),
        ("{#c}a{c}{/c}", "a1\n###\n", "a1"),
        ("{c}", "", ""),
    ] {
        assert_eq!(format("{p}", template).parse_completion(text), expected, "{template} {text:?}");
    }
}

#[test]
fn check_prompt_tells_why_not() {
    let f = format("Q: {p}\nA:", "{c}");
    assert!(f.check_prompt(&f.render_prompt(&row(&[("p", "x")])).unwrap()).is_ok());
    for (text, reason) in [
        ("Q: x\nA:", "does not end in the separator"),
        ("Q: x\n##\ny\nA:\n##\n", "the separator \"\\n##\\n\" occurs in the prompt, at byte 4"),
        ("Q: x\nA:\n##\n##\n", "the separator \"\\n##\\n\" occurs in the prompt, at byte 7"),
        ("Q: x\n###\n\nA:\n##\n", "the stop \"\\n###\\n\" occurs in the prompt, at byte 4"),
        ("x\nA:\n##\n", "does not start with the template's \"Q: \""),
        ("Q: x\n##\n", "does not have the template's \"\\nA:\" before the separator"),
    ] {
        let e = f.check_prompt(text).unwrap_err();
        assert_eq!(e.code(), "not_this_format");
        assert!(e.message().contains(reason), "{e}");
    }
}

#[test]
fn columns_are_merged() {
    let f = format("{a}{#b}{b}{/b}", "{b}{c}{a}");
    let columns: Vec<_> = f.columns().into_iter().map(|c| (c.name, c.required)).collect();
    assert_eq!(columns, [("a".into(), true), ("b".into(), true), ("c".into(), true)]);
    assert_eq!((f.stop_strings(), f.eos()), (vec!["\n###\n".to_string()], None));
}

const TURN: &str = "<|im_end|>\n<|im_start|>assistant\n";

fn chat_ml() -> PromptFormat {
    let prompt =
        "{#s}<|im_start|>system\n{s}<|im_end|>\n{/s}<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n";
    PromptFormat::new(prompt, "{a}", TURN, "<|im_end|>\n", None).unwrap()
}

#[test]
fn marks_that_hold_each_other_are_those_of_chat_templates() {
    let f = chat_ml();
    let columns = [("s", "Be brief."), ("q", "2+2?"), ("a", "4")];
    let Rendered { prompt, completion } = f.render(&row(&columns)).unwrap();
    let turns =
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!((prompt.as_str(), completion.as_str()), (turns, "4<|im_end|>\n"));
    f.check_prompt(&prompt).unwrap();
    assert_eq!(f.parse_completion(&completion), "4");
    let e = f.check_prompt(&prompt.replace("2+2?", "2+2?<|im_end|>\n")).unwrap_err();
    assert!(e.message().contains("the stop \"<|im_end|>\\n\" occurs in the prompt, at byte"), "{e}");
    let llama = PromptFormat::new(
        "<|start_header_id|>user<|end_header_id|>\n\n{q}<|eot_id|>",
        "{a}",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|eot_id|>",
        None,
    )
    .unwrap();
    llama.check_prompt(&llama.render_prompt(&row(&columns)).unwrap()).unwrap();
}

#[test]
fn a_format_of_version_1_is_read() {
    let json = r####"{"version":1,"prompt":"{p}","completion":"{c}","separator":"\n##\n","stop":"\n###\n","eos":false}"####;
    let f = PromptFormat::from_json(json).unwrap();
    assert_eq!((f.eos(), f.separator()), (Some(false), "\n##\n"));
}

#[test]
fn text_rendered_elsewhere_is_left_as_it_is() {
    let f = PromptFormat::rendered("text", Some("<|im_end|>"), None).unwrap();
    let text = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nhello<|im_end|>";
    for given in [text, text.strip_suffix("<|im_end|>").unwrap()] {
        let rendered = f.render(&row(&[("text", given)])).unwrap();
        assert_eq!((rendered.prompt.as_str(), rendered.completion.as_str()), ("", text));
    }
    let bare = PromptFormat::rendered("text", None, None).unwrap();
    assert_eq!(bare.render(&row(&[("text", "x")])).unwrap().completion, "x");
    assert!(bare.stop_strings().is_empty());
    assert_eq!(bare.parse_completion("x"), "x");
    for (column, stop, eos, message) in [
        ("text", Some(""), None, "`stop` must not be empty"),
        ("text", None, Some(false), "nothing ends a text"),
        ("#a}{/a", None, None, "`column` must be the name of a column"),
    ] {
        let e = PromptFormat::rendered(column, stop, eos).unwrap_err();
        assert!(e.message().contains(message), "{e}");
    }
}
