//! A drift accepted piece by piece.

use lab_golden::{Decision, Freeable, Golden, Review, compare, render};
use lab_model::Role;
use proptest::prelude::*;

use crate::{merging::vary, strategy};

fn golden(tree: &str, acts: u32) -> Golden {
    let rows: String = (1..=acts).map(|act| format!("  act {act}   seen    seen\n")).collect();
    let text = format!(
        "sightline golden 1\nscenario a  attack T1059\n\ntree\n{tree}\ntable     probe   strace\n{rows}\ndetections\n  none\n"
    );
    Golden::parse(&text, "a.golden").unwrap_or_else(|e| panic!("{e}\n{text}"))
}

const EXEC: &str =
    "  exec \"/x\" [\"x\"] uid=0\n    open \"<canary>/a\" read                                       act 1\n";

fn base() -> Golden {
    golden(&format!("{EXEC}    open \"<work>/b\" read\n    open \"/w\" write\n    exit 0\n"), 1)
}

#[test]
fn one_is_accepted_and_one_is_not() {
    let run = golden(&format!("{EXEC}    open \"/w\" write\n    open \"/c\" read\n    exit 1\n"), 1);
    let review = Review::new(&base(), &run);
    assert_eq!((review.head(), review.pieces()), (None, 3));
    let pieces: Vec<String> = (0..3).map(|piece| review.piece(piece).unwrap()).collect();
    for (piece, wanted) in pieces.iter().zip([
        "-    open \"<work>/b\" read\n",
        "+    open \"/c\" read\n",
        "-    exit 0\n+    exit 1\n",
    ]) {
        assert!(piece.contains(wanted), "{piece}");
    }
    use Decision::{Accept, Reject};
    let found = review.golden(&[Reject, Accept, Accept]).unwrap();
    assert_eq!(
        found,
        golden(
            &format!(
                "{EXEC}    open \"<work>/b\" read\n    open \"/w\" write\n    open \"/c\" read\n    exit 1\n"
            ),
            1
        )
    );
    assert_eq!(review.golden(&[Reject; 3]).unwrap(), base());
    assert_eq!(review.golden(&[Accept; 3]).unwrap(), run);
}

#[test]
fn what_may_come_and_go_is_freed_instead() {
    let (b, w) = ("    open \"<work>/b\" read\n", "    open \"/w\" write\n");
    let act = lab_golden::ActRef { id: 1, role: Role::Act };
    let freeable = |run: &str| {
        let review = Review::new(&base(), &golden(&format!("{EXEC}{run}    exit 0\n"), 1));
        let found: Vec<_> = (0..review.pieces()).map(|piece| review.freeable(piece)).collect();
        (review, found)
    };
    assert_eq!(freeable(b).1, [None], "what writes is strict");
    let (review, found) = freeable(w);
    assert_eq!(found, [Some(Freeable { act, path: "${work}/b".into() })]);
    let text = review.golden(&[Decision::AtMost(2)]).unwrap().to_text();
    assert!(text.contains("attack T1059\nallow at-most 2 \"<work>/b\"  act 1\n\n"), "{text}");
    assert!(text.contains(&format!("    open \"<work>/b\" read{:41}at-most 2\n", "")), "{text}");
    let (review, found) = freeable(&format!("{b}{w}    open \"/c\" read\n"));
    assert_eq!(found, [Some(Freeable { act, path: "/c".into() })]);
    let found = review.golden(&[Decision::AtMost(3)]).unwrap();
    assert!(
        found.to_text().contains(&format!("    open \"/c\" read{:47}at-most 3\n", "")),
        "{}",
        found.to_text()
    );
    assert_eq!(Golden::parse(&found.to_text(), "x").unwrap(), found);
    let review = Review::new(&base(), &golden("  exec \"/x\" [\"x\"] uid=0\n    exit 0\n", 1));
    assert!(
        (0..review.pieces())
            .all(|piece| review.freeable(piece).is_none_or(|free| free.path != "${canary}/a"))
    );
}

#[test]
fn another_plan_comes_first() {
    let run = golden(
        &format!(
            "{EXEC}    open \"/d\" read                                               act 2\n    exit 0\n"
        ),
        2,
    );
    let mut review = Review::new(&base(), &run);
    assert_eq!(review.pieces(), 0);
    assert!(review.head().unwrap().contains("+  act 2   seen    seen\n"));
    review.accept_head();
    assert_eq!(review.head(), None);
    assert_eq!(review.golden(&vec![Decision::Accept; review.pieces()]).unwrap(), run);
    let mut review = Review::new(&run, &base());
    review.accept_head();
    assert!(!review.golden(&vec![Decision::Reject; review.pieces()]).unwrap().to_text().contains("act 2"));
    assert_eq!(review.golden(&vec![Decision::Accept; review.pieces()]).unwrap(), base());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn all_pieces_make_the_run_and_none_make_the_golden(
        judged in strategy::judged(),
        changes in prop::collection::vec((any::<u8>(), 0..40usize), 0..6),
        picks in prop::collection::vec(any::<bool>(), 200),
    ) {
        let base = render(&judged);
        let run = changes.iter().fold(base.clone(), |golden, (kind, at)| vary(&golden, *kind, *at));
        let settled = compare(Some(&base), &run).new_text;
        let review = Review::new(&base, &run);
        prop_assert!(review.head().is_none());
        let all = |decision| review.golden(&vec![decision; review.pieces()]).unwrap();
        prop_assert_eq!(all(Decision::Reject).to_text(), base.to_text());
        prop_assert_eq!(all(Decision::Accept).to_text(), settled);
        // Any choice is a golden.
        let picked = (0..review.pieces()).map(|at| if picks[at % picks.len()] { Decision::Accept } else { Decision::Reject });
        let text = review.golden(&picked.collect::<Vec<_>>()).unwrap().to_text();
        prop_assert!(Golden::parse(&text, "x").is_ok(), "{text}");
    }
}
