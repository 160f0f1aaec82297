//! From parser events to a graph of nodes, and from the graph to a value.

use super::scalar::{self, Kind};
use super::write::{key_text, write_double_quoted};
use super::{Value, YamlError};
use crate::value::{Key, Map};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use std::collections::HashMap;

/// Nesting beyond this is refused, before and after aliases are followed (same bound as the JSON reader).
const MAX_DEPTH: usize = 980;
/// How many values aliases and merge keys may add to those that are written out.
const ALIAS_BUDGET: usize = 1_000_000;
const CORE: &str = "tag:yaml.org,2002:";

type NodeId = usize;

struct Node {
    content: Content,
    tag: Option<String>,
    line: usize,
    column: usize,
}

enum Content {
    Scalar { text: String, plain: bool },
    List(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
}

/// The nodes of one document; an alias is a second reference to a node.
pub(super) struct Graph {
    nodes: Vec<Node>,
    root: NodeId,
}

fn error(line: usize, column: usize, message: impl Into<String>) -> YamlError {
    YamlError { message: message.into(), line, column }
}

fn error_at(mark: &Marker, message: impl Into<String>) -> YamlError {
    error(mark.line(), mark.col() + 1, message)
}

/// A container whose end has not been seen.
struct Open {
    id: NodeId,
    /// A map's key that waits for its value.
    key: Option<NodeId>,
}

struct Composer {
    nodes: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
    /// The last node, if it is a `|` or `>` scalar.
    last_block: Option<NodeId>,
}

/// Reads the one document of `text`; `None` for an empty stream.
pub(super) fn compose(text: &str) -> Result<Option<Graph>, YamlError> {
    let mut composer =
        Composer { nodes: Vec::new(), open: Vec::new(), anchors: HashMap::new(), root: None, last_block: None };
    let mut documents = 0;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| error_at(e.marker(), e.info()))?;
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(error_at(&span.start, "a second document starts here; a policy file holds one"));
                }
            }
            Event::StreamEnd => break,
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
            event => composer.node_event(event, &span)?,
        }
    }
    composer.trim_last_block(text);
    Ok(composer.root.map(|root| Graph { nodes: composer.nodes, root }))
}

impl Composer {
    fn node_event(&mut self, event: Event<'_>, span: &Span) -> Result<(), YamlError> {
        match event {
            Event::Alias(anchor) => {
                let id = *self.anchors.get(&anchor).ok_or_else(|| error_at(&span.start, "an alias without anchor"))?;
                self.attach(id);
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.last_block =
                    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded).then_some(self.nodes.len());
                let content = Content::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                let id = self.push(content, tag.as_deref(), anchor, span);
                self.attach(id);
            }
            Event::SequenceStart(anchor, tag) => self.enter(Content::List(Vec::new()), tag.as_deref(), anchor, span)?,
            Event::MappingStart(anchor, tag) => self.enter(Content::Map(Vec::new()), tag.as_deref(), anchor, span)?,
            Event::SequenceEnd | Event::MappingEnd => drop(self.open.pop()),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, content: Content, tag: Option<&Tag>, anchor: usize, span: &Span) -> NodeId {
        let id = self.nodes.len();
        let tag = tag.map(|t| format!("{}{}", t.handle, t.suffix));
        self.nodes.push(Node { content, tag, line: span.start.line(), column: span.start.col() + 1 });
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn enter(&mut self, content: Content, tag: Option<&Tag>, anchor: usize, span: &Span) -> Result<(), YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(error_at(&span.start, format!("more than {MAX_DEPTH} nested lists or maps")));
        }
        let id = self.push(content, tag, anchor, span);
        self.attach(id);
        self.open.push(Open { id, key: None });
        Ok(())
    }

    /// A block scalar that runs into the end of a text without final newline has no final newline in PyYAML;
    /// saphyr adds one.
    fn trim_last_block(&mut self, source: &str) {
        let Some(id) = self.last_block else { return };
        let last_line = source.rsplit(['\n', '\r']).next().unwrap_or_default();
        let Content::Scalar { text, .. } = &mut self.nodes[id].content else { return };
        let Some(body) = text.strip_suffix('\n') else { return };
        let tail = body.rsplit('\n').next().unwrap_or_default();
        if !last_line.is_empty() && last_line.ends_with(tail) && last_line.trim_start() == tail.trim_start() {
            text.pop();
        }
    }

    /// Puts a node where the parser stands: under the open container or at the root.
    fn attach(&mut self, id: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(id);
            return;
        };
        match &mut self.nodes[open.id].content {
            Content::List(items) => items.push(id),
            Content::Map(pairs) => match open.key.take() {
                None => open.key = Some(id),
                Some(key) => pairs.push((key, id)),
            },
            Content::Scalar { .. } => {}
        }
    }
}

