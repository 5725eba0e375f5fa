//! Pure decisions: what each patch says of an instance, and what applying the chosen ones changes.
//!
//! Nothing here writes, prints or asks. [`evaluate()`] is all that `check` needs; [`fold()`] adds the
//! edits of the chosen patches over the view and proves the outcome.

pub mod evaluate;
pub mod facts;
pub mod fold;
mod hosts;
pub mod judge;
pub mod keys;
pub mod port;
mod proof;
pub mod scene;
pub mod take;
pub mod vaulted;

pub use evaluate::evaluate;
pub use fold::{Conflict, fold};
pub use scene::Scene;
pub use take::Take;
