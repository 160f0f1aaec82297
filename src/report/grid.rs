//! Columns on a terminal.

use std::io::{self, Write};
use unicode_width::UnicodeWidthStr as _;

/// Where a column's texts stand.
#[derive(Clone, Copy)]
pub enum Align {
    /// At its left edge.
    Left,
    /// At its right edge.
    Right,
}

/// Columns of texts that may hold escape sequences, two blanks apart. Nothing else about it is a table.
pub struct Grid {
    aligns: Vec<Align>,
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    pub fn new(aligns: &[Align]) -> Self {
        Grid { aligns: aligns.to_vec(), rows: Vec::new() }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let widths: Vec<usize> = (0..self.aligns.len())
            .map(|i| self.rows.iter().map(|row| plain(&row[i]).width()).max().unwrap_or(0))
            .collect();
        for row in &self.rows {
            let mut line = String::from(" ");
            for ((cell, align), width) in row.iter().zip(&self.aligns).zip(&widths) {
                if *width == 0 {
                    continue;
                }
                let pad = " ".repeat(width - plain(cell).width());
                match align {
                    Align::Left => line.push_str(&format!(" {cell}{pad} ")),
                    Align::Right => line.push_str(&format!(" {pad}{cell} ")),
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The text without escape sequences.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        out.push_str(&rest[..start]);
        let after = &rest[start..];
        rest = after.find('m').map_or("", |end| &after[end + 1..]);
    }
    out + rest
}
