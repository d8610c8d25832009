//! TOML in, resolved Profile, Scenario, Plan and Pins out.
//!
//! As written (`tree`: tables of located values, read through `fields`, whose keys are closed) and resolved
//! ([`Profile`], [`Scenario`], [`Plan`]: free of TOML and of serde) are different types. Between them lies
//! inheritance (`inherit`, `merge`). Reading goes on after a mistake, so that a person sees all of them at once; the
//! only way to files is [`Files`].

mod act;
mod diagnostic;
mod draft;
mod edit;
mod fields;
mod files;
mod free;
mod inherit;
mod kind;
mod lint;
mod machines;
mod merge;
mod observe;
mod pins;
mod place;
mod plan;
mod plan_text;
mod probe;
mod profile;
mod scenario;
mod stage;
mod suggest;
mod timeout;
mod tree;
mod variables;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use draft::{draft, template};
pub use edit::{EditError, free_at_most};
pub use files::{Files, Input};
pub use lint::lint;
pub use machines::Machines;
pub use observe::{Observe, observe_plan, observed_name};
pub use pins::{PINS, load_pins};
pub use place::{Location, Place, Sourced};
pub use plan::{InstancePlan, PassPlan, Plan, ScenarioPlan, StagePlan, load_plan};
pub use probe::ProbeSettings;
pub use profile::{EnvironmentKind, Profile, ProfileName, list_profiles, load_profile};
pub use scenario::{Scenario, check_scenario, list_scenarios, load_scenario};
pub use stage::Stage;
pub use suggest::did_you_mean;
pub use variables::VARIABLES;
