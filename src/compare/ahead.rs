//! The lines of a file, read and worked on ahead of whoever takes in what came of them.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, Sender, TryRecvError, channel, sync_channel};
use std::thread;

/// Bytes that are read at a time; the lines that they complete are one piece of work. What comes of a piece is costlier
/// to take in the more pieces there are; two of them fit a processor's own cache.
pub(super) const PIECE: usize = 512 << 10;
/// Pieces whose work is begun beyond the block that is waited for.
const AHEAD: usize = 4;
/// Pieces that are in memory beside those that the threads work on: few, so that they stay in the processor's caches.
const WAITING: usize = 2;

/// A file's blocks of lines, in order, as what came of their pieces.
pub(super) struct Ahead<T> {
    coming: Receiver<Coming<T>>,
}

enum Coming<T> {
    Piece(Pending<T>),
    EndOfBlock,
    EndOfFile,
    Failure(io::Error),
}

/// What will have come of a piece.
pub(super) struct Pending<T>(Receiver<T>);

impl<T> Pending<T> {
    /// Waits for it.
    pub(super) fn wait(self) -> T {
        // The sender goes only after it has sent: a panic among the pool's jobs ends the program.
        receive(&self.0).expect("every piece is worked on")
    }
}

/// Waits for what is sent. A thread of the pool does not wait idly, for others may wait for the pool.
fn receive<T>(receiver: &Receiver<T>) -> Result<T, RecvError> {
    loop {
        match receiver.try_recv() {
            Err(TryRecvError::Empty) if rayon::yield_now().is_some() => thread::yield_now(),
            Err(TryRecvError::Empty) => return receiver.recv(),
            received => return received.map_err(|_| RecvError),
        }
    }
}

impl<T: Send + 'static> Ahead<T> {
    /// Begins to read the input in blocks of this many bytes, less what their last lines lack, and to do the work on
    /// the lines of each piece. The text of few pieces is in memory at a time, and what came of no more than a block and a
    /// few pieces.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub(super) fn start(
        input: impl Read + Send + 'static,
        block: usize,
        work: impl Fn(&[u8]) -> T + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (send, coming) = sync_channel(AHEAD);
        let (spend, spent) = channel();
        for _ in 0..rayon::current_num_threads() + WAITING {
            // Its receiver is here.
            let _ = spend.send(Vec::new());
        }
        let work = Arc::new(work);
        let give = move |cut| {
            let sent = match cut {
                Cut::Lines(lines) => Coming::Piece(begin(Arc::clone(&work), lines, spend.clone())),
                Cut::EndOfBlock => Coming::EndOfBlock,
                Cut::EndOfFile => Coming::EndOfFile,
                Cut::Failure(error) => Coming::Failure(error),
            };
            send.send(sent).ok()
        };
        let cutter = Cutter { input, piece: PIECE, text: Vec::new(), spent };
        thread::Builder::new().spawn(move || cutter.cut(block / PIECE, give))?;
        Ok(Self { coming })
    }
}

/// Has a thread of the pool do the work on the lines; their memory may be used again afterwards.
fn begin<T: Send + 'static>(
    work: Arc<impl Fn(&[u8]) -> T + Send + Sync + 'static>,
    lines: Vec<u8>,
    spend: Sender<Vec<u8>>,
) -> Pending<T> {
    let (done, pending) = sync_channel(1);
    rayon::spawn(move || {
        // Nobody waits any more where an earlier piece was wrong, and nobody needs the memory at the end of the file.
        let _ = done.send(work(&lines));
        let _ = spend.send(lines);
    });
    Pending(pending)
}

impl<T> Ahead<T> {
    /// Waits until the next block has been read; none at the end of the file.
    ///
    /// # Errors
    /// It could not be read.
    pub(super) fn next_block(&mut self) -> io::Result<Option<Vec<Pending<T>>>> {
        let mut block = Vec::new();
        loop {
            match receive(&self.coming) {
                Ok(Coming::Piece(piece)) => block.push(piece),
                Ok(Coming::EndOfBlock) => return Ok(Some(block)),
                Ok(Coming::EndOfFile) => return Ok(None),
                Ok(Coming::Failure(error)) => return Err(error),
                Err(_) => return Err(io::Error::other("the thread that reads it has stopped")),
            }
        }
    }
}

/// What the reading thread finds, one after the other.
enum Cut {
    /// Whole lines; the last one of the file may lack its end.
    Lines(Vec<u8>),
    EndOfBlock,
    EndOfFile,
    Failure(io::Error),
}

/// Cuts an input at line ends.
struct Cutter<R> {
    input: R,
    /// Bytes that are read at a time.
    piece: usize,
    /// The line that has begun.
    text: Vec<u8>,
    /// Memory that may be used: there is no other, but what the text began with.
    spent: Receiver<Vec<u8>>,
}

