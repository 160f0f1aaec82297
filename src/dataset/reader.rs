//! Opening datasets: which files, which format, how compressed.

use super::batch::Batch;
use super::columns::Columns;
use super::csv::Records;
use super::error::{DatasetError, Place};
use super::json::{JsonValues, find_list};
use super::jsonl::{JsonLines, read_whole};
use super::suite::Suite;
use crate::api::Decision;
use crate::value::parse_yaml;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a dataset is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// One JSON document: an array of objects, an API page with `samples`, or a single object.
    Json,
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// A suite: a pack's `benchmark_baseline`, or lists of positive and negative samples.
    Yaml,
}

impl Format {
    /// The format that a file's name stands for; compression suffixes are looked through.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        let path = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(&path);
        match Path::new(path).extension()?.to_str()? {
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            "tsv" => Some(Format::Tsv),
            "yaml" | "yml" => Some(Format::Yaml),
            _ => None,
        }
    }
}

/// What is to be read, and how.
#[derive(Clone, Debug, Default)]
pub struct DatasetOptions {
    /// The format, whatever the files are called.
    pub format: Option<Format>,
    /// The label of samples in a suite's `positive_samples`; by default BLOCK for credentials (`vendor`), REDACT for
    /// personal data (`identifier_type`), BLOCK otherwise.
    pub positive_decision: Option<Decision>,
    /// Which headers of a CSV file mean what.
    pub columns: Columns,
}

/// A format's way of cutting a file into rows.
pub(super) trait RowSource: Send {
    /// Fills `batch` with the next rows; it stays empty at the end of the file.
    fn fill(&mut self, batch: &mut Batch, first_row: u64) -> Result<(), DatasetError>;
}

pub(super) type Input = Box<dyn BufRead + Send>;

/// An open file, decompressed, past its byte-order mark.
pub(super) struct SourceFile {
    pub name: Arc<str>,
    pub input: Input,
}

impl SourceFile {
    pub fn io(&self, source: std::io::Error) -> DatasetError {
        DatasetError::Io { file: Arc::clone(&self.name), source }
    }
}

/// Reads one or more files as one dataset, batch by batch, in memory that does not grow with the files.
pub struct Reader {
    options: DatasetOptions,
    pending: VecDeque<(Arc<str>, Input)>,
    current: Option<Box<dyn RowSource>>,
    rows: u64,
    progress: Progress,
    names: Vec<Arc<str>>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("names", &self.names).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// How far a reader is, in bytes of the files as they lie on disk.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Progress {
    /// Bytes read so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Bytes of all files; none when standard input is one of them.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

impl Reader {
    /// Opens the files that `sources` name: paths, globs, or `-` for standard input. All are opened at once, so that a
    /// missing one is noticed before any work is done.
    ///
    /// # Errors
    /// When a file is missing or cannot be opened, or a glob matches nothing.
    pub fn open(sources: &[String], options: DatasetOptions) -> Result<Self, DatasetError> {
        let mut progress = Progress { read: Arc::default(), total: Some(0) };
        let mut pending = VecDeque::new();
        let mut names = Vec::new();
        for source in sources {
            for path in expand(source)? {
                if path == "-" && names.iter().any(|n: &Arc<str>| **n == *STDIN) {
                    return Err(DatasetError::Usage("--dataset -: standard input can be read only once".to_owned()));
                }
                let (name, input) = open(&path, &mut progress)?;
                names.push(Arc::clone(&name));
                pending.push_back((name, input));
            }
        }
        Ok(Reader { options, pending, current: None, rows: 0, progress, names })
    }

    /// How far the reader is; a copy stays current.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The files' names as messages show them.
    #[must_use]
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Fills `batch`, whose memory is reused, with the next rows. False, and an empty batch, at the end of the dataset.
    ///
    /// # Errors
    /// When a file cannot be read or cannot be cut into rows; `batch` then has the rows before that place.
    pub fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, DatasetError> {
        batch.truncate(0);
        loop {
            if let Some(source) = &mut self.current {
                source.fill(batch, self.rows)?;
                if !batch.is_empty() {
                    self.rows += batch.len() as u64;
                    return Ok(true);
                }
                self.current = None;
            }
            let Some((name, input)) = self.pending.pop_front() else { return Ok(false) };
            self.current = Some(self.source(SourceFile { name, input })?);
        }
    }

    fn source(&self, mut file: SourceFile) -> Result<Box<dyn RowSource>, DatasetError> {
        let format = match self.options.format.or_else(|| Format::of_path(&file.name)) {
            Some(format) => format,
            None => sniff(&mut file)?,
        };
        Ok(match format {
            Format::Jsonl => Box::new(JsonLines::new(file)),
            Format::Json => Box::new(JsonValues::new(file, self.options.positive_decision)),
            Format::Csv => Box::new(Records::new(file, b',', &self.options.columns)?),
            Format::Tsv => Box::new(Records::new(file, b'\t', &self.options.columns)?),
            Format::Yaml => Box::new(self.suite(file)?),
        })
    }

