//! The gates that have a flag of their own.

use super::{Expression, FigurePath, Gate, Operand, Operator};

fn gate(figure: &str, sign: &str, operator: Operator, limit: f64) -> Gate {
    let path = FigurePath(figure.split('.').map(str::to_owned).collect());
    Gate {
        text: format!("{figure} {sign} {limit}"),
        expression: Expression::Compare(Operand::Figure { path, default: None }, operator, Operand::Number(limit)),
    }
}

/// `--max-block-rate-delta X`: fails when the candidate's block rate is above the baseline's by more than X.
#[must_use]
pub fn max_block_rate_delta(limit: f64) -> Gate {
    gate("block_rate_delta", ">", Operator::Greater, limit)
}

/// `--min-accuracy X`: fails when the accuracy is below X.
#[must_use]
pub fn min_accuracy(limit: f64) -> Gate {
    gate("accuracy", "<", Operator::Less, limit)
}

/// `--max-fp-rate X`: fails when the false-positive rate is above X.
#[must_use]
pub fn max_fp_rate(limit: f64) -> Gate {
    gate("fp_rate", ">", Operator::Greater, limit)
}

/// `--max-fn N`: fails when more than N samples that should be flagged were not.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn max_fn(limit: u64) -> Gate {
    gate("false_negatives", ">", Operator::Greater, limit as f64)
}
