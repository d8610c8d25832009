//! Calls that are declared part by part, as lines have them: there and back by the same rules.
//!
//! In the order of the declaration: the call's own word and the first text stand bare, `to` behind an arrow, addresses
//! and lists bare, everything else as `name=value`. What is not known is left out.

use lab_model::{Form, Part, Payload, Shape, Value};

use crate::{
    Problem,
    fact::{Fields, quoted},
    fact_parse::Reader,
};

/// The shapes of an action, each with whether it stands without its name.
fn shapes(shapes: &'static [Shape]) -> impl Iterator<Item = (&'static Shape, bool)> {
    let first_text = shapes.iter().position(|shape| matches!(shape.form, Form::Text));
    shapes.iter().enumerate().map(move |(at, shape)| {
        let own = shape.required && matches!(shape.name, "call" | "request" | "command" | "signal");
        (shape, own || Some(at) == first_text)
    })
}

impl Fields<'_> {
    /// The fields of such a call.
    pub(crate) fn call(&mut self, payload: &Payload) -> &'static str {
        let action = payload.action();
        let parts = payload.call().map(|call| call.parts()).unwrap_or_default();
        for ((shape, bare), Part { name, value, .. }) in shapes(action.shape()).zip(parts) {
            match value {
                None => {}
                Some(_) if matches!(shape.form, Form::Left) => {}
                Some(Value::Text(text)) => {
                    let text = quoted(self.masks, text);
                    self.add(
                        name,
                        if name == "to" { format!("-> {text}") } else { named(name, bare, &text) },
                    );
                }
                Some(Value::Texts(texts)) => {
                    let texts: Vec<String> = texts.iter().map(|text| quoted(self.masks, text)).collect();
                    self.add(name, format!("[{}]", texts.join(",")));
                }
                Some(Value::Address(address)) => _ = self.address("", name, address),
                Some(Value::Word(word)) => self.add(name, named(name, bare, &word)),
            }
        }
        action.word()
    }
}

fn named(name: &str, bare: bool, text: &str) -> String {
    if bare { text.to_owned() } else { format!("{name}={text}") }
}

impl Reader<'_, '_> {
    /// Reads the fields of such a call.
    pub(crate) fn call(&mut self, of: &'static [Shape]) -> Result<(), Problem> {
        for (shape, bare) in shapes(of) {
            let name = shape.name;
            let mut ahead = *self.cursor;
            let begins = ahead.gap();
            let left = ahead.left();
            // An IPv6 address begins with a bracket too.
            let list = left.starts_with("[\"") || left.starts_with("[]");
            let (there, expected) = match shape.form {
                Form::Left => continue,
                Form::Text if name == "to" => {
                    (ahead.take("-> ") && ahead.left().starts_with('"'), "`-> \"...\"`")
                }
                Form::Text if bare => (left.starts_with('"'), "a quoted string"),
                Form::Texts => (list, "a list of quoted strings"),
                Form::Address => (!list && !left.starts_with("->"), "an address"),
                Form::Word(_) if bare => (!left.starts_with("->"), name),
                Form::Text | Form::Word(_) => (ahead.take(name) && ahead.take("="), name),
            };
            if !(begins && there) {
                if shape.required {
                    return Err(self.cursor.expected(expected));
                }
                continue;
            }
            if let Form::Address = shape.form {
                self.address(name)?;
                continue;
            }
            let at = ahead;
            let value = match shape.form {
                Form::Text => ahead.string()?,
                Form::Texts => ahead.list()?,
                Form::Word(known) => {
                    let word = ahead.word().unwrap_or_default();
                    if known(word) { word } else { return Err(at.expected(name)) }
                }
                Form::Left | Form::Address => continue,
            };
            *self.cursor = ahead;
            self.add(
                name,
                if name == "to" {
                    format!("-> {value}")
                } else {
                    named(name, bare || matches!(shape.form, Form::Texts), value)
                },
            );
        }
        Ok(())
    }
}
