//! Names of the syscalls that the programs know, whatever their number on the machine.

macro_rules! calls {
    ($($name:ident $text:literal $kind:ident $nr:literal),* $(,)?) => {
        /// A syscall.
        #[repr(u32)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Call {
            $(#[doc = $text] $name,)*
        }

        impl Call {
            /// All of them: code, x86_64 number, kind.
            pub const ALL: &'static [(Self, u32, crate::Kind)] =
                &[$((Self::$name, $nr, crate::Kind::$kind),)*];

            /// The syscall's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The code in records: 0 is no syscall.
            pub const fn code(self) -> u32 {
                self as u32 + 1
            }

            /// The syscall with this code.
            pub fn from_code(code: u32) -> Option<Self> {
                let index = usize::try_from(code.checked_sub(1)?).ok()?;
                Self::ALL.get(index).map(|(call, _, _)| *call)
            }
        }
    };
}

calls! {
    Execve "execve" Exec 59,
    Execveat "execveat" Exec 322,
    Clone "clone" Fork 56,
    Fork "fork" Fork 57,
    Vfork "vfork" Fork 58,
    Clone3 "clone3" Fork 435,
    Open "open" Open 2,
    Creat "creat" Open 85,
    Openat "openat" Open 257,
    Openat2 "openat2" Open 437,
    Unlink "unlink" Unlink 87,
    Rmdir "rmdir" Unlink 84,
    Unlinkat "unlinkat" Unlink 263,
    Rename "rename" Rename 82,
    Renameat "renameat" Rename 264,
    Renameat2 "renameat2" Rename 316,
    Connect "connect" Connect 42,
    Bind "bind" Bind 49,
    Accept "accept" Accept 43,
    Accept4 "accept4" Accept 288,
    Setuid "setuid" Setid 105,
    Setgid "setgid" Setid 106,
    Setreuid "setreuid" Setid 113,
    Setregid "setregid" Setid 114,
    Setgroups "setgroups" Setid 116,
    Setresuid "setresuid" Setid 117,
    Setresgid "setresgid" Setid 119,
    Setfsuid "setfsuid" Setid 122,
    Setfsgid "setfsgid" Setid 123,
}

/// Entries of the tables indexed by syscall number.
pub const TABLE: u32 = 512;
