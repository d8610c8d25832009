//! The words of Sightline as plain data, their JSON, and the framing of a sensor's spool; no IO.
//!
//! Every record that crosses a crate or lies on disk is defined here once. Nothing here opens a file, starts a
//! process or reads a clock.

mod act;
mod actor;
mod address;
mod argument;
mod call;
mod catalogue;
mod declare;
mod detection;
mod errno;
mod event;
mod fact;
mod file;
mod foreign;
mod instance;
mod interest;
pub mod limits;
mod loss;
mod open_flags;
mod payload;
mod pin;
mod process;
mod receipt;
mod record;
pub mod redact;
mod sensor;
mod set_up;
pub mod spool;
mod symbol;
mod text;
mod verdict;
mod version;
mod vm;
mod witness;

pub use act::{
    Act, ActKind, Expectation, Link, Origin, Placement, Role, SetIdCall, Transport, UnknownVariable,
    substitute,
};
pub use actor::{LAUNCH_VARIABLE, Launch, Login, Order, Question, Reply};
pub use address::Address;
pub use argument::{Argument, CapabilitySet, Form, Id, Mode, Part, Pid, Shape, Size, Value};
pub use call::{
    Bpf, Capability, Chmod, Chown, HardLink, IoUring, Keyctl, Listen, Memfd, Mkdir, Mknod, Module, Mount,
    Namespace, Personality, ProcessVm, Ptrace, Read, Seccomp, Send, Signal, Symlink, Truncate, Write,
};
pub use catalogue::CATALOGUE;
pub use declare::{Call, Change};
pub use detection::{Detection, Hit};
pub use errno::Errno;
pub use event::{Event, Refs, Seq, Time, TimeSource};
pub use fact::{Fact, FactNode, Sighting};
pub use file::{Executable, FileId, Opened};
pub use foreign::{Alert, Dns, Flow, Message, Protocol, Request};
pub use instance::{Balance, Cost, Counters, Refusal, Report};
pub use interest::{Freedom, Interest, ObjectClass, Scope};
pub use loss::{Loss, LossCause};
pub use open_flags::OpenFlags;
pub use payload::{
    Accept, Action, Bind, Connect, Exec, Exit, Fork, Open, Outcome, Payload, Rename, SetId, Unlink,
};
pub use pin::{Pin, PinSource, Pins, Verified};
pub use process::{Ids, NamespacedPid, ParentRef, ProcessKey, ProcessRef, Stamp, TICK_NS};
pub use receipt::{Receipt, Step};
pub use record::{
    InstanceRecord, Judged, PassRecord, PlannedPass, Proof, ScenarioHead, ScenarioRecord, StageRecord,
};
pub use sensor::{Field, Knowledge, LossExactness, SensorEntry, SensorKind};
pub use set_up::{Image, SetUpFile};
pub use symbol::{
    BpfCommand, CloneFlags, DataCall, IoUringFlags, KeyCall, KeyctlOperation, MemfdFlags, ModuleCall,
    MountAttributes, MountCall, MountCommand, MountFlags, NamespaceCall, Persona, ProcessVmCall, Protection,
    PtraceRequest, RingCall, RingOperation, SeccompFlags, SeccompOperation, SignalName, SignalTarget,
    UmountFlags,
};
pub use text::Text;
pub use verdict::{RunOutcome, Verdict, VerdictRow};
pub use version::VERSION;
pub use vm::VmNote;
pub use witness::{Family, Witness};
