//! Typed stage requests: chunks, plans, loop steps, memory writes, tool calls and manifests as the reference's typed
//! endpoints take them, turned into the text and metadata that it evaluates.

use super::columns::Column;
use super::row::{Cell, CellValue, Cells, Fault};
use super::sample::{Context, Subject};
use crate::api::Stage;
use crate::engine::Hook;
use crate::value::{Map, Value, parse_json, python_json};
use std::borrow::Cow;

/// The columns that make a row a typed request of a context.
const SHAPES: &[(Context, &[Column])] = &[
    (Context::Stage(Stage::Retrieval), &[Column::Chunks, Column::ScopeEnforcedInQuery]),
    (Context::Stage(Stage::Tool), &[Column::ToolName, Column::ToolArgs, Column::ToolResult]),
    (Context::Stage(Stage::AgentPlan), &[Column::Plan]),
    (Context::Stage(Stage::AgentLoop), &[Column::Action, Column::Iteration, Column::MaxIterations]),
    (Context::Stage(Stage::MemoryWrite), &[Column::MemoryKey, Column::MemoryValue]),
    (Context::Hook(Hook::ToolRegistration), &[Column::Manifest]),
];

/// The column that a typed row of the context cannot do without.
pub(super) fn telling(context: Context) -> Option<Column> {
    let (_, columns) = SHAPES.iter().find(|(c, _)| *c == context)?;
    // Of a memory write that is the value, which comes after its key.
    columns.iter().copied().find(|column| *column != Column::MemoryKey)
}

/// A column of the row that belongs to another context than the row's, and that context's name.
pub(super) fn misplaced(cells: &Cells<'_>, context: Context) -> Option<(Column, &'static str)> {
    let others = SHAPES.iter().filter(|(c, _)| *c != context);
    others
        .flat_map(|(c, columns)| columns.iter().map(|column| (*column, c.name())))
        .find(|(column, _)| cells.given(*column).is_some())
}

/// The text and subject of a row that has its context's typed columns; none for a row of plain text.
pub(super) fn subject<'a>(
    cells: &Cells<'a>,
    context: Context,
    text: Option<&Cow<'a, str>>,
    metadata: Option<&str>,
) -> Result<Option<(Cow<'a, str>, Subject<'a>)>, Fault> {
    let Some((_, columns)) = SHAPES.iter().find(|(c, _)| *c == context) else { return Ok(None) };
    // A null plan or manifest is one; elsewhere null says nothing.
    let present = |column: Column| match column {
        Column::Plan | Column::Manifest => cells.cell(column).filter(|c| !matches!(c.value, CellValue::Plain(""))),
        _ => cells.given(column),
    };
    // A loop step may say nothing at all: its action is then empty.
    let silent_step = context == Context::Stage(Stage::AgentLoop) && text.is_none();
    if !silent_step && !columns.iter().any(|column| present(*column).is_some()) {
        return Ok(None);
    }
    // A CSV with a column of texts has an empty one in these rows.
    let row = Typed { cells, text: text.filter(|t| !t.is_empty()), metadata };
    let typed = match context {
        Context::Stage(Stage::Retrieval) => row.retrieval()?,
        Context::Stage(Stage::Tool) => row.tool()?,
        Context::Stage(Stage::AgentPlan) => row.plan()?,
        Context::Stage(Stage::AgentLoop) => row.step()?,
        Context::Stage(Stage::MemoryWrite) => row.memory()?,
        _ => row.manifest()?,
    };
    Ok(Some(typed))
}

struct Typed<'r, 'a> {
    cells: &'r Cells<'a>,
    text: Option<&'r Cow<'a, str>>,
    metadata: Option<&'r str>,
}

type Shaped<'a> = (Cow<'a, str>, Subject<'a>);

