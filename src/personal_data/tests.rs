//! What is found in texts, and what is not.

use super::*;
use crate::word::Word;

/// What is found of all kinds: `kind text`.
fn found(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    Detector::new(Kind::ALL).unwrap().find(text, &mut all);
    all.iter().map(|f| format!("{} {}", f.kind.name(), &text[f.range.clone()])).collect()
}

fn check(kind: Kind, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let expected = if expected.is_empty() { vec![] } else { vec![format!("{} {expected}", kind.name())] };
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn addresses() {
    check(
        Kind::Email,
        &[
            ("write to jane.doe+news@mail.firm.co.uk.", "jane.doe+news@mail.firm.co.uk"),
            ("<a-b_c@d-e.io>", "a-b_c@d-e.io"),
            ("mailto:x1@firma.de?subject=a", "x1@firma.de"),
            ("联系joe@firm.cn。", "joe@firm.cn"),
            ("müller@firma.de", "müller@firma.de"),
            ("https://a.b/c?mail=joe@firm.com", "joe@firm.com"),
            ("..joe@firm.com..", "joe@firm.com"),
            ("joe@firm.com-", "joe@firm.com"),
            // Not addresses.
            ("joe.@firm.com", ""),
            ("@joe.smith", ""),
            ("a @ b.com", ""),
            ("joe@firm", ""),
            ("lodash@4.17.21", ""),
            ("x@-a.com", ""),
            ("a @b.c", ""),
            ("icon@2x.png", ""),
            ("git@code.host.com:a/b.git", ""),
            ("ssh://deploy@host.firm.com/x", ""),
            ("user@example.com, a@b.example, c@d.test", ""),
        ],
    );
}

#[test]
fn phone_numbers() {
    check(
        Kind::Phone,
        &[
            ("call 415-555-2671 now", "415-555-2671"),
            ("(415) 555-2671", "(415) 555-2671"),
            ("(415)555-2671.", "(415)555-2671"),
            ("1-415-555-2671", "1-415-555-2671"),
            ("415.555.2671", "415.555.2671"),
            ("+1 415 555 2671", "+1 415 555 2671"),
            ("+1 (415) 555-2671 x 3", "+1 (415) 555-2671"),
            ("(+44 20 7946 0958)", "+44 20 7946 0958"),
            ("+442079460958", "+442079460958"),
            ("+33 6 12 34 56 78", "+33 6 12 34 56 78"),
            ("โทร081-234-5678ครับ", "081-234-5678"),
            ("02-123-4567", "02-123-4567"),
            ("it is 415-555-2671.But", "415-555-2671"),
            ("(03) 1234-5678", "(03) 1234-5678"),
            ("Tel: 030 1234567", "030 1234567"),
            ("phone number is 5551234", "5551234"),
            ("电话：12345678", "12345678"),
            ("LINE 0888888888", "0888888888"),
            ("Line ID: 0888888888.", "0888888888"),
            ("Call Center 0888888888", "0888888888"),
            ("please call us at 5551234", "5551234"),
            ("ติดต่อผมได้ที่เบอร์0888888888", "0888888888"),
            ("微信：13912345678", "13912345678"),
            // Not phone numbers.
            ("the hotel 5551234", ""),
            ("online 5551234", ""),
            ("line 5551", ""),
            ("a call to 5551234", ""),
            ("Customer ID: 1234567", ""),
            ("the UUID '0987654321'", ""),
            ("order 4155552671", ""),
            ("+4155", ""),
            ("a+14155552671", ""),
            ("12-05-2020, 2020-12-05, 05/12/2020", ""),
            ("2019-2020, 1876-1877", ""),
            ("telephone 1876-1877", ""),
            ("192.168.100.1234", ""),
            ("123.456.7890", ""),
            ("0.415-555-2671", ""),
            ("ISBN 978-3-16-148410-0", ""),
            ("A-415-555-2671", ""),
            ("415-555-26712", ""),
            ("415-555-2671-3", ""),
            ("415-555-2671.txt", ""),
            ("https://a.b/415-555-2671", ""),
            ("123-45-6789", ""),
            ("200 300 4000", ""),
            ("1 2 3 4 5 6 7 8 9 10 11", ""),
        ],
    );
}

#[test]
fn payment_cards() {
    check(
        Kind::Card,
        &[
            ("card 4539578763621486.", "4539578763621486"),
            ("4539 5787 6362 1486", "4539 5787 6362 1486"),
            ("in 2020 4539-5787-6362-1486", "4539-5787-6362-1486"),
            ("3714 496353 98431 or 3787 344936 71000", "3787 344936 71000"),
            ("(5425233430109903)", "5425233430109903"),
            // Not cards: a wrong check digit, other separators, decimals, ids in URLs, numbers for tests.
            ("4539578763621487", ""),
            ("4539 5787-6362 1486", ""),
            ("0.4539578763621486", ""),
            ("-73.4539578763621486", ""),
            ("4539578763621486.5", ""),
            ("1,4539578763621486", ""),
            ("https://a.b/posts/4539578763621486", ""),
            ("https://a.b/?id=4539578763621486", ""),
            ("www.a.b/4539578763621486", ""),
            ("x4539578763621486", ""),
            ("4539578763621486_1", ""),
            ("$4539578763621486", ""),
            ("14539578763621486", ""),
            ("4111 1111 1111 1111", ""),
            ("4444444444444448", ""),
            ("9999999999999995", ""),
        ],
    );
}

#[test]
fn accounts() {
    check(
        Kind::Iban,
        &[
            ("GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32"),
            ("DE89370400440532013000,", "DE89370400440532013000"),
            ("NO93 8601 1117 947 x", "NO93 8601 1117 947"),
            ("GB82 WEST 1234 5698 7654 33", ""),
            ("XDE89370400440532013000", ""),
            ("DE893704004405320130001", ""),
            ("ZZ89370400440532013000", ""),
            ("de89370400440532013000", ""),
        ],
    );
}

#[test]
fn secrets() {
    let (letters, more) = ("aB3".repeat(12), "aB3dE".repeat(20));
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{letters}");
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{more}\n{more}\n-----END RSA PRIVATE KEY-----");
    let cut = format!("-----BEGIN PRIVATE KEY-----\\n{more}");
    let mut cases = vec![
        ("AKIAIOSFODNN7ABCDEFG".to_string(), "AKIAIOSFODNN7ABCDEFG".to_string()),
        ("AKIAIOSFODNN7ABCDEFGH".into(), String::new()),
        (format!("desk-{letters}"), String::new()),
        ("sk-learn-and-other-long-names-of-packages".into(), String::new()),
        (format!("sk-proj-{letters}."), format!("sk-proj-{letters}")),
        (format!("token=ghp_{letters}"), format!("ghp_{letters}")),
        ("ghp_short".into(), String::new()),
        ("postgres://app:pa55@db.firm.com/x".into(), "pa55".into()),
        ("http://host:8080/a@b".into(), String::new()),
        ("ftp://username:password@ftp.example.com/a".into(), String::new()),
        ("eyJhbGciOiJIUzI1NiJ9.x.y".into(), String::new()),
        ("if line == \"-----BEGIN PRIVATE KEY-----\":".into(), String::new()),
        ("-----BEGIN CERTIFICATE-----".into(), String::new()),
    ];
    cases.extend([&jwt, &key, &cut].map(|whole| (format!("a {whole}"), whole.clone())));
    let cases: Vec<(&str, &str)> =
        cases.iter().map(|(text, found)| (text.as_str(), found.as_str())).collect();
    check(Kind::Secret, &cases);
}

#[test]
fn only_the_kinds_that_are_searched_for_and_the_first_of_two() {
    let text = "joe@firm.com 415-555-2671 GB82WEST12345698765432";
    let mut all = Vec::new();
    for kind in Kind::ALL {
        Detector::new(&[*kind]).unwrap().find(text, &mut all);
        assert!(all.iter().all(|f| f.kind == *kind) && all.len() <= 1, "{all:?}");
    }
    assert_eq!(found(text), ["email joe@firm.com", "phone 415-555-2671", "iban GB82WEST12345698765432"]);
    // The password holds a phone number, and an address ends in its host.
    assert_eq!(found("ftp://joe:415-555-2671@firm.com"), ["secret 415-555-2671"]);
    assert_eq!(found("1 415-555-2671@firm.com"), ["email 415-555-2671@firm.com"]);
}

/// Ranges are in order, do not overlap, and begin and end between characters, whatever the text is.
#[test]
fn ranges_are_in_order_and_between_characters() {
    let parts = [
        "joe",
        "@",
        "firm.com",
        ".",
        "-",
        "+",
        "1",
        "415",
        "555",
        "2671",
        " ",
        "(",
        ")",
        "é",
        "โ",
        "://",
        "sk-",
        "eyJ",
        "GB82",
        "4539578763621486",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "\n",
        "0",
        "Tel",
        ":",
        "/",
        "www.",
    ];
    let detector = Detector::new(Kind::ALL).unwrap();
    let (mut state, mut all, mut most) = (1_u64, Vec::new(), 0);
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = crate::hash::shuffle_rank(state, 1);
            text.push_str(parts[state as usize % parts.len()]);
        }
        detector.find(&text, &mut all);
        let mut end = 0;
        for f in &all {
            assert!(f.range.start >= end && f.range.start < f.range.end, "{text:?} {all:?}");
            assert!(text.get(f.range.clone()).is_some(), "{text:?} {all:?}");
            end = f.range.end;
        }
        most = most.max(all.len());
    }
    assert!(most >= 2);
}

/// However often a text begins something that looks like personal data, its bytes are looked at a few times.
#[test]
fn the_work_is_proportional_to_the_text() {
    let detector = Detector::new(Kind::ALL).unwrap();
    let mut all = Vec::new();
    for part in [
        "a@b.cc/",
        "joe@firm.com;",
        "://a:b@",
        "://u:p@h;",
        "http://a.b/1234567890/",
        "081-234-5678;",
        "+442079460958/",
        "4539578763621486;",
        "4111 ",
        "4111-",
        "www.1234567 ",
    ] {
        let text = part.repeat(200_000 / part.len());
        detector.find(&text, &mut all);
        let looked = url::work::taken();
        assert!(looked <= 3 * text.len(), "{part:?}: {looked} of {}", text.len());
    }
}