impl Graph {
    /// The document as a value.
    pub(super) fn construct(&self) -> Result<Value, YamlError> {
        let mut constructor = Constructor {
            graph: self,
            active: vec![false; self.nodes.len()],
            budget: self.nodes.len() + ALIAS_BUDGET,
            depth: 0,
        };
        constructor.value(self.root)
    }
}

struct Constructor<'g> {
    graph: &'g Graph,
    /// Containers being constructed: meeting one again means it contains itself.
    active: Vec<bool>,
    budget: usize,
    depth: usize,
}

impl<'g> Constructor<'g> {
    fn node(&self, id: NodeId) -> &'g Node {
        &self.graph.nodes[id]
    }

    fn fail<T>(&self, id: NodeId, message: impl Into<String>) -> Result<T, YamlError> {
        let node = self.node(id);
        Err(error(node.line, node.column, message))
    }

    fn spend(&mut self, id: NodeId) -> Result<(), YamlError> {
        if self.budget == 0 {
            return self.fail(id, format!("aliases expand to more than {ALIAS_BUDGET} values"));
        }
        self.budget -= 1;
        Ok(())
    }

    fn value(&mut self, id: NodeId) -> Result<Value, YamlError> {
        self.spend(id)?;
        let node = self.node(id);
        if let Content::Scalar { text, plain } = &node.content {
            let kind = self.scalar_kind(id, text, *plain)?;
            return scalar::construct(kind, text).or_else(|message| self.fail(id, message));
        }
        self.guarded(id, |this| match &node.content {
            Content::List(items) => this.list(id, items),
            Content::Map(pairs) => this.map(id, pairs),
            Content::Scalar { .. } => Ok(Value::Null),
        })
    }

    /// Runs `work` inside container `id`, refusing self-containment and depth.
    fn guarded<T>(&mut self, id: NodeId, work: impl FnOnce(&mut Self) -> Result<T, YamlError>) -> Result<T, YamlError> {
        if self.active[id] {
            return self.fail(id, "an alias makes this contain itself");
        }
        if self.depth >= MAX_DEPTH {
            return self.fail(id, format!("more than {MAX_DEPTH} nested lists or maps once aliases are followed"));
        }
        self.active[id] = true;
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        self.active[id] = false;
        result
    }

    fn scalar_kind(&self, id: NodeId, text: &str, plain: bool) -> Result<Kind, YamlError> {
        let Some(tag) = self.node(id).tag.as_deref() else {
            return Ok(if plain { scalar::implicit(text) } else { Kind::Str });
        };
        Ok(match tag.strip_prefix(CORE) {
            // PyYAML reads a lone `!` as "by look", quotes or not (YAML 1.2 means the opposite).
            None if tag == "!" => scalar::implicit(text),
            Some("null") => Kind::Null,
            Some("bool") => Kind::Bool,
            Some("int") => Kind::Int,
            Some("float") => Kind::Float,
            Some("timestamp") => Kind::Timestamp,
            Some("binary") => Kind::Binary,
            Some("str") => Kind::Str,
            Some("merge") => Kind::Merge,
            Some("value") => Kind::Default,
            _ => return self.wrong_tag(id, tag, "a scalar"),
        })
    }

    fn wrong_tag<T>(&self, id: NodeId, tag: &str, found: &str) -> Result<T, YamlError> {
        match tag.strip_prefix(CORE) {
            Some(name) => self.fail(id, format!("the tag !!{name} does not fit {found}")),
            None => self.fail(id, format!("the tag {tag} is unknown; remove it")),
        }
    }

    fn list(&mut self, id: NodeId, items: &[NodeId]) -> Result<Value, YamlError> {
        match self.node(id).tag.as_deref() {
            None | Some("!" | "tag:yaml.org,2002:seq") => {
                items.iter().map(|&item| self.value(item)).collect::<Result<_, _>>().map(Value::List)
            }
            Some("tag:yaml.org,2002:omap" | "tag:yaml.org,2002:pairs") => {
                items.iter().map(|&item| self.pair(item)).collect::<Result<_, _>>().map(Value::List)
            }
            Some(tag) => self.wrong_tag(id, tag, "a list"),
        }
    }

    /// An entry of `!!omap` or `!!pairs`: a map with one key, which Python reads as a tuple.
    fn pair(&mut self, id: NodeId) -> Result<Value, YamlError> {
        let Content::Map(pairs) = &self.node(id).content else {
            return self.fail(id, "expected a map with one key");
        };
        let [(key, value)] = pairs[..] else { return self.fail(id, "expected a map with exactly one key") };
        Ok(Value::List(vec![self.value(key)?, self.value(value)?]))
    }

    fn map(&mut self, id: NodeId, pairs: &[(NodeId, NodeId)]) -> Result<Value, YamlError> {
        let tag = self.node(id).tag.as_deref();
        let is_set = tag == Some("tag:yaml.org,2002:set");
        if !is_set && !matches!(tag, None | Some("!" | "tag:yaml.org,2002:map")) {
            return self.wrong_tag(id, tag.unwrap_or_default(), "a map");
        }
        let mut builder = MapBuilder::default();
        let mut flat = Vec::with_capacity(pairs.len());
        self.flatten(pairs, &mut flat)?;
        for (key, value) in flat {
            let key = self.key(key)?;
            let value = self.value(value)?;
            builder.insert(key, value);
        }
        Ok(if is_set { tagged_set(&builder.map) } else { Value::Map(builder.map) })
    }

    fn is_merge(&self, key: NodeId) -> bool {
        match &self.node(key).content {
            Content::Scalar { text, plain } => self.scalar_kind(key, text, *plain) == Ok(Kind::Merge),
            _ => false,
        }
    }

    /// The pairs of a map with its merge keys followed. Pairs win by standing later: the map's own over merged ones,
    /// a later `<<` over an earlier, and of the maps in one `<<` list the earlier, so that list is read backwards.
    fn flatten(&mut self, pairs: &[(NodeId, NodeId)], out: &mut Vec<(NodeId, NodeId)>) -> Result<(), YamlError> {
        for &(key, source) in pairs {
            if !self.is_merge(key) {
                continue;
            }
            let sources = match &self.node(source).content {
                Content::Map(_) => std::slice::from_ref(&source),
                Content::List(items) => items,
                Content::Scalar { .. } => return self.fail(source, "expected a map or a list of maps to merge"),
            };
            for &item in sources.iter().rev() {
                let Content::Map(inner) = &self.node(item).content else {
                    return self.fail(item, "expected a map to merge");
                };
                self.guarded(item, |this| this.flatten(inner, out))?;
            }
        }
        for &(key, value) in pairs {
            self.spend(key)?;
            if !self.is_merge(key) {
                out.push((key, value));
            }
        }
        Ok(())
    }

    fn key(&mut self, id: NodeId) -> Result<Value, YamlError> {
        if let Content::Scalar { text, plain } = &self.node(id).content {
            // `=` as a key is text, as a value it is refused.
            if self.scalar_kind(id, text, *plain)? == Kind::Default {
                return Ok(Value::Str(text.clone()));
            }
        }
        match self.value(id)? {
            Value::List(_) | Value::Map(_) => self.fail(id, "a list or a map cannot be a key"),
            key => Ok(key),
        }
    }
}

