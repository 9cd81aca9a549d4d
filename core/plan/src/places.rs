//! Where a section and its keys stand, for what is found out after reading.

use crate::diagnostic::Place;
use crate::tree::{Key, Node};

/// Where a section and its keys stand.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    section: Place,
    keys: Vec<(&'static str, Place)>,
}

impl Places {
    /// For what no text says, because the data does.
    pub const NOWHERE: Places = Places { section: Place::START, keys: Vec::new() };

    pub fn new(section: Place, keys: Vec<(&'static str, Place)>) -> Places {
        Places { section, keys }
    }

    /// Where a key stands, or the section when it is not given.
    pub fn of(&self, name: &str) -> Place {
        self.keys.iter().find(|(key, _)| *key == name).map_or(self.section, |(_, place)| *place)
    }

    pub fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|(key, _)| *key == name)
    }

    /// A thing without keys.
    pub fn at(place: Place) -> Places {
        Places::new(place, Vec::new())
    }

    pub fn section(&self) -> Place {
        self.section
    }
}

/// The value where it stands on the key's line, otherwise the key.
pub(crate) fn spot(key: &Key, value: &Node) -> Place {
    if value.place.line == key.place.line { value.place } else { key.place }
}
