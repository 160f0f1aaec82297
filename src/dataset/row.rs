//! From one row, JSON or CSV, to a sample.

use super::columns::{Column, Columns, Labels, Target};
use super::error::{BadRow, Place};
use super::sample::{Context, Sample, SampleIdentity, Subject};
use super::typed;
use crate::api::{Decision, Stage};
use crate::value::{JsonReader, write_json_str};
use std::borrow::Cow;
use std::sync::Arc;

/// How rows are read.
#[derive(Clone, Debug)]
pub struct RowReader {
    /// Which keys are read as what.
    pub columns: Columns,
    /// What labels mean.
    pub labels: Labels,
    /// The stage or hook of rows that name none.
    pub default_context: Context,
}

impl Default for RowReader {
    fn default() -> Self {
        RowReader {
            columns: Columns::default(),
            labels: Labels::default(),
            default_context: Context::Stage(Stage::Input),
        }
    }
}

/// Where a row stands in its file.
#[derive(Clone, Debug)]
pub(super) enum RowPlace {
    /// It starts at this line and column.
    Text { file: Arc<str>, line: u64, column: u64 },
    /// It is a record without columns.
    Record { file: Arc<str>, line: u64 },
    /// It is an item of a list.
    Item { file: Arc<str>, list: Arc<str>, index: u64 },
}

impl RowPlace {
    /// The place of byte `offset` of the row's text.
    fn at(&self, text: &str, offset: usize) -> Place {
        match self {
            RowPlace::Text { file, line, column } => {
                let within = JsonReader::new(text).error_at(offset, "");
                let first = within.line == 1;
                Place::Line {
                    file: Arc::clone(file),
                    line: line + within.line as u64 - 1,
                    column: within.column as u64 + if first { column - 1 } else { 0 },
                }
            }
            RowPlace::Record { file, line } => Place::Line { file: Arc::clone(file), line: *line, column: 0 },
            RowPlace::Item { file, list, index } => {
                Place::Item { file: Arc::clone(file), list: Arc::clone(list), index: *index }
            }
        }
    }
}

/// A value of a row, not looked into.
#[derive(Clone, Debug)]
pub(super) enum CellValue<'a> {
    /// A JSON string, decoded.
    Str(Cow<'a, str>),
    /// Any other JSON value as it stands.
    Json(&'a str),
    /// A CSV cell.
    Plain(&'a str),
}

/// A value of a row, with its key and place.
#[derive(Clone, Debug)]
pub(super) struct Cell<'a> {
    pub key: Cow<'a, str>,
    pub value: CellValue<'a>,
    rank: u8,
    offset: usize,
}

impl<'a> Cell<'a> {
    fn is_blank(&self) -> bool {
        match &self.value {
            CellValue::Str(s) => s.is_empty(),
            CellValue::Json(raw) => *raw == "null",
            CellValue::Plain(s) => s.is_empty(),
        }
    }

    /// Whether the row says something here (JSON null and an empty CSV cell say nothing).
    fn is_given(&self) -> bool {
        match &self.value {
            CellValue::Str(_) => true,
            CellValue::Json(raw) => *raw != "null",
            CellValue::Plain(s) => !s.is_empty(),
        }
    }

    /// "`key` is an integer (5)": what stands here, for messages.
    pub fn described(&self) -> String {
        let quoted = |s: &str| {
            let cut: String = s.chars().take(40).collect();
            if cut.len() < s.len() { format!("{cut:?}...") } else { format!("{cut:?}") }
        };
        match &self.value {
            CellValue::Str(s) => format!("`{}` is {}", self.key, quoted(s)),
            CellValue::Plain(s) => format!("column `{}` holds {}", self.key, quoted(s)),
            CellValue::Json(raw) => {
                let kind = json_kind(raw);
                let cut: String = raw.chars().take(40).collect();
                let dots = if cut.len() < raw.len() { "..." } else { "" };
                match *raw {
                    "null" => format!("`{}` is null", self.key),
                    _ => format!("`{}` is {kind} ({cut}{dots})", self.key),
                }
            }
        }
    }

    /// The value as JSON text: a CSV cell that holds no JSON is a string.
    pub fn json(&self) -> Cow<'a, str> {
        let string = |s: &str| {
            let mut out = String::with_capacity(s.len() + 2);
            write_json_str(s, false, &mut out);
            Cow::Owned(out)
        };
        match &self.value {
            CellValue::Str(s) => string(s),
            CellValue::Json(raw) => one_line(raw),
            CellValue::Plain(s) => {
                let mut reader = JsonReader::new(s);
                if reader.skip().is_ok() && reader.end().is_ok() { one_line(s) } else { string(s) }
            }
        }
    }
}

