//! Gates: expressions over the figures of a summary or a comparison that state when a run has failed.
//!
//! ```text
//! fp_rate > 0.01
//! by.context.output.recall < 0.9 or decisions.BLOCK >= 3
//! not (rules["pii.email"].hits > 0 and latency_ms.p99 <= 5)
//! recall ?? 0 < 0.5
//! ```
//! A figure is a path of keys into the JSON. An entry of a list is reached by its `id` or `name` (`rules["pii.email"]`)
//! or by its number (`intervals.fp_rate[1]`). `??` gives a figure that is unknown or null a value; without it such a
//! figure is an error, for a gate that cannot be measured must not pass. `not` binds tighter than `and`, `and` tighter
//! than `or`.

mod catalogue;
mod figure;
mod parse;
mod short;

pub use catalogue::Catalogue;
pub use figure::FigurePath;
pub use short::{max_block_rate_delta, max_fn, max_fp_rate, min_accuracy};

use figure::{Lookup, nearest_figures};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use std::fmt;

/// Why a gate could not be read or measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GateError {
    /// The expression is not one; points at the place.
    #[error("cannot read the gate: {message}\n  {expression}\n  {}^", " ".repeat(*column))]
    Syntax {
        /// As written.
        expression: String,
        /// Characters before the place.
        column: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// The figure does not exist.
    #[error("gate `{expression}`: there is no figure `{figure}`{}", suggest(nearest))]
    Unknown {
        /// As written.
        expression: String,
        /// The path that leads nowhere.
        figure: String,
        /// Figures with a similar name.
        nearest: Vec<String>,
    },
    /// The figure exists but is null.
    #[error(
        "gate `{expression}`: `{figure}` is undefined in this run (null), so it cannot be compared; write `{figure} ?? 0` to count it as 0"
    )]
    Undefined {
        /// As written.
        expression: String,
        /// The figure.
        figure: String,
    },
    /// The path leads to something that is no number.
    #[error("gate `{expression}`: `{figure}` is {found}, not a number{}", suggest(nearest))]
    NotANumber {
        /// As written.
        expression: String,
        /// The path.
        figure: String,
        /// What it leads to.
        found: &'static str,
        /// Figures below or near it.
        nearest: Vec<String>,
    },
}

fn suggest(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = nearest.iter().map(|n| format!("`{n}`")).collect();
    format!("; near it: {}", quoted.join(", "))
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Operator {
    fn holds(self, left: f64, right: f64) -> bool {
        #[allow(clippy::float_cmp)]
        match self {
            Operator::Less => left < right,
            Operator::LessOrEqual => left <= right,
            Operator::Greater => left > right,
            Operator::GreaterOrEqual => left >= right,
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Number(f64),
    Figure { path: FigurePath, default: Option<Number> },
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Compare(Operand, Operator, Operand),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

/// A condition under which a run has failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    text: String,
    expression: Expression,
}

/// One figure as a gate found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The figure's path.
    pub figure: String,
    /// Its value, or the `??` value in its stead.
    pub value: Number,
}

/// What came of a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateOutcome {
    /// The gate as written.
    pub expression: String,
    /// Whether the condition held, so the run failed.
    pub failed: bool,
    /// Every figure it names, in order of appearance.
    pub values: Vec<Measured>,
}

impl Gate {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`GateError::Syntax`], with the place.
    pub fn parse(expression: &str) -> Result<Self, GateError> {
        Ok(Self { text: expression.trim().to_owned(), expression: parse::parse(expression.trim())? })
    }

    /// The gate as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Measures the gate on the JSON of a summary or comparison. All figures are looked up, also where the outcome is
    /// settled before.
    ///
    /// # Errors
    /// A figure is unknown, null or no number.
    pub fn evaluate(&self, figures: &Value) -> Result<GateOutcome, GateError> {
        let mut values = Vec::new();
        let failed = self.measure(&self.expression, figures, &mut values)?;
        let mut seen = std::collections::HashSet::new();
        values.retain(|m: &Measured| seen.insert(m.figure.clone()));
        Ok(GateOutcome { expression: self.text.clone(), failed, values })
    }

    /// Checks that every figure without a `??` could exist, before anything is run.
    ///
    /// # Errors
    /// A figure that no run can have, with similar ones that exist.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), GateError> {
        for (path, default) in self.figures() {
            if default.is_some() {
                continue;
            }
            match catalogue.look_up(path) {
                Lookup::Number(_) | Lookup::Null => {}
                Lookup::Other(found) => return Err(self.not_a_number(path, found, catalogue.template())),
                Lookup::Missing => return Err(self.unknown(path, catalogue.template())),
            }
        }
        Ok(())
    }

    fn figures(&self) -> Vec<(&FigurePath, Option<&Number>)> {
        fn walk<'e>(e: &'e Expression, found: &mut Vec<(&'e FigurePath, Option<&'e Number>)>) {
            match e {
                Expression::Compare(left, _, right) => {
                    for operand in [left, right] {
                        if let Operand::Figure { path, default } = operand {
                            found.push((path, default.as_ref()));
                        }
                    }
                }
                Expression::Not(inner) => walk(inner, found),
                Expression::And(left, right) | Expression::Or(left, right) => {
                    walk(left, found);
                    walk(right, found);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.expression, &mut found);
        found
    }

    fn measure(&self, e: &Expression, figures: &Value, values: &mut Vec<Measured>) -> Result<bool, GateError> {
        Ok(match e {
            Expression::Compare(left, operator, right) => {
                let left = self.operand(left, figures, values)?;
                let right = self.operand(right, figures, values)?;
                operator.holds(left, right)
            }
            Expression::Not(inner) => !self.measure(inner, figures, values)?,
            Expression::And(left, right) => {
                let left = self.measure(left, figures, values)?;
                self.measure(right, figures, values)? && left
            }
            Expression::Or(left, right) => {
                let left = self.measure(left, figures, values)?;
                self.measure(right, figures, values)? || left
            }
        })
    }

    fn operand(&self, operand: &Operand, figures: &Value, values: &mut Vec<Measured>) -> Result<f64, GateError> {
        let (path, default) = match operand {
            Operand::Number(n) => return Ok(*n),
            Operand::Figure { path, default } => (path, default),
        };
        let value = match (path.look_up(figures), default) {
            (Lookup::Number(n), _) => n.clone(),
            (Lookup::Null | Lookup::Missing, Some(default)) => default.clone(),
            (Lookup::Null, None) => {
                return Err(GateError::Undefined { expression: self.text.clone(), figure: path.to_string() });
            }
            (Lookup::Missing, None) => return Err(self.unknown(path, figures)),
            (Lookup::Other(found), _) => return Err(self.not_a_number(path, found, figures)),
        };
        // Without arbitrary precision every JSON number is representable as a double.
        let number = value.as_f64().unwrap_or(f64::NAN);
        values.push(Measured { figure: path.to_string(), value });
        Ok(number)
    }

    fn unknown(&self, path: &FigurePath, figures: &Value) -> GateError {
        GateError::Unknown {
            expression: self.text.clone(),
            figure: path.to_string(),
            nearest: nearest_figures(path, figures),
        }
    }

    fn not_a_number(&self, path: &FigurePath, found: &'static str, figures: &Value) -> GateError {
        GateError::NotANumber {
            expression: self.text.clone(),
            figure: path.to_string(),
            found,
            nearest: nearest_figures(path, figures),
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Gate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
