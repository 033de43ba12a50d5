//! SQL text as pieces that can be looked at and moved.

use datafusion::sql::sqlparser::dialect::RedshiftSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::SqlError;
use crate::localcloud::engine::postgres::{quoted_name, quoted_text};

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in double quotes.
    Name,
    /// A text in single quotes.
    Text,
    /// Anything else.
    Symbol,
}

/// One token, as PostgreSQL is to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// The word in capitals, the value of a text, or the symbol.
    pub(super) value: String,
    /// How it is written.
    pub(super) written: String,
    /// White space stood before it.
    pub(super) spaced: bool,
}

impl Piece {
    /// Returns whether this is the keyword or symbol.
    pub(super) fn is(&self, value: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Symbol) && self.value == value
    }

    /// Returns whether this is one of the keywords or symbols.
    pub(super) fn is_any(&self, values: &[&str]) -> bool {
        values.iter().any(|value| self.is(value))
    }
}

/// Cuts SQL into pieces; comments are left out.
pub(super) fn cut(sql: &str) -> Result<Vec<Piece>, SqlError> {
    let tokens =
        Tokenizer::new(&RedshiftSqlDialect {}, sql).tokenize().map_err(|error| SqlError::Syntax(error.to_string()))?;
    let mut pieces = Vec::with_capacity(tokens.len());
    let mut spaced = false;
    for token in tokens {
        let (kind, value, written) = match token {
            Token::Whitespace(_) => {
                spaced = true;
                continue;
            }
            Token::Word(word) => match word.quote_style {
                None => (Kind::Word, word.value.to_uppercase(), word.value),
                Some(_) => (Kind::Name, word.value.clone(), quoted_name(&word.value)),
            },
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => {
                let written = quoted_text(&text);
                (Kind::Text, text, written)
            }
            other => (Kind::Symbol, other.to_string(), other.to_string()),
        };
        pieces.push(Piece { kind, value, written, spaced });
        spaced = false;
    }
    Ok(pieces)
}

/// Cuts SQL of our own, which is known to be right.
pub(super) fn own(sql: &str) -> Vec<Piece> {
    cut(sql).unwrap_or_default()
}

/// Returns a text as a piece.
pub(super) fn text(value: &str) -> Piece {
    Piece { kind: Kind::Text, value: value.to_owned(), written: quoted_text(value), spaced: false }
}

/// Joins pieces to SQL.
pub(super) fn join(pieces: &[Piece]) -> String {
    let mut sql = String::new();
    for piece in pieces {
        if piece.spaced && !sql.is_empty() {
            sql.push(' ');
        }
        sql.push_str(&piece.written);
    }
    sql
}

/// Returns the place of the parenthesis that closes the one at `open`.
pub(super) fn closing(pieces: &[Piece], open: usize) -> Result<usize, SqlError> {
    let mut depth = 0_usize;
    for (place, piece) in pieces.iter().enumerate().skip(open) {
        if piece.is("(") {
            depth += 1;
        } else if piece.is(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Ok(place);
            }
        }
    }
    Err(SqlError::Syntax("a parenthesis is not closed".to_owned()))
}

/// Cuts pieces at the commas that are in no parenthesis.
pub(super) fn split(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_i32;
    for piece in pieces {
        depth += i32::from(piece.is("(")) - i32::from(piece.is(")"));
        if depth == 0 && piece.is(",") {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(piece.clone());
        }
    }
    parts
}