/// Kind of a JSON value, from its first byte.
fn json_kind(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// JSON on one line. Raw line breaks stand only between tokens, never inside strings.
fn one_line(raw: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\n', b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.replace(['\n', '\r'], " "))
}

/// What is wrong with a row, before its place is known: byte offset and message.
pub(super) type Fault = (usize, String);

/// The values of one row by column.
pub(super) struct Cells<'a> {
    cells: [Option<Cell<'a>>; Column::COUNT],
    metadata: Vec<(usize, Cell<'a>)>,
}

impl<'a> Cells<'a> {
    fn new() -> Self {
        Cells { cells: [const { None }; Column::COUNT], metadata: Vec::new() }
    }

    fn put(&mut self, target: Target, mut cell: Cell<'a>) {
        match target {
            Target::Metadata(index) => {
                if cell.is_given() {
                    self.metadata.push((index, cell));
                }
            }
            Target::Column(column, rank) => {
                cell.rank = rank;
                let slot = &mut self.cells[column as usize];
                let better = match slot {
                    None => true,
                    Some(old) if old.is_blank() != cell.is_blank() => old.is_blank(),
                    Some(old) => rank <= old.rank,
                };
                if better {
                    *slot = Some(cell);
                }
            }
        }
    }

    /// The cell of a column, also when it is null.
    pub fn cell(&self, column: Column) -> Option<&Cell<'a>> {
        self.cells[column as usize].as_ref()
    }

    /// The cell of a column where the row says something.
    pub fn given(&self, column: Column) -> Option<&Cell<'a>> {
        self.cell(column).filter(|c| c.is_given())
    }

    /// A fault at a cell.
    pub fn fault(cell: &Cell<'_>, expected: &str) -> Fault {
        (cell.offset, format!("{}, expected {expected}", cell.described()))
    }

    /// The text of a column.
    pub fn text(&self, column: Column) -> Result<Option<Cow<'a, str>>, Fault> {
        match self.given(column) {
            None => Ok(None),
            Some(Cell { value: CellValue::Str(s), .. }) => Ok(Some(s.clone())),
            Some(Cell { value: CellValue::Plain(s), .. }) => Ok(Some(Cow::Borrowed(s))),
            Some(cell) => Err(Self::fault(cell, "a string")),
        }
    }

    /// Takes the text of a column out; saves copying a decoded text.
    fn take_text(&mut self, column: Column) -> Result<Option<Cow<'a, str>>, Fault> {
        self.text(column).map(drop)?;
        Ok(match self.cells[column as usize].take() {
            Some(Cell { value: CellValue::Str(s), .. }) => Some(s),
            Some(Cell { value: CellValue::Plain(s), .. }) => Some(Cow::Borrowed(s)),
            _ => None,
        })
    }
}

