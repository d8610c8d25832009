//! What a policy's hook fired on.

use std::net::IpAddr;

use lab_model::{Address, Alert, Connect, Open, OpenFlags, Outcome, Payload, SetId, SetIdCall, Text, Unlink};
use serde_json::Value;

use super::{arguments, first};
use crate::json::Record;

/// The call if it is one of ours and says how it ended, or the policy's alert.
pub(super) fn payload(record: &mut Record, kind: &str) -> Payload {
    call(record, kind).unwrap_or_else(|| {
        let rule = ["policy_name", "function_name", "symbol", "event"];
        let rule = rule.iter().find_map(|name| record.str(&[kind, name]));
        let rule = Text::from(rule.unwrap_or(kind));
        let priority = record.take_text(&[kind, "action"]).unwrap_or_default();
        Alert { rule, priority }.into()
    })
}

fn call(record: &Record, kind: &str) -> Option<Payload> {
    let name = record.str(&[kind, "function_name"])?;
    let name = name.strip_prefix("__x64_").or_else(|| name.strip_prefix("__arm64_")).unwrap_or(name);
    let name = name.strip_prefix("sys_")?;
    let result = Outcome::from_ret(int(first(record.get(&[kind, "return"])?.as_object()?)?.1)?);
    let arguments = arguments(record.get(&[kind, "args"]));
    let argument = |at: usize| arguments.get(at).copied().flatten();
    Some(match name {
        "open" | "openat" => {
            let at = usize::from(name == "openat");
            let path = argument(at)?.1.as_str()?.into();
            let flags = OpenFlags(u32::try_from(int(argument(at + 1)?.1)?).ok()?);
            Open { path, flags, late_path: false, opened: None, result }.into()
        }
        "unlink" | "rmdir" => {
            Unlink { path: argument(0)?.1.as_str()?.into(), directory: name == "rmdir", result }.into()
        }
        "connect" => Connect { address: address(argument(1)?.1)?, later: None, result }.into(),
        name => {
            let call: SetIdCall = name.parse().ok().filter(|call| *call != SetIdCall::Setgroups)?;
            let ids = (0..arguments.len()).map(|at| Some(id(int(argument(at)?.1)?)));
            let requested = ids.collect::<Option<_>>()?;
            SetId { call, requested, before: None, after: None, result }.into()
        }
    })
}

/// 64 bits stand as a string.
fn int(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn id(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|id| *id != u32::MAX)
}

fn address(value: &Value) -> Option<Address> {
    let ip: IpAddr = value.get("addr")?.as_str()?.parse().ok()?;
    let port = value.get("port").and_then(Value::as_u64).unwrap_or(0);
    Some(std::net::SocketAddr::new(ip, u16::try_from(port).ok()?).into())
}
