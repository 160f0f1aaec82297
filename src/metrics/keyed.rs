//! Counters under names.

use indexmap::IndexMap;

/// What is counted under the name. Only the first of a name allocates.
pub(super) fn entry<'m, T: Default>(map: &'m mut IndexMap<Box<str>, T>, key: &str) -> &'m mut T {
    let index = map.get_index_of(key).unwrap_or_else(|| map.insert_full(key.into(), T::default()).0);
    &mut map[index]
}