impl RowReader {
    /// The sample of a JSON row. `number` is the row's over the whole dataset.
    pub(super) fn json_row<'a>(&self, text: &'a str, number: u64, place: &RowPlace) -> Result<Sample<'a>, BadRow> {
        // Filled in place: cells are large.
        let mut cells = Cells::new();
        self.json_cells(text, &mut cells)
            .and_then(|()| self.sample(&mut cells, number))
            .map_err(|(offset, message)| BadRow { place: place.at(text, offset), message })
    }

    fn json_cells<'a>(&self, text: &'a str, cells: &mut Cells<'a>) -> Result<(), Fault> {
        let mut reader = JsonReader::new(text);
        match reader.peek() {
            Some(b'{') | None => {}
            Some(_) => {
                let start = reader.offset();
                let raw = reader.skip().map_err(|e| (e.offset, e.message))?;
                return Err((start, format!("the row is {}, expected an object", json_kind(raw))));
            }
        }
        reader
            .object(|reader, key| {
                let Some(target) = self.columns.target(&key) else { return reader.skip().map(drop) };
                let first = reader.peek();
                let offset = reader.offset();
                let value = match first {
                    Some(b'"') => CellValue::Str(reader.string()?),
                    _ => CellValue::Json(reader.skip()?),
                };
                cells.put(target, Cell { key, value, rank: 0, offset });
                Ok(())
            })
            .and_then(|()| reader.end())
            .map_err(|e| (e.offset, e.message))
    }

    /// The sample of a CSV record: its cells, and what each header means.
    pub(super) fn csv_row<'a>(
        &self,
        cells: impl Iterator<Item = &'a str>,
        header: &'a Header,
        number: u64,
        place: &RowPlace,
    ) -> Result<Sample<'a>, BadRow> {
        let mut row = Cells::new();
        for (text, (key, target)) in cells.zip(&header.columns) {
            if let Some(target) = target {
                row.put(*target, Cell { key: Cow::Borrowed(key), value: CellValue::Plain(text), rank: 0, offset: 0 });
            }
        }
        // An empty cell is an empty text, not a missing one.
        let text = &mut row.cells[Column::InputText as usize];
        if let Some(cell) = text.as_mut().filter(|c| matches!(c.value, CellValue::Plain(""))) {
            cell.value = CellValue::Str(Cow::Borrowed(""));
        }
        self.sample(&mut row, number).map_err(|(_, message)| BadRow { place: place.at("", 0), message })
    }

    fn sample<'a>(&self, cells: &mut Cells<'a>, number: u64) -> Result<Sample<'a>, Fault> {
        let context = self.context(cells)?;
        let expected_decision = self.label(cells)?;
        let metadata = self.metadata(cells)?;
        let expected_rule_hits = rule_hits(cells)?;
        let id = match cells.given(Column::Id).filter(|c| !c.is_blank()) {
            None => Cow::Owned(number.to_string()),
            Some(_) => id(cells)?,
        };
        let identity = SampleIdentity {
            tenant_id: cells.take_text(Column::TenantId)?,
            app_id: cells.take_text(Column::AppId)?,
            agent_id: cells.take_text(Column::AgentId)?,
            env: cells.take_text(Column::Env)?,
            session_id: cells.take_text(Column::SessionId)?,
        };
        let mut text = cells.take_text(Column::InputText)?;
        if context == Context::Stage(Stage::Output)
            && let Some(output) = cells.take_text(Column::OutputText)?.filter(|t| !t.is_empty())
        {
            text = Some(output);
        }
        let (text, subject) = match typed::subject(cells, context, text.as_ref(), metadata.as_deref())? {
            Some(typed) => typed,
            None => match text {
                Some(text) => (text, Subject::Text),
                None => return Err((0, self.no_text(cells, context))),
            },
        };
        Ok(Sample { id, text, context, subject, expected_decision, expected_rule_hits, metadata, identity })
    }

    fn no_text(&self, cells: &Cells<'_>, context: Context) -> String {
        if let Some((column, fits)) = typed::misplaced(cells, context) {
            return format!(
                "`{}` belongs to the context {fits}, and this row's is {}; write \"context\": \"{fits}\", or give the \
                 text as `input_text`",
                column.name(),
                context.name()
            );
        }
        if let Some(own) = typed::telling(context) {
            // A declaration is no text.
            let or = if own == Column::Manifest { "" } else { ", or `input_text`" };
            return format!("the row has no text: expected `{}`, as fits {}{or}", own.name(), context.name());
        }
        match *self.columns.keys_of(Column::InputText) {
            ["input_text", ..] => "the row has no text: expected `input_text` (or `text` or `prompt`); \
                                   --map input_text=KEY reads it from another key"
                .to_owned(),
            ref keys => {
                format!("the row has no text: expected `{}`, as --map input_text says", keys.join("` or `"))
            }
        }
    }

    fn context(&self, cells: &Cells<'_>) -> Result<Context, Fault> {
        match (cells.text(Column::Context)?, cells.given(Column::Context)) {
            (Some(name), Some(cell)) if !name.is_empty() => {
                Context::from_name(&name).ok_or_else(|| Cells::fault(cell, &format!("one of {}", Context::names())))
            }
            _ => Ok(self.default_context),
        }
    }

    fn label(&self, cells: &Cells<'_>) -> Result<Option<Decision>, Fault> {
        let Some(cell) = cells.given(Column::ExpectedDecision) else { return Ok(None) };
        let label: &str = match &cell.value {
            CellValue::Str(s) => s,
            CellValue::Json(raw) | CellValue::Plain(raw) => raw,
        };
        let scalar = !matches!(cell.value, CellValue::Json(raw) if raw.starts_with(['{', '[']));
        match self.labels.decision(label).filter(|_| scalar) {
            Some(decision) => Ok(decision),
            None if label.trim().is_empty() => Ok(None),
            None => Err(Cells::fault(
                cell,
                "ALLOW, WARN, BLOCK, REDACT or TRANSFORM (or null: unlabelled); \
                 --label says what other labels mean, such as --label unsafe=BLOCK",
            )),
        }
    }

    fn metadata<'a>(&self, cells: &Cells<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
        let own = match cells.given(Column::Metadata) {
            None => None,
            Some(cell) => Some(match &cell.value {
                CellValue::Json(raw) if raw.starts_with('{') => one_line(raw),
                CellValue::Plain(text) if is_json_object(text) => one_line(text.trim()),
                CellValue::Plain(_) => return Err(Cells::fault(cell, "a JSON object or nothing")),
                _ => return Err(Cells::fault(cell, "an object or null")),
            }),
        };
        if cells.metadata.is_empty() {
            return Ok(own);
        }
        let own_keys = own.as_deref().map(top_keys).unwrap_or_default();
        let inside = own.as_deref().and_then(|o| o.strip_prefix('{')?.strip_suffix('}')).unwrap_or("");
        let mut joined = String::from("{");
        joined.push_str(inside);
        for (index, cell) in &cells.metadata {
            let name = self.columns.metadata_name(*index);
            if own_keys.iter().any(|k| k == name) {
                continue;
            }
            if joined.trim_end().len() > 1 {
                joined.push_str(", ");
            }
            write_json_str(name, false, &mut joined);
            joined.push_str(": ");
            joined.push_str(&cell.json());
        }
        joined.push('}');
        Ok(Some(Cow::Owned(joined)))
    }
}

