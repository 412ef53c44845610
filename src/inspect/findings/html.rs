//! Left-overs of HTML.

use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Left-overs of HTML.
pub(super) static HTML: Finding = Finding {
    code: "html",
    title: "tags and entities of HTML in text",
    why: "A page was not converted to text, and the model learns its tags.",
    repair: "with_columns(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Rows,
    check: Check::Literals(LITERALS, check),
    applies: always,
};

const LITERALS: &[&str] = &[
    "</div>",
    "</span>",
    "<br>",
    "<br/>",
    "<br />",
    "</p>",
    "</td>",
    "</tr>",
    "</li>",
    "</ul>",
    "</a>",
    "</b>",
    "</i>",
    "</strong>",
    "</em>",
    "&nbsp;",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&#39;",
    "&#x27;",
    "&apos;",
    "&hellip;",
    "&mdash;",
    "&ndash;",
    "&rsquo;",
    "&lsquo;",
    "&rdquo;",
    "&ldquo;",
];
/// Words of rows that are about markup or code.
const ABOUT_CODE: &[&str] = &[
    "html",
    "xml",
    "css",
    "javascript",
    "react",
    "markup",
    "web page",
    "webpage",
    "website",
    "```",
    "code",
    "script",
    "href",
    "</script",
    "function",
    "tag",
];

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    if !hit.is_first {
        return None;
    }
    let mut texts = row.texts.iter().map(|said| said.text.to_lowercase());
    (!texts.any(|text| ABOUT_CODE.iter().any(|word| text.contains(word)))).then_some(hit.found)
}
