//! Compound beacons (specification: `searchable-encryption/beacons.md`, Compound Beacon).

use dynaseal_core::Item;

use crate::error::BeaconError;
use crate::location::Location;
use crate::standard::{Maker, Standard};
use crate::virtual_field::{Virtual, text_at};

/// A beacon of several values.
#[derive(Clone, Debug)]
pub(crate) struct Compound {
    pub(crate) name: String,
    /// The attribute that it is stored as: its own name, if everything in it is signed.
    pub(crate) stored: String,
    pub(crate) split: char,
    pub(crate) parts: Vec<Part>,
    /// Places of parts, and whether they are required.
    pub(crate) constructors: Vec<Vec<(usize, bool)>>,
}

/// One of its values.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) kind: PartKind,
}

#[derive(Clone, Debug)]
pub(crate) enum PartKind {
    Signed(Location),
    /// The place of its standard beacon.
    Encrypted(usize),
}

/// What compound beacons are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ingredients<'s> {
    pub(crate) standard: &'s [Standard],
    pub(crate) fields: &'s [Virtual],
}

impl Compound {
    /// Whether everything in it is signed, so that its values are exact.
    pub(crate) fn is_signed(&self) -> bool {
        self.parts.iter().all(Part::is_signed)
    }

    /// The attributes that its signed parts are made from.
    pub(crate) fn signed_sources(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match &part.kind {
            PartKind::Signed(location) => Some(location.attribute()),
            PartKind::Encrypted(_) => None,
        })
    }

    /// The beacon of an item; none if no constructor fits. Without a maker it is the text that queries compare with.
    pub(crate) fn of_item(
        &self,
        item: &Item,
        of: Ingredients<'_>,
        maker: Option<Maker<'_>>,
    ) -> Result<Option<String>, BeaconError> {
        for constructor in &self.constructors {
            if let Some(made) = self.construct(constructor, item, of, maker)? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    fn construct(
        &self,
        constructor: &[(usize, bool)],
        item: &Item,
        of: Ingredients<'_>,
        maker: Option<Maker<'_>>,
    ) -> Result<Option<String>, BeaconError> {
        let mut made = String::new();
        for (place, required) in constructor {
            let Some(part) = self.parts.get(*place) else { continue };
            let text = match &part.kind {
                PartKind::Signed(location) => text_at(location, item, &self.name)?.map(str::to_owned),
                PartKind::Encrypted(beacon) => match of.standard.get(*beacon) {
                    Some(beacon) => beacon.text_of(item, of.fields)?,
                    None => None,
                },
            };
            match text {
                Some(text) if text.contains(self.split) => {
                    let (beacon, part) = (self.name.clone(), part.name.clone());
                    return Err(BeaconError::SplitCharacter { beacon, part, split: self.split });
                }
                Some(text) => {
                    if !made.is_empty() {
                        made.push(self.split);
                    }
                    self.push_part(part, &text, of, maker, &mut made);
                }
                None if *required => return Ok(None),
                None => {}
            }
        }
        Ok(Some(made))
    }

    /// Prefix and value of a part.
    pub(crate) fn push_part(
        &self,
        part: &Part,
        text: &str,
        of: Ingredients<'_>,
        maker: Option<Maker<'_>>,
        made: &mut String,
    ) {
        made.push_str(&part.prefix);
        match (&part.kind, maker) {
            (PartKind::Encrypted(beacon), Some(maker)) => {
                if let Some(beacon) = of.standard.get(*beacon) {
                    made.push_str(&beacon.hash(maker, text.as_bytes()));
                }
            }
            _ => made.push_str(text),
        }
    }

    /// The parts of a value in a query, with their texts; `None` for a piece that has no part's prefix.
    pub(crate) fn parse<'v>(&self, value: &'v str) -> Vec<Option<(usize, &'v str)>> {
        let part_of = |piece: &'v str| {
            let mut parts = self.parts.iter().enumerate();
            parts.find_map(|(place, part)| Some((place, piece.strip_prefix(part.prefix.as_str())?)))
        };
        value.split(self.split).map(part_of).collect()
    }

    /// Whether some constructor can make a value that has these parts, next to each other: what comes before the first and
    /// behind the last may be missing, in between only optional parts.
    pub(crate) fn can_have(&self, places: &[usize]) -> bool {
        self.constructors.iter().any(|constructor| {
            let mut wanted = places.iter().peekable();
            let mut begun = false;
            for (place, required) in constructor {
                match wanted.peek() {
                    None => return true,
                    Some(next) if *next == place => {
                        wanted.next();
                        begun = true;
                    }
                    Some(_) if *required && begun => return false,
                    Some(_) => {}
                }
            }
            wanted.peek().is_none()
        })
    }

    /// How a value is put together, for messages: `S-[Y-]A-, A-Y-`.
    pub(crate) fn shape(&self) -> String {
        let part = |(place, required): &(usize, bool)| {
            let prefix = self.parts.get(*place).map_or("", |part| &part.prefix);
            if *required { prefix.to_owned() } else { format!("[{prefix}]") }
        };
        let constructors = self.constructors.iter().map(|of| of.iter().map(part).collect::<String>());
        constructors.collect::<Vec<_>>().join(", ")
    }
}

impl Part {
    pub(crate) fn is_signed(&self) -> bool {
        matches!(self.kind, PartKind::Signed(_))
    }

    /// Whether it is made from this very attribute, for everybody to read.
    pub(crate) fn is_at(&self, attribute: &str) -> bool {
        matches!(&self.kind, PartKind::Signed(location) if location.is_attribute() && location.attribute() == attribute)
    }
}