/// A map under construction, with Python's idea of equal keys: `1`, `1.0` and `true` are one key, the first spelling
/// stays.
#[derive(Default)]
struct MapBuilder {
    map: Map,
    numbers: HashMap<String, Key>,
}

impl MapBuilder {
    fn insert(&mut self, key: Value, value: Value) {
        let odd = |text: String| Key::Odd(text.into());
        let key = match key {
            Value::Str(text) => Key::Str(text.into()),
            Value::Null => odd("None".to_owned()),
            Value::Date(text) => Key::Odd(text),
            Value::Bool(b) => self.number(u8::from(b).to_string(), odd(if b { "True" } else { "False" }.to_owned())),
            Value::Int(i) => self.number(i.to_string(), odd(i.to_string())),
            Value::BigInt(digits) => self.number(digits.to_string(), Key::Odd(digits)),
            Value::Float(f) => {
                #[allow(clippy::cast_possible_truncation)]
                let same = if f.fract() == 0.0 && f.abs() < 1e18 { (f as i64).to_string() } else { f.to_string() };
                self.number(same, odd(scalar::python_float(f)))
            }
            // Refused by `Constructor::key`.
            Value::List(_) | Value::Map(_) => return,
        };
        self.map.insert(key, value);
    }

    fn number(&mut self, same: String, key: Key) -> Key {
        self.numbers.entry(same).or_insert(key).clone()
    }
}

/// A set, kept as the YAML that reads back as the same set.
fn tagged_set(map: &Map) -> Value {
    let mut text = "!!set {".to_owned();
    for (i, (key, _)) in map.iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        match key {
            Key::Str(item) => write_double_quoted(item, &mut text),
            Key::Odd(_) => text.push_str(&key_text(key)),
        }
    }
    text.push('}');
    Value::Date(text.into())
}
