//! Sample ids must be unique, for two runs are paired by them. Checked in flat memory: ids are kept as 64-bit hashes, and
//! beyond some hundred thousand of them in sorted runs on disk that are merged at the end.

use crate::dataset::{Line, Place};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::sync::Arc;

/// Ids that are held in memory before they go to disk, 24 bytes each.
const HELD: usize = 1 << 17;

/// An id's hash, with file and line of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u64,
    file: u64,
    line: u64,
}

/// Two rows with the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateId {
    /// The row that has it first.
    pub first: Place,
    /// A later one.
    pub second: Place,
}

/// Gathers the ids of a dataset.
#[derive(Debug, Default)]
pub struct IdCheck {
    held: Vec<Entry>,
    runs: Vec<std::fs::File>,
    places: Vec<PlaceOf>,
}

/// A list of rows: a file, or a list within one.
#[derive(Debug)]
struct PlaceOf {
    file: Arc<str>,
    sample: Place,
}

/// The hash under which an id is remembered. With 64 bits, two different ids among ten million are taken for one in a
/// run out of some 370,000.
#[must_use]
pub fn id_hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

impl IdCheck {
    /// Adds the ids of rows of one batch; `place` gives the place of a line of it.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn add(
        &mut self,
        file: &Arc<str>,
        ids: &[(u64, Line)],
        place: impl Fn(Line) -> Place,
    ) -> Result<(), std::io::Error> {
        let Some((_, first)) = ids.first() else { return Ok(()) };
        let sample = place(*first);
        let known = self.places.last().is_some_and(|p| Arc::ptr_eq(&p.file, file) && same_list(&p.sample, &sample));
        if !known {
            self.places.push(PlaceOf { file: Arc::clone(file), sample });
        }
        let file = self.places.len() as u64 - 1;
        self.held.extend(ids.iter().map(|(hash, line)| Entry { hash: *hash, file, line: line.0 }));
        if self.held.len() >= HELD {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> Result<(), std::io::Error> {
        self.held.sort_unstable();
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for entry in &self.held {
            for part in [entry.hash, entry.file, entry.line] {
                out.write_all(&part.to_le_bytes())?;
            }
        }
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        self.held.clear();
        Ok(())
    }

    /// The first pairs of rows with the same id (up to `most`), and how many rows repeat an id.
    ///
    /// # Errors
    /// When the temporary files cannot be read.
    pub fn finish(mut self, most: usize) -> Result<(Vec<DuplicateId>, u64), std::io::Error> {
        self.held.sort_unstable();
        let mut runs: Vec<Run> = std::mem::take(&mut self.runs).into_iter().map(Run::on_disk).collect();
        runs.push(Run::Held(std::mem::take(&mut self.held).into_iter()));
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (i, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next()?.map(|entry| Reverse((entry, i))));
        }
        let (mut pairs, mut count): (Vec<(Entry, Entry)>, u64) = (Vec::new(), 0);
        let mut first: Option<Entry> = None;
        while let Some(Reverse((entry, i))) = heads.pop() {
            heads.extend(runs[i].next()?.map(|entry| Reverse((entry, i))));
            match first {
                Some(earlier) if earlier.hash == entry.hash => {
                    count += 1;
                    pairs.push((earlier, entry));
                    // Keep the earliest in the dataset, not the smallest hashes.
                    if pairs.len() > 4 * most {
                        pairs.sort_unstable_by_key(|(_, second)| (second.file, second.line));
                        pairs.truncate(most);
                    }
                }
                _ => first = Some(entry),
            }
        }
        pairs.sort_unstable_by_key(|(_, second)| (second.file, second.line));
        pairs.truncate(most);
        let place = |entry: &Entry| at_line(&self.places[usize::try_from(entry.file).unwrap_or(0)].sample, entry.line);
        let duplicates =
            pairs.iter().map(|(first, second)| DuplicateId { first: place(first), second: place(second) }).collect();
        Ok((duplicates, count))
    }
}

fn same_list(a: &Place, b: &Place) -> bool {
    match (a, b) {
        (Place::Line { .. }, Place::Line { .. }) => true,
        (Place::Item { list: a, .. }, Place::Item { list: b, .. }) => a == b,
        _ => false,
    }
}

fn at_line(sample: &Place, at: u64) -> Place {
    match sample {
        Place::Line { file, .. } => Place::Line { file: Arc::clone(file), line: at, column: 0 },
        Place::Item { file, list, .. } => Place::Item { file: Arc::clone(file), list: Arc::clone(list), index: at },
    }
}

/// A sorted run of entries.
enum Run {
    Held(std::vec::IntoIter<Entry>),
    OnDisk(BufReader<std::fs::File>),
}

impl Run {
    fn on_disk(file: std::fs::File) -> Self {
        Run::OnDisk(BufReader::new(file))
    }

    fn next(&mut self) -> Result<Option<Entry>, std::io::Error> {
        let reader = match self {
            Run::Held(entries) => return Ok(entries.next()),
            Run::OnDisk(reader) => reader,
        };
        let mut parts = [0u64; 3];
        for part in &mut parts {
            let mut bytes = [0; 8];
            match reader.read_exact(&mut bytes) {
                Ok(()) => *part = u64::from_le_bytes(bytes),
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(Some(Entry { hash: parts[0], file: parts[1], line: parts[2] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: Line) -> Place {
        Place::Line { file: "d.jsonl".into(), line: line.0, column: 0 }
    }

    #[test]
    fn both_lines_of_a_repeated_id_are_named_also_across_runs_on_disk() {
        for spill in [false, true] {
            let mut check = IdCheck::default();
            let file: Arc<str> = "d.jsonl".into();
            for batch in [[("a", 1), ("b", 2)], [("c", 3), ("a", 4)], [("b", 5), ("a", 6)]] {
                let ids = batch.map(|(id, line)| (id_hash(id), Line(line)));
                check.add(&file, &ids, place).unwrap();
                if spill {
                    check.spill().unwrap();
                }
            }
            let (pairs, count) = check.finish(2).unwrap();
            assert_eq!(count, 3);
            let lines: Vec<_> = pairs.iter().map(|p| (p.first.to_string(), p.second.to_string())).collect();
            assert_eq!(
                lines,
                [("d.jsonl:1".to_owned(), "d.jsonl:4".to_owned()), ("d.jsonl:2".to_owned(), "d.jsonl:5".to_owned())]
            );
        }
    }

    #[test]
    fn unique_ids_pass() {
        let mut check = IdCheck::default();
        let ids: Vec<_> = (0..1000).map(|i| (id_hash(&i.to_string()), Line(i))).collect();
        check.add(&"d".into(), &ids, place).unwrap();
        assert_eq!(check.finish(20).unwrap(), (Vec::new(), 0));
    }
}