impl<'a> Typed<'_, 'a> {
    /// The text from its typed column; the row's plain text may stand in for it, but not beside it.
    fn text_of(&self, column: Column) -> Result<Option<Cow<'a, str>>, Fault> {
        match (self.cells.text(column)?, self.text) {
            (Some(_), Some(_)) => Err(self.both(column)),
            (own, text) => Ok(own.or_else(|| text.cloned())),
        }
    }

    fn both(&self, column: Column) -> Fault {
        let message =
            format!("the row has both `input_text` and `{}`, which becomes the text; leave one out", column.name());
        (0, message)
    }

    fn missing(column: Column, of: &str) -> Fault {
        (0, format!("`{}` is missing: {of}", column.name()))
    }

    fn metadata(&self) -> Map {
        match self.metadata.map(parse_json) {
            Some(Ok(Value::Map(map))) => map,
            _ => Map::new(),
        }
    }

    fn json(&self, column: Column, expected: &str) -> Result<Option<(&Cell<'a>, Value)>, Fault> {
        let Some(cell) = self.cells.given(column) else { return Ok(None) };
        parse_json(&cell.json()).map(|value| Some((cell, value))).map_err(|_| Cells::fault(cell, expected))
    }

    fn retrieval(&self) -> Result<Shaped<'a>, Fault> {
        let expected = "a list of chunks, objects with the text under `content`";
        let Some((cell, value)) = self.json(Column::Chunks, expected)? else {
            return Err(Self::missing(Column::Chunks, "`scope_enforced_in_query` describes how chunks were retrieved"));
        };
        if self.text.is_some() {
            return Err(self.both(Column::Chunks));
        }
        let Value::List(items) = value else { return Err(Cells::fault(cell, expected)) };
        let mut texts = Vec::with_capacity(items.len());
        let mut chunks = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let chunk = chunk(item).map_err(|what| Cells::fault(cell, &format!("chunks[{i}]{what}")))?;
            texts.push(item.get("content").and_then(Value::as_str).unwrap_or_default());
            chunks.push(Value::Map(chunk));
        }
        let scope = match self.json(Column::ScopeEnforcedInQuery, "true or false")? {
            None => None,
            Some((_, Value::Bool(b))) => Some(b),
            Some((cell, _)) => return Err(Cells::fault(cell, "true or false")),
        };
        let mut metadata = self.metadata();
        let mut retrieval = object_at(&metadata, "retrieval");
        retrieval.insert("chunks", Value::List(chunks.clone()));
        if let Some(scope) = scope {
            retrieval.insert("scope_enforced_in_query", Value::Bool(scope));
        }
        metadata.insert("retrieval", Value::Map(retrieval));
        metadata.insert("retrieval_chunks", Value::List(chunks));
        Ok((Cow::Owned(texts.join("\n\n")), Subject::Enriched(metadata)))
    }

    fn plan(&self) -> Result<Shaped<'a>, Fault> {
        if self.text.is_some() {
            return Err(self.both(Column::Plan));
        }
        let plan = self.any(Column::Plan)?;
        let plan = parse_json(&plan).unwrap_or(Value::Null);
        let text = python_json(&plan, false);
        let mut metadata = self.metadata();
        metadata.insert("agent_plan", plan);
        Ok((Cow::Owned(text), Subject::Enriched(metadata)))
    }

    fn step(&self) -> Result<Shaped<'a>, Fault> {
        let action = self.text_of(Column::Action)?.unwrap_or_default();
        let count = |column| -> Result<Option<i64>, Fault> {
            let expected = "an integer, 0 or more";
            match self.json(column, expected)? {
                None => Ok(None),
                Some((_, Value::Int(n))) if n >= 0 => Ok(Some(n)),
                Some((cell, _)) => Err(Cells::fault(cell, expected)),
            }
        };
        let mut metadata = self.metadata();
        let mut step = object_at(&metadata, "agent_step");
        step.insert("action", Value::Str(action.clone().into_owned()));
        step.insert("iteration", Value::Int(count(Column::Iteration)?.unwrap_or(0)));
        step.insert("max_iterations", count(Column::MaxIterations)?.map_or(Value::Null, Value::Int));
        metadata.insert("agent_step", Value::Map(step));
        Ok((action, Subject::Enriched(metadata)))
    }

    fn memory(&self) -> Result<Shaped<'a>, Fault> {
        let Some(value) = self.text_of(Column::MemoryValue)? else {
            return Err(Self::missing(Column::MemoryValue, "`memory_key` names what is written there"));
        };
        let Some(key) = self.cells.text(Column::MemoryKey)? else { return Ok((value, Subject::Text)) };
        let mut metadata = self.metadata();
        metadata.insert("memory_key", Value::Str(key.into_owned()));
        Ok((value, Subject::Enriched(metadata)))
    }

    fn tool(&self) -> Result<Shaped<'a>, Fault> {
        let result = self.text_of(Column::ToolResult)?;
        let Some(name) = self.cells.text(Column::ToolName)? else {
            return match (self.cells.given(Column::ToolArgs), result) {
                // A result alone is a text of the stage.
                (None, Some(result)) => Ok((result, Subject::Text)),
                _ => Err(Self::missing(Column::ToolName, "`tool_args` are the arguments of a call of it")),
            };
        };
        let args = match self.json(Column::ToolArgs, "an object")? {
            None => Map::new(),
            Some((_, Value::Map(args))) => args,
            Some((cell, _)) => return Err(Cells::fault(cell, "an object")),
        };
        let result = result.unwrap_or_default();
        let call = [
            ("tool_name", Value::Str(name.clone().into_owned())),
            ("tool_args", Value::Map(args.clone())),
            ("tool_result", if result.is_empty() { Value::Null } else { Value::Str(result.clone().into_owned()) }),
        ];
        let shown: Map = call.into_iter().map(|(key, value)| (key.into(), value)).collect();
        Ok((Cow::Owned(python_json(&Value::Map(shown), false)), Subject::ToolCall { name, args, result }))
    }

    fn manifest(&self) -> Result<Shaped<'a>, Fault> {
        if self.text.is_some() {
            return Err(self.both(Column::Manifest));
        }
        let manifest = self.any(Column::Manifest)?;
        Ok((manifest.clone(), Subject::Manifest(manifest)))
    }

    /// Any JSON, null where there is none. A CSV cell may hold a bare text, but not JSON that breaks off.
    fn any(&self, column: Column) -> Result<Cow<'a, str>, Fault> {
        let Some(cell) = self.cells.cell(column) else { return Ok(Cow::Borrowed("null")) };
        match cell.value {
            CellValue::Plain(text) if text.trim_start().starts_with(['{', '[', '"']) && parse_json(text).is_err() => {
                Err(Cells::fault(
                    cell,
                    "JSON (an object's keys and texts in double quotes, each doubled in a CSV cell)",
                ))
            }
            _ => Ok(cell.json()),
        }
    }
}

