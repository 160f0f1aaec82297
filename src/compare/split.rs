//! Cutting a long JSON document into its rows without holding it.

use memchr::memchr2;

/// What was completed by a piece of input.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// The elements one after the other.
    pub bytes: Vec<u8>,
    /// Where each ends in `bytes`.
    pub ends: Vec<usize>,
}

impl Elements {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }

    pub(super) fn clear(&mut self) {
        self.bytes.drain(..self.ends.last().copied().unwrap_or(0));
        self.ends.clear();
    }
}

/// Walks over the bytes of one or more JSON values and takes out the elements of the `results` array of each top-level
/// object (or of a top-level array). What is left, with the array emptied, is the document's envelope. The walk only
/// follows strings and brackets; the parts are checked when they are parsed.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    pub elements: Elements,
    /// Envelopes of the top-level values that are complete.
    pub envelopes: Vec<Vec<u8>>,
    envelope: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Text of the last string directly inside a top-level object, and whether a colon followed it.
    key: Vec<u8>,
    key_done: bool,
    /// Depth of the array whose elements are taken out; 0 outside of one.
    taking: usize,
    /// Whether the array of the current top-level value has been met, as element or as envelope.
    element_open: bool,
}

/// A key longer than this is not `results`.
const LONGEST_KEY: usize = 16;

impl Splitter {
    /// The envelope of the value that is still open: what came before its `results`.
    pub(super) fn open_envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// Whether the walk is inside the array whose elements are taken out.
    pub(super) fn in_results(&self) -> bool {
        self.taking > 0
    }

    /// Whether a value has begun and not ended.
    pub(super) fn unfinished(&self) -> bool {
        self.depth > 0 || self.in_string || !self.envelope.is_empty()
    }

    pub(super) fn feed(&mut self, mut input: &[u8]) {
        while !input.is_empty() {
            if self.taking > 0 {
                input = &input[self.take(input)..];
                // The array's own bracket.
                if let Some((&byte, rest)) = input.split_first() {
                    self.structural(byte);
                    input = rest;
                }
                continue;
            }
            if self.in_string {
                input = self.string(input);
                continue;
            }
            let plain = input.iter().position(|b| is_structural(*b)).unwrap_or(input.len());
            self.keep(&input[..plain]);
            input = &input[plain..];
            if let Some((&byte, rest)) = input.split_first() {
                self.structural(byte);
                input = rest;
            }
        }
    }