    fn suite(&self, mut file: SourceFile) -> Result<Suite, DatasetError> {
        let text = read_whole(&mut file)?;
        let document = parse_yaml(&text).map_err(|e| DatasetError::Malformed {
            place: Place::Line { file: Arc::clone(&file.name), line: e.line as u64, column: e.column as u64 },
            message: e.message,
        })?;
        Suite::new(&file.name, &document, self.options.positive_decision).ok_or_else(|| DatasetError::Unusable {
            file: Arc::clone(&file.name),
            message: format!("no samples: found {}, expected a list under {}", document.kind(), Suite::KEYS),
        })
    }
}

/// How messages name standard input.
const STDIN: &str = "<stdin>";

fn expand(source: &str) -> Result<Vec<String>, DatasetError> {
    if source == "-" || !source.contains(['*', '?', '[']) || Path::new(source).exists() {
        return Ok(vec![source.to_owned()]);
    }
    let usage = |what: String| DatasetError::Usage(format!("--dataset {source}: {what}"));
    let mut paths = Vec::new();
    for path in glob::glob(source).map_err(|e| usage(e.to_string()))? {
        let path = path.map_err(|e| usage(e.to_string()))?;
        if path.is_file() {
            paths.push(path.to_str().ok_or_else(|| usage(format!("{} is no UTF-8 name", path.display())))?.to_owned());
        }
    }
    match paths.is_empty() {
        true => Err(usage("no file matches".to_owned())),
        false => Ok(paths),
    }
}

fn open(path: &str, progress: &mut Progress) -> Result<(Arc<str>, Input), DatasetError> {
    let (name, raw): (Arc<str>, Box<dyn Read + Send>) = if path == "-" {
        progress.total = None;
        (STDIN.into(), Box::new(std::io::stdin()))
    } else {
        let name: Arc<str> = path.into();
        let io = |source| DatasetError::Io { file: Arc::clone(&name), source };
        let file = std::fs::File::open(path).map_err(io)?;
        let about = file.metadata().map_err(io)?;
        if about.is_dir() {
            return Err(DatasetError::Usage(format!(
                "--dataset {path}: this is a directory; name its files, such as {}/*.jsonl",
                path.trim_end_matches('/')
            )));
        }
        match (about.is_file(), &mut progress.total) {
            (true, Some(total)) => *total += about.len(),
            (_, total) => *total = None,
        }
        (name, Box::new(file))
    };
    let counted = Counted { inner: raw, read: Arc::clone(&progress.read) };
    let input = decompressed(BufReader::with_capacity(64 << 10, counted), &name)
        .map_err(|source| DatasetError::Io { file: Arc::clone(&name), source })?;
    let input = past_byte_order_mark(input, &name)?;
    Ok((name, input))
}

/// Compression is told by the first bytes, whatever the file is called.
fn decompressed(mut raw: BufReader<Counted>, name: &str) -> std::io::Result<Input> {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    let start = raw.fill_buf()?;
    if start.starts_with(GZIP) {
        let inner = flate2::bufread::MultiGzDecoder::new(raw);
        return Ok(Box::new(BufReader::with_capacity(64 << 10, Decompressed { inner, what: "gzip" })));
    }
    if start.starts_with(ZSTD) {
        let inner = zstd::stream::read::Decoder::with_buffer(raw)?;
        return Ok(Box::new(BufReader::with_capacity(64 << 10, Decompressed { inner, what: "Zstandard" })));
    }
    let lower = name.to_ascii_lowercase();
    for (suffix, what) in [(".gz", "gzip"), (".zst", "Zstandard")] {
        if lower.ends_with(suffix) && !start.is_empty() {
            let message = format!("the name ends in {suffix}, but the content is not {what}");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
        }
    }
    Ok(Box::new(raw))
}

fn past_byte_order_mark(mut input: Input, name: &Arc<str>) -> Result<Input, DatasetError> {
    let start = input.fill_buf().map_err(|source| DatasetError::Io { file: Arc::clone(name), source })?;
    if start.starts_with(b"\xEF\xBB\xBF") {
        input.consume(3);
    } else if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        let message = "the file is UTF-16; save it as UTF-8".to_owned();
        return Err(DatasetError::Unusable { file: Arc::clone(name), message });
    }
    Ok(input)
}

/// The format of a stream without a telling name, from its beginning.
fn sniff(file: &mut SourceFile) -> Result<Format, DatasetError> {
    let start = file.input.fill_buf().map_err(|source| DatasetError::Io { file: Arc::clone(&file.name), source })?;
    let text = start.trim_ascii_start();
    match text.first() {
        Some(b'[') => Ok(Format::Json),
        Some(b'{') => {
            // A page or a document over several lines; otherwise the first line is a whole object.
            let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
            let whole = line.trim_ascii_end().ends_with(b"}") || line.len() == text.len();
            let page = !matches!(find_list(text, b"samples"), super::json::ListSearch::Absent);
            Ok(if whole && !(page && line.windows(9).any(|w| w == b"\"samples\"")) {
                Format::Jsonl
            } else {
                Format::Json
            })
        }
        None => Ok(Format::Jsonl),
        Some(_) => Err(DatasetError::Unusable {
            file: Arc::clone(&file.name),
            message: "its name does not tell its format, and it does not begin like JSON; say --dataset-format \
                      jsonl, json, csv, tsv or yaml"
                .to_owned(),
        }),
    }
}

/// Says of what is wrong with compressed data that it is that.
struct Decompressed<R> {
    inner: R,
    what: &'static str,
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(buf).map_err(|e| match e.kind() {
            std::io::ErrorKind::Interrupted => e,
            kind => {
                let what = self.what;
                std::io::Error::new(kind, format!("the {what} data is damaged or cut off ({e}); copy the file again"))
            }
        })
    }
}

/// Counts what is read from the disk.
struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
