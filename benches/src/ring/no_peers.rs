//! Built without the feature `peers`: nobody else takes part.

use super::Course;
use crate::contest::Contender;

/// Nobody.
pub(super) fn add_round_trips(_: &Course, _: &mut Vec<Contender<'_>>) {}

/// Nobody.
pub(super) fn add_one_way(_: &Course, _: &mut Vec<Contender<'_>>) {}
