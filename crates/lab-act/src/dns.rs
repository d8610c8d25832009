//! The few DNS messages that the lab needs: a query for an A record, and its answer.

use std::net::Ipv4Addr;

use lab_model::{Address, Outcome, Send, Size, Text};
use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, SimpleDnsError, TYPE,
    rdata::{A, RData},
};

/// A query for the A record of `name`.
pub(crate) fn query(id: u16, name: &str) -> Result<Vec<u8>, SimpleDnsError> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(
        Name::new(name)?,
        QTYPE::TYPE(TYPE::A),
        QCLASS::CLASS(CLASS::IN),
        false,
    ));
    packet.build_bytes_vec()
}

/// What a call sent that asked for the A record of `name`, in `length` bytes.
pub(crate) fn asked(resolver: Address, name: &str, length: usize, result: Outcome) -> Send {
    Send {
        address: Some(Box::new(resolver)),
        questions: Some([Text::from(format!("{name} A").as_str())].into()),
        length: u32::try_from(length).ok().map(Size),
        result,
    }
}

/// The first address in an answer, as text; the error reads well after "ask ...:".
pub(crate) fn address_in(answer: &[u8]) -> Result<String, String> {
    let packet = Packet::parse(answer).map_err(|e| format!("unreadable answer: {e}"))?;
    if packet.rcode() != RCODE::NoError {
        return Err(format!("answered {:?}", packet.rcode()));
    }
    let address = packet.answers.iter().find_map(|record| match &record.rdata {
        RData::A(a) => Some(Ipv4Addr::from(a.address).to_string()),
        _ => None,
    });
    address.ok_or_else(|| "no address in the answer".to_owned())
}

/// The name that a query asks the A record of, and the answer that gives `address`; `None` if it is no such query.
pub(crate) fn answer(query: &[u8], address: Ipv4Addr) -> Option<(String, Vec<u8>)> {
    let packet = Packet::parse(query).ok()?;
    if packet.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let question = packet.questions.first()?.clone();
    let name = question.qname.to_string();
    let asks_address = question.qtype == QTYPE::TYPE(TYPE::A);
    let mut reply = Packet::new_reply(packet.id());
    if asks_address {
        let rdata = RData::A(A { address: address.into() });
        reply.answers.push(ResourceRecord::new(question.qname.clone(), CLASS::IN, 0, rdata));
    }
    reply.questions.push(question);
    Some((name, reply.build_bytes_vec().ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::{address_in, answer, query};

    proptest::proptest! {
        #[test]
        fn never_panics(mut bytes: Vec<u8>, kept in 0..40usize) {
            let _ = (address_in(&bytes), answer(&bytes, Ipv4Addr::LOCALHOST));
            let mut query = query(7, "sl0.lab.sightline.test").unwrap();
            query.truncate(kept);
            query.append(&mut bytes);
            let _ = (address_in(&query), answer(&query, Ipv4Addr::LOCALHOST));
        }
    }

    #[test]
    fn a_query_is_answered() {
        let address = Ipv4Addr::new(127, 9, 8, 7);
        let (name, reply) = answer(&query(7, "sl0.lab.sightline.test").unwrap(), address).unwrap();
        assert_eq!(name, "sl0.lab.sightline.test");
        assert_eq!(address_in(&reply).unwrap(), "127.9.8.7");
        assert!(answer(&reply, address).is_none() && answer(b"no", address).is_none());
    }
}