impl<R: Read> Cutter<R> {
    /// Reads to the end in blocks of some pieces, or until nobody takes anything.
    fn cut(mut self, pieces: usize, mut give: impl FnMut(Cut) -> Option<()>) -> Option<()> {
        loop {
            for _ in 0..pieces {
                match self.read() {
                    Ok(Some(lines)) if lines.is_empty() => {}
                    Ok(Some(lines)) => give(Cut::Lines(lines))?,
                    Ok(None) => {
                        give(Cut::EndOfBlock)?;
                        if !self.text.is_empty() {
                            give(Cut::Lines(self.text))?;
                            give(Cut::EndOfBlock)?;
                        }
                        return give(Cut::EndOfFile);
                    }
                    Err(error) => return give(Cut::Failure(error)),
                }
            }
            give(Cut::EndOfBlock)?;
        }
    }

    /// Reads on; gives the lines that are complete by now, which may be none. Nothing at the end of the input.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let known = self.text.len();
        self.text.reserve(self.piece);
        if self.input.by_ref().take(self.piece as u64).read_to_end(&mut self.text)? == 0 {
            return Ok(None);
        }
        let Some(last) = memchr::memrchr(b'\n', &self.text[known..]) else { return Ok(Some(Vec::new())) };
        let (lines, begun) = self.text.split_at(known + last + 1);
        let mut next = self.memory();
        next.extend_from_slice(begun);
        let end = lines.len();
        self.text.truncate(end);
        Ok(Some(std::mem::replace(&mut self.text, next)))
    }

    /// Waits for a piece to be done with and takes its memory, unless that was for a very long line.
    fn memory(&self) -> Vec<u8> {
        let spent = self.spent.recv().ok();
        let mut memory = spent.filter(|memory| memory.capacity() <= 4 * self.piece).unwrap_or_default();
        memory.clear();
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the cutter gives, lines as text, `|` for the end of a block and `.` for that of the file.
    fn cuts(input: impl Read, piece: usize, pieces: usize) -> Vec<String> {
        let (spend, spent) = channel();
        spend.send(Vec::new()).unwrap();
        let mut cuts = Vec::new();
        Cutter { input, piece, text: Vec::new(), spent }.cut(pieces, |cut| {
            cuts.push(match cut {
                Cut::Lines(lines) => {
                    let text = String::from_utf8(lines.clone()).unwrap();
                    spend.send(lines).unwrap();
                    text
                }
                Cut::EndOfBlock => "|".to_owned(),
                Cut::EndOfFile => ".".to_owned(),
                Cut::Failure(error) => error.to_string(),
            });
            Some(())
        });
        cuts
    }

    #[test]
    fn a_block_ends_at_the_last_line_end_within_its_bytes() {
        assert_eq!(
            cuts(&b"ab\ncd\nefghijkl\nm"[..], 4, 2),
            ["ab\n", "cd\n", "|", "efghijkl\n", "|", "|", "m", "|", "."]
        );
        assert_eq!(cuts(&b""[..], 4, 2), ["|", "."]);
    }

    #[test]
    fn a_failure_ends_the_reading() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        assert_eq!(cuts(b"ab\nc".chain(Broken), 4, 2), ["ab\n", "broken"]);
    }

    #[test]
    fn nothing_more_is_read_when_nobody_takes_it() {
        let (spend, spent) = channel();
        spend.send(Vec::new()).unwrap();
        let mut input = io::repeat(b'\n');
        let cutter = Cutter { input: &mut input, piece: 4, text: Vec::new(), spent };
        assert_eq!(cutter.cut(2, |_| None), None);
    }

    #[test]
    fn pieces_come_in_their_order_whatever_becomes_of_them_first() {
        let text: String = (0..40_000).map(|i| format!("line {i} {}\n", "x".repeat(i % 90))).collect();
        let mut ahead = Ahead::start(io::Cursor::new(text.clone()), 2 * PIECE, |lines| lines.to_vec()).unwrap();
        let mut joined = Vec::new();
        while let Some(block) = ahead.next_block().unwrap() {
            block.into_iter().for_each(|piece| joined.extend(piece.wait()));
        }
        assert!(joined == text.as_bytes());
    }

    #[test]
    fn a_thread_of_the_pool_may_wait() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let waited = one.install(|| begin(Arc::new(<[u8]>::len), b"ab".to_vec(), channel().0).wait());
        assert_eq!(waited, 2);
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_input_cut_at_line_ends(text in "[a\n]{0,60}", piece in 1..9usize, pieces in 1..4usize) {
            let cuts = cuts(text.as_bytes(), piece, pieces);
            let lines: Vec<&String> = cuts.iter().filter(|cut| !["|", "."].contains(&cut.as_str())).collect();
            prop_assert_eq!(lines.iter().map(|lines| lines.as_str()).collect::<String>(), text.as_str());
            prop_assert!(lines.iter().rev().skip(1).all(|lines| lines.ends_with('\n')));
        }
    }
}
