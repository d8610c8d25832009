//! How a payload that is told part by part is declared.

use crate::{Address, Outcome, Text, argument::Part};

/// A payload that is declared part by part.
pub trait Call {
    /// What was asked for, in the order in which it is shown; the result is not among it.
    fn parts(&self) -> Vec<Part<'_>>;

    /// How it ended.
    fn result(&self) -> Outcome;
}

impl<T: Call> Call for Box<T> {
    fn parts(&self) -> Vec<Part<'_>> {
        T::parts(self)
    }

    fn result(&self) -> Outcome {
        T::result(self)
    }
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
                fn parts(&self) -> Vec<$crate::Part<'_>> {
                    vec![$($crate::Part {
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

pub(crate) use calls;
