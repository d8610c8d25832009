//! Types of the parts of a call: how each is shown, compared, and made ready for facts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Address, Change, Field, FileId, Text};

/// A part of what a call was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// its name in JSON
    pub name: &'static str,
    /// what sensors declare to know
    pub field: Field,
    /// `None`: not known
    pub value: Option<Value<'a>>,
}

/// The value of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// a text
    Text(&'a Text),
    /// several texts
    Texts(&'a [Text]),
    /// an address
    Address(&'a Address),
    /// a number, a name of the kernel's, or names joined by `|`: no blank in it
    Word(String),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Texts(texts) => write!(f, "{texts:?}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// What a part can be, in a golden.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// a text
    Text,
    /// several texts
    Texts,
    /// an address
    Address,
    /// a word for which this is true
    Word(fn(&str) -> bool),
    /// nothing: it differs from run to run
    Left,
}

/// A part as it is declared.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// its name in JSON
    pub name: &'static str,
    /// what it can be
    pub form: Form,
    /// it is always known
    pub required: bool,
}

/// A type that a part of a call may have.
pub trait Argument: Sized {
    /// What it is in a golden.
    const FORM: Form;
    /// Whether it is always known.
    const REQUIRED: bool = true;

    /// Its value, where known.
    fn value(&self) -> Option<Value<'_>>;

    /// Makes it unknown, if it may be.
    fn forget(&mut self) {}

    /// False if both are known and differ.
    fn agrees(&self, other: &Self) -> bool;

    /// Takes the other's value if this has none.
    fn fill(&mut self, _other: Self) {}

    /// Makes it a part of a fact.
    fn change(&mut self, _change: &dyn Change) {}
}

impl<T: Argument> Argument for Option<T> {
    const FORM: Form = T::FORM;
    const REQUIRED: bool = false;

    fn value(&self) -> Option<Value<'_>> {
        self.as_ref().and_then(Argument::value)
    }

    fn forget(&mut self) {
        *self = None;
    }

    fn agrees(&self, other: &Self) -> bool {
        self.as_ref().zip(other.as_ref()).is_none_or(|(a, b)| a.agrees(b))
    }

    fn fill(&mut self, other: Self) {
        *self = self.take().or(other);
    }

    fn change(&mut self, change: &dyn Change) {
        if let Some(value) = self {
            value.change(change);
        }
    }
}

impl<T: Argument> Argument for Box<T> {
    const FORM: Form = T::FORM;

    fn value(&self) -> Option<Value<'_>> {
        (**self).value()
    }

    fn agrees(&self, other: &Self) -> bool {
        (**self).agrees(other)
    }

    fn change(&mut self, change: &dyn Change) {
        (**self).change(change);
    }
}

impl Argument for Text {
    const FORM: Form = Form::Text;

    fn value(&self) -> Option<Value<'_>> {
        Some(Value::Text(self))
    }

    fn agrees(&self, other: &Self) -> bool {
        self == other
    }

    fn change(&mut self, change: &dyn Change) {
        *self = change.text(self);
    }
}

impl Argument for Box<[Text]> {
    const FORM: Form = Form::Texts;

    fn value(&self) -> Option<Value<'_>> {
        Some(Value::Texts(self))
    }

    fn agrees(&self, other: &Self) -> bool {
        self == other
    }

    fn change(&mut self, change: &dyn Change) {
        self.iter_mut().for_each(|text| *text = change.text(text));
    }
}

impl Argument for Address {
    const FORM: Form = Form::Address;

    fn value(&self) -> Option<Value<'_>> {
        Some(Value::Address(self))
    }

    fn agrees(&self, other: &Self) -> bool {
        self == other
    }

    fn change(&mut self, change: &dyn Change) {
        *self = change.address(self);
    }
}

/// Device and inode differ from machine to machine.
impl Argument for FileId {
    const FORM: Form = Form::Left;

    fn value(&self) -> Option<Value<'_>> {
        Some(Value::Word(format!("{}:{}", self.dev, self.ino)))
    }

    fn agrees(&self, other: &Self) -> bool {
        self == other
    }

    fn change(&mut self, _change: &dyn Change) {
        *self = Self { dev: 0, ino: 0 };
    }
}

/// A value that is a word and nothing else.
macro_rules! words {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            const FORM: Form = Form::Word(is_word::<$type>);

            fn value(&self) -> Option<Value<'_>> {
                Some(Value::Word(self.to_string()))
            }

            fn agrees(&self, other: &Self) -> bool {
                self == other
            }
        }
    )*};
}

pub(crate) use words;

/// True for what a value of the type is printed as.
pub(crate) fn is_word<T: FromStr + ToString>(word: &str) -> bool {
    word.parse::<T>().is_ok_and(|value| value.to_string() == word)
}

words!(Mode, Id, CapabilitySet, i64, u32);

/// A number that differs from run to run: known, but no part of a fact.
macro_rules! left {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl Argument for $name {
            const FORM: Form = Form::Left;

            fn value(&self) -> Option<Value<'_>> {
                Some(Value::Word(self.0.to_string()))
            }

            fn agrees(&self, other: &Self) -> bool {
                self == other
            }

            fn change(&mut self, _change: &dyn Change) {
                self.0 = 0;
            }
        }
    )*};
}

left! {
    /// Bytes.
    Size;
    /// A process or thread, as the caller's pid namespace numbers it.
    Pid;
}

/// A set of capabilities, a bit each; printed in hexadecimal, as /proc has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CapabilitySet(pub u64);

impl fmt::Display for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl FromStr for CapabilitySet {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).map(Self)
    }
}

/// Type and permissions of a file; printed in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mode(pub u32);

impl Mode {
    /// Type and permissions of what a call was given.
    pub fn of_argument(word: u32) -> Self {
        Self(word & 0o177_777)
    }

    /// The device that is made with this mode: whatever is passed for what is no device means nothing.
    pub fn device(self, passed: u32) -> u32 {
        let is_device = matches!(self.0 & 0o170_000, 0o20_000 | 0o60_000);
        if is_device { passed } else { 0 }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0{:o}", self.0)
    }
}

impl FromStr for Mode {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u32::from_str_radix(text, 8).map(Self)
    }
}

/// A user or group as a call names it: `None` is -1, leave alone; printed as `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub Option<u32>);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => id.fmt(f),
            None => f.write_str("-"),
        }
    }
}

impl FromStr for Id {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "-" { Ok(Self(None)) } else { text.parse().map(|id| Self(Some(id))) }
    }
}