/// The object under `key`, or an empty one when something else or nothing stands there.
fn object_at(map: &Map, key: &str) -> Map {
    map.get(key).and_then(Value::as_map).cloned().unwrap_or_default()
}

/// A chunk with all its fields, absent ones null; an error says what is wrong, to follow the chunk's number.
fn chunk(item: &Value) -> Result<Map, String> {
    let Value::Map(given) = item else { return Err(" to be an object with `content`".to_owned()) };
    let mut chunk = Map::new();
    for (key, expected) in [
        ("content", "a string"),
        ("source_id", "a string or null"),
        ("score", "a number or null"),
        ("tenant_id", "a string or null"),
        ("score_kind", "\"similarity\", \"distance\" or null"),
        ("metadata", "an object or null"),
    ] {
        let value = given.get(key).unwrap_or(&Value::Null);
        let value = match (key, value) {
            (_, Value::Null) if key != "content" => Value::Null,
            ("content" | "source_id" | "tenant_id", Value::Str(_)) | ("metadata", Value::Map(_)) => value.clone(),
            ("score_kind", Value::Str(kind)) if matches!(&**kind, "similarity" | "distance") => value.clone(),
            ("score", Value::Int(_) | Value::BigInt(_) | Value::Float(_)) => {
                value.as_number().map_or(Value::Null, Value::Float)
            }
            _ => return Err(format!(".{key} to be {expected}")),
        };
        chunk.insert(key, value);
    }
    Ok(chunk)
}
