//! Calls whose payload is what was asked for and how it ended: each declared once, part by part, so that goldens,
//! comparisons and reports treat all of them alike.

use serde::{Deserialize, Serialize};

use crate::{
    Action, Address, Field, Outcome, Payload, Text,
    argument::{Argument, Id, Mode, Part, Shape, Size},
};

/// A payload that is declared part by part.
pub trait Call {
    /// What was asked for, in the order in which it is shown; the result is not among it.
    fn parts(&self) -> Vec<Part<'_>>;

    /// How it ended.
    fn result(&self) -> Outcome;
}

macro_rules! calls {
    ($($(#[doc = $doc:literal])* $name:ident {
        $($(#[$meta:meta])* $field:ident: $type:ty = $known:ident,)*
    })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name {
                $($(#[$meta])* pub $field: $type,)*
                /// result
                pub result: Outcome,
            }

            impl Call for $name {
                fn parts(&self) -> Vec<Part<'_>> {
                    vec![$(Part {
                        name: stringify!($field),
                        field: Field::$known,
                        value: self.$field.value(),
                    }),*]
                }

                fn result(&self) -> Outcome {
                    self.result
                }
            }
        )*

        impl Action {
            /// The parts of a payload that is declared part by part; of the others none.
            pub fn shape(self) -> &'static [Shape] {
                match self {
                    $(Self::$name => &[$(Shape {
                        name: stringify!($field),
                        form: <$type as Argument>::FORM,
                        required: <$type as Argument>::REQUIRED,
                    }),*],)*
                    _ => &[],
                }
            }
        }

        impl Payload {
            /// The payload, if it is one that is declared part by part.
            pub fn call(&self) -> Option<&dyn Call> {
                match self {
                    $(Self::$name(call) => Some(call),)*
                    _ => None,
                }
            }

            /// What every sensor that sees such calls can tell: the parts that may be unknown are.
            #[must_use]
            pub fn without_optional(&self) -> Self {
                let mut payload = self.clone();
                match &mut payload {
                    $(Self::$name(_call) => { $(_call.$field.forget();)* })*
                    _ => {}
                }
                payload
            }

            /// False if the two calls contradict each other in a part that both know.
            pub fn agrees(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Self::$name(a), Self::$name(b)) => a.result == b.result $(&& a.$field.agrees(&b.$field))*,)*
                    _ => true,
                }
            }

            /// Takes over what only `other`, the same call, knows.
            pub fn fill(&mut self, other: Self) {
                match (self, other) {
                    $((Self::$name(_a), Self::$name(_b)) => { $(_a.$field.fill(_b.$field);)* })*
                    _ => {}
                }
            }

            /// Changes every text and address of the call, and takes out what is no part of a fact.
            pub fn change(&mut self, change: &dyn Change) {
                match self {
                    $(Self::$name(call) => {
                        $(call.$field.change(change);)*
                        if let Outcome::Ok(_) = call.result {
                            call.result = Outcome::Ok(0);
                        }
                    })*
                    _ => {}
                }
            }
        }
    };
}

/// How the values of a payload become those of a fact.
pub trait Change {
    /// A text.
    fn text(&self, text: &Text) -> Text;

    /// An address.
    fn address(&self, address: &Address) -> Address;
}

calls! {
    /// A directory was, or was to be, made.
    Mkdir {
        /// path as the caller gave it
        path: Text = Path,
        /// permissions as asked for
        mode: Mode = Mode,
    }

    /// A file was, or was to be, given a second name.
    HardLink {
        /// its name
        from: Text = From,
        /// the new name
        to: Text = To,
    }

    /// A symbolic link was, or was to be, made.
    Symlink {
        /// path of the link
        path: Text = Path,
        /// what it holds
        to: Text = To,
    }

    /// The permissions of a file were, or were to be, changed.
    Chmod {
        /// path as the caller gave it; absent where the call names a descriptor
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// permissions
        mode: Mode = Mode,
    }

    /// The owner of a file was, or was to be, changed.
    Chown {
        /// path as the caller gave it; absent where the call names a descriptor
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// user
        owner: Id = Owner,
        /// group
        group: Id = Group,
    }

    /// A file was, or was to be, cut or extended.
    Truncate {
        /// path as the caller gave it; absent where the call names a descriptor
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<Text> = Path,
        /// to this many bytes
        length: i64 = Length,
    }

    /// A device, a FIFO, a socket or an empty file was, or was to be, made.
    Mknod {
        /// path as the caller gave it
        path: Text = Path,
        /// type and permissions
        mode: Mode = Mode,
        /// device number as the caller gave it, 0 for what is no device
        device: u32 = Device,
    }

    /// A socket was, or was to be, made to listen.
    Listen {
        /// connections that may wait
        backlog: i64 = Backlog,
    }

    /// Bytes were, or were to be, sent.
    Send {
        /// where to: as the caller gave it, or where the socket is connected to
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<Box<Address>> = Address,
        /// what a DNS server was asked for, `example.org AAAA` each
        #[serde(default, skip_serializing_if = "Option::is_none")]
        questions: Option<Box<[Text]>> = Questions,
        /// how many
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length: Option<Size> = Length,
    }
}