fn is_json_object(text: &str) -> bool {
    let mut reader = JsonReader::new(text);
    reader.peek() == Some(b'{') && reader.skip().is_ok() && reader.end().is_ok()
}

fn top_keys(object: &str) -> Vec<Cow<'_, str>> {
    let mut keys = Vec::new();
    // The text was read as an object before, so this cannot fail; if it did, no key would be known.
    let _ = JsonReader::new(object).object(|reader, key| {
        keys.push(key);
        reader.skip().map(drop)
    });
    keys
}

fn id<'a>(cells: &mut Cells<'a>) -> Result<Cow<'a, str>, Fault> {
    match cells.given(Column::Id) {
        Some(Cell { value: CellValue::Json(raw), .. }) if is_integer(raw) => Ok(Cow::Borrowed(raw)),
        Some(cell @ Cell { value: CellValue::Json(_), .. }) => Err(Cells::fault(cell, "a string or an integer")),
        _ => Ok(cells.take_text(Column::Id)?.unwrap_or_default()),
    }
}

fn is_integer(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn rule_hits(cells: &Cells<'_>) -> Result<Option<Vec<String>>, Fault> {
    let Some(cell) = cells.given(Column::ExpectedRuleHits) else { return Ok(None) };
    let fault = || Cells::fault(cell, "a list of rule ids, such as [\"pii.email\"], or null");
    let raw: &str = match &cell.value {
        CellValue::Json(raw) => raw,
        CellValue::Plain(text) => text,
        CellValue::Str(_) => return Err(fault()),
    };
    let mut ids = Vec::new();
    let mut reader = JsonReader::new(raw);
    let read = reader.array(|reader| {
        ids.push(reader.string()?.into_owned());
        Ok(())
    });
    match read.and_then(|()| reader.end()) {
        Ok(()) => Ok(Some(ids)),
        Err(_) => Err(fault()),
    }
}

/// The headers of a CSV file and what each means.
#[derive(Debug)]
pub(super) struct Header {
    pub columns: Vec<(Box<str>, Option<Target>)>,
}
