//! What a datagram asks a DNS server for.

use lab_model::Text;
use simple_dns::{Packet, PacketFlag, QTYPE, TYPE};

/// The questions, `example.org AAAA` each; `None` for what is no query.
pub(super) fn questions(payload: &[u8]) -> Option<Vec<Text>> {
    let query = Packet::parse(payload).ok()?;
    if query.has_flags(PacketFlag::RESPONSE) || query.questions.is_empty() {
        return None;
    }
    let questions = query.questions.iter().map(|question| {
        let mut text = question.qname.as_bytes().collect::<Vec<_>>().join(&b'.');
        if text.is_empty() {
            text.push(b'.');
        }
        text.push(b' ');
        text.extend_from_slice(kind(question.qtype).as_bytes());
        Text::from(text.as_slice())
    });
    Some(questions.collect())
}

/// The word for a type; those without one are written as RFC 3597 has it.
fn kind(asked: QTYPE) -> String {
    match asked {
        QTYPE::TYPE(TYPE::Unknown(number)) => format!("TYPE{number}"),
        QTYPE::TYPE(known) => format!("{known:?}"),
        other => format!("{other:?}"),
    }
}
