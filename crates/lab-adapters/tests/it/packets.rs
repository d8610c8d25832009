//! What becomes of tcpdump's packets.

use lab_adapters::tcpdump::{copy, decode};
use lab_model::{LossCause, Outcome, Payload, Text};
use proptest::prelude::*;

use crate::{
    account::{self, CLOCK},
    capture::{QUESTION, datagram, of_each},
};

#[test]
fn connections_and_questions() {
    let decoded = decode(&of_each(), "tcpdump@host", CLOCK);
    let said = decoded.events.iter().map(|event| match &event.payload {
        Payload::Connect(connect) => format!("{} {:?}", connect.address, connect.result),
        Payload::Send(send) => {
            let questions = send.questions.as_deref().map(<[Text]>::to_vec);
            format!("{} {questions:?} {:?}", send.address.as_ref().unwrap(), send.length.unwrap().0)
        }
        Payload::Loss(loss) => format!("{:?} {:?}", loss.count, loss.cause),
        other => format!("{other:?}"),
    });
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            "127.0.0.1:80 Ok(0)",
            "127.0.0.1:81 Errno(Errno(111))",
            "127.0.0.1:53 Some([\"www.example A\"]) 29",
            "127.0.0.1:53 None 16",
            "Some(1) EnterWithoutExit",
        ]
    );
    let first = &decoded.events[0];
    assert_eq!((first.time.began_ns, first.time.ns), (Some(1_000_000_000), 2_000_000_000));
    assert_eq!(
        (first.image.pid, &first.raw["from"], &first.raw["line"]),
        (None, &"127.0.0.1:4000".into(), &1.into())
    );
    let balance = &decoded.counters.programs["log"];
    assert!(balance.holds(), "{balance:?}");
    assert_eq!((balance.produced, balance.received, balance.lost[&LossCause::EnterWithoutExit]), (9, 4, 1));
}

#[test]
fn what_is_said_stays_out() {
    let (mut out, mut asked) = (Vec::new(), Vec::new());
    let copied = copy(&of_each()[..], &mut out, CLOCK, |name, ns| asked.push((name.to_vec(), ns))).unwrap();
    assert_eq!((copied.packets, copied.reduced), (9, 2));
    assert_eq!(asked, [(b"www.example A".to_vec(), 7_000_000_000)]);
    let has = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(has(&of_each(), b"hunter2") && !has(&out, b"hunter2") && !has(&out, b"secret"));
    assert!(has(&out, QUESTION));
    assert_eq!(decode(&out, "x", CLOCK).events, decode(&of_each(), "x", CLOCK).events);
    let mut again = Vec::new();
    copy(&out[..], &mut again, CLOCK, |_, _| ()).unwrap();
    assert_eq!(again, out, "to take out twice is to take out once");
}

#[test]
fn a_capture_that_is_cut_or_lies() {
    assert_eq!(decode(b"", "x", CLOCK).events, []);
    let whole = of_each();
    let is_whole = |cut: usize| {
        let mut at = 24;
        while at < cut {
            let length: [u8; 4] = whole[at + 8..at + 12].try_into().unwrap();
            at += 16 + u32::from_le_bytes(length) as usize;
        }
        at == cut
    };
    for cut in (1..whole.len()).filter(|cut| !is_whole(*cut)) {
        let decoded = decode(&whole[..cut], "x", CLOCK);
        assert!(decoded.counters.programs["log"].holds());
        assert_eq!(decoded.unreadable.len(), 1, "cut at {cut}");
    }
    let mut lying = whole.clone();
    lying[24 + 8..24 + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let decoded = decode(&lying, "x", CLOCK);
    assert_eq!((decoded.events.len(), decoded.unreadable[0].line), (1, 1));
    let odd = crate::capture::capture(&[b"no frame".to_vec(), vec![0; 60], datagram(1, 53, QUESTION)]);
    let decoded = decode(&odd, "x", CLOCK);
    assert_eq!(decoded.unreadable.iter().map(|u| u.line).collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(&decoded.events[2].payload, Payload::Send(send) if send.result == Outcome::Ok(29)));
}

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>, at in 0usize..600) {
        account::check("tcpdump", &bytes).map_err(TestCaseError::fail)?;
        let mut capture = of_each();
        let at = at.min(capture.len());
        capture.splice(at..at, bytes);
        account::check("tcpdump", &capture).map_err(TestCaseError::fail)?;
    }
}