    /// Copies the elements of the array that is taken apart, up to its end or that of the input; returns how far.
    fn take(&mut self, input: &[u8]) -> usize {
        // Where the part of the open element that is not copied yet begins.
        let mut start = 0;
        let mut at = 0;
        while at < input.len() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                let Some(ends) = memchr2(b'"', b'\\', &input[at..]) else { break };
                at += ends;
                self.in_string = input[at] != b'"';
                self.escaped = self.in_string;
            } else {
                match input[at] {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth == self.taking => {
                        self.keep(&input[start..at]);
                        return at;
                    }
                    b'}' | b']' => self.depth -= 1,
                    b',' if self.depth == self.taking => {
                        self.keep(&input[start..at]);
                        self.end_element();
                        start = at + 1;
                    }
                    _ => {}
                }
            }
            at += 1;
        }
        self.keep(&input[start..]);
        input.len()
    }

    /// Copies up to the end of the string or of the input.
    fn string<'i>(&mut self, input: &'i [u8]) -> &'i [u8] {
        if self.escaped {
            self.escaped = false;
            self.keep(&input[..1]);
            return &input[1..];
        }
        let Some(at) = memchr2(b'"', b'\\', input) else {
            self.keep_key(input);
            self.keep(input);
            return &[];
        };
        self.keep_key(&input[..at]);
        self.keep(&input[..=at]);
        match input[at] {
            b'"' => self.in_string = false,
            _ => self.escaped = true,
        }
        &input[at + 1..]
    }

    fn keep_key(&mut self, part: &[u8]) {
        if self.depth == 1 && self.key.len() <= LONGEST_KEY {
            self.key.extend_from_slice(&part[..part.len().min(LONGEST_KEY + 1)]);
        }
    }

    fn structural(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 {
                    self.key.clear();
                    self.key_done = false;
                }
                self.keep(b"\"");
            }
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close(byte),
            b':' => {
                self.key_done |= self.depth == 1;
                self.keep(b":");
            }
            // A comma anywhere else.
            _ => {
                self.key_done &= self.depth != 1;
                self.keep(&[byte]);
            }
        }
    }

    fn open(&mut self, byte: u8) {
        let results = self.depth == 1 && self.key_done && self.key == b"results";
        let begins = byte == b'[' && (self.depth == 0 || results);
        self.keep(&[byte]);
        self.depth += 1;
        if begins {
            self.taking = self.depth;
        }
    }

    fn close(&mut self, byte: u8) {
        if self.taking > 0 && self.depth == self.taking {
            self.end_element();
            self.taking = 0;
            self.key_done = false;
        }
        self.keep(&[byte]);
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.envelopes.push(std::mem::take(&mut self.envelope));
            self.key.clear();
            self.key_done = false;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.taking == 0 {
            // Blanks between top-level values belong to none.
            if self.depth == 0 && self.envelope.is_empty() && bytes.iter().all(u8::is_ascii_whitespace) {
                return;
            }
            self.envelope.extend_from_slice(bytes);
        } else {
            let bytes = if self.element_open { bytes } else { bytes.trim_ascii_start() };
            self.element_open |= !bytes.is_empty();
            self.elements.bytes.extend_from_slice(bytes);
        }
    }

    fn end_element(&mut self) {
        if self.element_open {
            self.elements.ends.push(self.elements.bytes.len());
            self.element_open = false;
        }
    }
}

fn is_structural(byte: u8) -> bool {
    matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, step: usize) -> (Vec<String>, Vec<String>, bool) {
        let mut splitter = Splitter::default();
        text.as_bytes().chunks(step).for_each(|chunk| splitter.feed(chunk));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let elements = splitter.elements.iter().map(|e| text(e).trim().to_owned()).collect();
        (elements, splitter.envelopes.iter().map(|e| text(e)).collect(), splitter.unfinished())
    }

    #[test]
    fn results_are_taken_out_wherever_the_input_is_cut() {
        let text = r#" {"id": "results", "x": {"results": [1, "]"]}, "results" : [ {"a": "},]\"["} , {"b": [1, 2]} ], "y": [3, 4]}
            {"results": []} [ {"c": 1}, {"d": 2} ]"#;
        for step in 1..text.len() {
            let (elements, envelopes, unfinished) = split(text, step);
            assert_eq!(elements, [r#"{"a": "},]\"["}"#, r#"{"b": [1, 2]}"#, r#"{"c": 1}"#, r#"{"d": 2}"#], "{step}");
            assert_eq!(
                envelopes,
                [
                    r#"{"id": "results", "x": {"results": [1, "]"]}, "results" : [], "y": [3, 4]}"#,
                    r#"{"results": []}"#,
                    "[]"
                ],
                "{step}"
            );
            assert!(!unfinished);
        }
    }

    #[test]
    fn a_cut_off_document_is_unfinished() {
        let (elements, envelopes, unfinished) = split(r#"{"results": [{"a": 1}, {"b""#, 3);
        assert_eq!(elements, [r#"{"a": 1}"#]);
        assert!(envelopes.is_empty() && unfinished);
    }

    #[test]
    fn a_value_named_results_is_no_key() {
        let (elements, envelopes, _) = split(r#"{"k": "results", "z": [1, 2]}"#, 4);
        assert!(elements.is_empty());
        assert_eq!(envelopes, [r#"{"k": "results", "z": [1, 2]}"#]);
    }
}
