//! Which beacon a path of a request is, and what stands in its place.

use dynaseal_core::RESERVED_PREFIX;
use dynaseal_expression::{DocumentPath, Element, Name, ResolveError, ResolvedPath};

use super::error::QueryError;
use super::rules::{Decision, PathNames, Walk};
use crate::search::{Beacon, BeaconId, STORED_PREFIX};
use crate::standard::Source;

impl<'a> Walk<'a> {
    /// The path of `attribute_exists`: an encrypted attribute exists as what it is; what is inside of one exists if its
    /// beacon does.
    pub(super) fn existing(&mut self, path: &DocumentPath) -> Result<DocumentPath, QueryError> {
        let resolved = self.resolve(path)?;
        if resolved.elements.is_empty() && self.search.table.action(resolved.attribute).is_some() {
            self.keep(path);
            return Ok(path.clone());
        }
        match self.beacon_at(path)? {
            Some(id) => Ok(self.use_beacon(path, id)),
            None => {
                self.keep(path);
                Ok(path.clone())
            }
        }
    }

    pub(super) fn keep(&mut self, path: &DocumentPath) {
        self.paths.push((names_of(path), Decision::Keep));
    }

    /// The beacon takes the place of the path in what is sent; what opened items are asked comes back.
    pub(super) fn use_beacon(&mut self, path: &DocumentPath, id: BeaconId) -> DocumentPath {
        let beacon = self.search.get(id);
        let stored = beacon.stored().to_owned();
        let decision = match self.is_signed(id) {
            true => Decision::Keep,
            false => Decision::Stored(stored.clone()),
        };
        self.paths.push((names_of(path), decision));
        match beacon {
            Beacon::Standard(standard) if let Source::At(location) = &standard.source => location.path(),
            // What is stored was made, or checked, when the item was written.
            Beacon::Compound(compound) if compound.is_signed() => path.clone(),
            _ => {
                self.computed.insert(id);
                Name::Bare(stored).into()
            }
        }
    }

    /// The beacon that a path is, if it is one. What is encrypted and has none is an error.
    pub(super) fn beacon_at(&self, path: &DocumentPath) -> Result<Option<BeaconId>, QueryError> {
        let (kind, resolved) = (self.kind, self.resolve(path)?);
        let name = resolved.attribute;
        let by_name = || self.search.by_name.get(name).or_else(|| self.by_stored_name(name));
        let by_location = || {
            let mut beacons = self.search.standard.iter().enumerate();
            let found = beacons.find(|(_, beacon)| match &beacon.source {
                Source::At(location) => location.is_at(&resolved),
                Source::Virtual(field) => {
                    resolved.elements.is_empty() && self.search.fields.get(*field).is_some_and(|of| of.name == name)
                }
            });
            found.map(|(place, _)| BeaconId::Standard(place))
        };
        let found = if resolved.elements.is_empty() { by_name().copied() } else { None };
        if let Some(id) = found.or_else(by_location) {
            return match self.search.get(id) {
                Beacon::Standard(beacon) if beacon.part_only => {
                    Err(QueryError::PartOnly { kind, beacon: beacon.name.clone() })
                }
                _ => Ok(Some(id)),
            };
        }
        if Some(name) == self.search.dropped.as_deref() {
            return Err(QueryError::TenantNotStored { kind, key_field: name.to_owned() });
        }
        if !resolved.elements.is_empty() && self.search.is_only_searched(name) {
            return Err(QueryError::InsideOfBeacon { kind, path: resolved.to_string() });
        }
        if let Some(name) = resolved.find_name(|name| name.starts_with(RESERVED_PREFIX)) {
            return Err(QueryError::Reserved { kind, name: name.to_owned() });
        }
        if self.search.is_encrypted(name) {
            return Err(match resolved.elements.is_empty() {
                true => QueryError::NoBeacon { kind, name: name.to_owned() },
                false => QueryError::NoBeaconInside { kind, path: resolved.to_string() },
            });
        }
        if self.search.fields.iter().any(|field| field.name == name) {
            return Err(QueryError::VirtualField { kind, field: name.to_owned() });
        }
        Ok(None)
    }

    fn by_stored_name(&self, name: &str) -> Option<&'a BeaconId> {
        let id = self.search.by_name.get(name.strip_prefix(STORED_PREFIX)?)?;
        (self.search.get(*id).stored() == name).then_some(id)
    }

    pub(super) fn resolve<'p>(&self, path: &'p DocumentPath) -> Result<ResolvedPath<'p>, QueryError>
    where
        'a: 'p,
    {
        let name = |name: &'p Name| match name {
            Name::Bare(name) => Ok(name.as_str()),
            Name::Placeholder(placeholder) => self.names.get(placeholder).map(String::as_str).ok_or_else(|| {
                let (kind, name) = (self.kind, placeholder.clone());
                QueryError::Resolve(ResolveError::UndefinedName { kind, name })
            }),
        };
        ResolvedPath::new(path, name)
    }
}

/// Every name of a path, its attribute first.
pub(super) fn names_of(path: &DocumentPath) -> PathNames {
    let below = path.elements.iter().filter_map(|element| match element {
        Element::Name(name) => Some(name.clone()),
        Element::Index(_) => None,
    });
    let names = std::iter::once(path.attribute.clone()).chain(below).collect();
    PathNames { names, is_whole: path.elements.is_empty() }
}
