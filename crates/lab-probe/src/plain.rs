//! What the programs keep in maps, for `aya`.

use aya::Pod;
use lab_abi::{Counts, Descriptor, FileKey, Head, Loss, Slot, counts::Turn, filter::Paths, record::BODY};

macro_rules! pod {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Clone, Copy)]
        pub(crate) struct $name(pub(crate) $inner);
        // SAFETY: integers only, without padding; see `lab_abi::Plain`.
        unsafe impl Pod for $name {}
    )*};
}
pod! {
    /// [`Counts`] for `aya`.
    PlainCounts(Counts);
    /// [`Loss`] for `aya`.
    PlainLoss(Loss);
    /// [`Turn`] for `aya`.
    PlainTurn(Turn);
    /// [`Slot`] for `aya`.
    PlainSlot(Slot);
    /// A record without texts for `aya`.
    PlainWaiting([u8; size_of::<Head>() + BODY]);
    /// [`Paths`] for `aya`.
    PlainPaths(Paths);
    /// [`FileKey`] for `aya`.
    PlainKey(FileKey);
    /// [`Descriptor`] for `aya`.
    PlainDescriptor(Descriptor);
}
