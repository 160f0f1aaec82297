//! Two files of JSON lines read in step: rows that stand in the same place in both are compared and forgotten, so that two
//! runs over one dataset need the memory of a block, however long they are.

use super::diff::Tally;
use super::load::{Lines, LoadError, Loading, Side};
use super::pair::same_in_place;
use super::row::Rows;
use super::vocabulary::Vocabulary;

/// What came of rows in the same place, and the rows that found no partner there.
#[derive(Debug, Default)]
pub(super) struct InPlace {
    pub tally: Tally,
    /// The place in its file of each row of the baseline that is left.
    pub places: Vec<u64>,
    rest_a: Rows,
    rest_b: Rows,
    /// Rows of either file that were looked at.
    passed: u64,
}

/// Reads both files to their ends. The sides keep the rows that have no partner in their place.
///
/// # Errors
/// A file cannot be read, or has a line that is no row.
pub(super) fn load_in_step(
    (mut a, mut lines_a): (Loading, Lines),
    (mut b, mut lines_b): (Loading, Lines),
    vocabulary: &mut Vocabulary,
) -> Result<(Side, Side, InPlace), LoadError> {
    let mut found = InPlace::default();
    let (mut more_a, mut more_b) = (true, true);
    while more_a || more_b {
        // Whoever has fewer rows waiting reads on, so that files with longer and shorter rows stay in step.
        let waiting = |side: &Loading| side.rows.as_ref().map_or(0, Rows::len);
        if more_a && (!more_b || waiting(&a) <= waiting(&b)) {
            more_a = a.next_lines(&mut lines_a, vocabulary)?;
        } else {
            more_b = b.next_lines(&mut lines_b, vocabulary)?;
        }
        found.pass(a.rows.get_or_insert_default(), b.rows.get_or_insert_default(), vocabulary);
    }
    // One of them is empty by now.
    let left_a = a.rows.take().unwrap_or_default();
    found.places.extend((found.passed..).take(left_a.len()));
    found.rest_a.append_from(&left_a, 0..left_a.len());
    let left_b = b.rows.take().unwrap_or_default();
    found.rest_b.append_from(&left_b, 0..left_b.len());
    a.rows = Some(std::mem::take(&mut found.rest_a));
    b.rows = Some(std::mem::take(&mut found.rest_b));
    Ok((a.finish()?, b.finish()?, found))
}

impl InPlace {
    /// Compares the places for which both have a row.
    fn pass(&mut self, a: &mut Rows, b: &mut Rows, vocabulary: &Vocabulary) {
        let both = a.len().min(b.len());
        for i in 0..both {
            let place = self.passed + i as u64;
            if same_in_place(a, b, i) {
                self.tally.add(place, (a.id(i), &a.rows[i]), (b.id(i), &b.rows[i]), vocabulary);
            } else {
                self.places.push(place);
                self.rest_a.append_from(a, i..i + 1);
                self.rest_b.append_from(b, i..i + 1);
            }
        }
        a.drop_first(both);
        b.drop_first(both);
        self.passed += both as u64;
    }
}
