//! Goldens compared as texts: the same result as read ones, and the same errors where a line is not as it should be.

use lab_golden::{GoldenText, compare, compare_texts, render};

use crate::sample::{EVERYTHING, judged};

fn texts(golden: &str) -> Result<lab_golden::Drift, String> {
    let golden = GoldenText::read(golden.to_owned(), "x.golden").map_err(|e| e.to_string())?;
    compare_texts(Some(golden), GoldenText::of(&render(&judged()))).map_err(|e| e.to_string())
}

#[test]
fn texts_say_what_goldens_say() {
    let run = render(&judged());
    let text = run.to_text();
    assert!(texts(&text).unwrap().is_empty());
    let changed = text.replace("ENOENT", "EACCES").replace("    bind 127.0.0.1:0\n", "");
    let golden = lab_golden::Golden::parse(&changed, "x.golden").unwrap();
    let drift = texts(&changed).unwrap();
    assert_eq!(drift, compare(Some(&golden), &run));
    assert_eq!(drift.differences.len(), 2, "{:?}", drift.differences);
    let none = compare_texts(None, GoldenText::of(&run)).unwrap();
    assert_eq!(none, compare(None, &run));
    let other = lab_golden::Golden::parse(EVERYTHING, "x.golden").unwrap();
    assert_eq!(texts(EVERYTHING).unwrap(), compare(Some(&other), &run));
}

/// Each of these stands in a line that differs from the run's, or shows without reading.
#[test]
fn what_is_wrong_with_a_file_is_said_as_if_all_of_it_had_been_read() {
    let text = render(&judged()).to_text();
    let wrong = [
        ("-> ENOENT", "-> ENOPE"),
        ("connect <sink>  ", "connect <sunk>  "),
        ("exit 0\n\n", "exit 0 \n\n"),
        ("    bind", "     bind"),
        ("    bind", "      bind"),
        ("bind 127", "bind\t127"),
        ("    bind 127.0.0.1:0\n", "    bind 127.0.0.1:0\r\n"),
        ("not strace", " not strace"),
        ("  fork\n", "\n  fork\n"),
        ("act 2\n", "act 7\n"),
        ("\n  act 2   seen    seen", ""),
        ("sightline golden 1", "sightline golden 2"),
    ];
    for (from, to) in wrong {
        assert!(text.contains(from), "{from}");
        let bad = text.replacen(from, to, 1);
        let expected = lab_golden::Golden::parse(&bad, "x.golden").unwrap_err().to_string();
        assert_eq!(texts(&bad).unwrap_err(), expected, "{from} => {to}");
    }
}

#[test]
fn a_file_that_is_not_there_is_none_and_one_that_is_no_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.golden");
    assert!(GoldenText::load(&path).unwrap().is_none());
    std::fs::write(&path, b"sightline golden 1\n\xff\n").unwrap();
    assert!(
        GoldenText::load(&path).unwrap_err().to_string().contains("x.golden:2: bytes that are not UTF-8")
    );
    std::fs::write(&path, EVERYTHING).unwrap();
    assert_eq!(GoldenText::load(&path).unwrap().unwrap().parse().unwrap().to_text(), EVERYTHING);
}
