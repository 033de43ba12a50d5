//! One statement: what it is and what PostgreSQL is to run for it.

use std::collections::BTreeMap;

use super::pieces::{Kind, Piece, cut, join, text};
use super::{Copy, Unload, alter, functions, load, table};

/// What a statement of Redshift asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    /// SQL for PostgreSQL.
    Plain(String),
    /// `COPY` from S3.
    Copy(Copy),
    /// `UNLOAD` to S3.
    Unload(Unload),
    /// Something that has no meaning on one PostgreSQL server, such as another distribution key.
    Nothing,
}

/// Why a statement is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SqlError {
    /// It cannot be read.
    #[error("ERROR: syntax error: {0}")]
    Syntax(String),
    /// The local cloud has not this part of Redshift.
    #[error("ERROR: the local cloud's Redshift does not support {0}")]
    Unsupported(String),
    /// More than one statement where one is allowed.
    #[error("Multiple sql statements are not allowed.")]
    Several,
    /// There is nothing to run.
    #[error("Sql statement is empty.")]
    Empty,
    /// A parameter that the text does not name, or a name without a parameter.
    #[error("Parameters list contains unused or missing parameters: {0}.")]
    Parameter(String),
}

/// What Redshift has and the local cloud has not, by its first words.
const UNSUPPORTED: &[&[&str]] = &[
    &["CREATE", "EXTERNAL"],
    &["CREATE", "MODEL"],
    &["CREATE", "LIBRARY"],
    &["CREATE", "DATASHARE"],
    &["CREATE", "IDENTITY", "PROVIDER"],
    &["CREATE", "MASKING", "POLICY"],
    &["CREATE", "RLS", "POLICY"],
    &["ALTER", "DATASHARE"],
    &["ANALYZE", "COMPRESSION"],
    &["UNLOAD", "WITH"],
    &["SHOW", "TABLE"],
    &["SHOW", "DATASHARES"],
];

/// Translates one statement; `:name` stands for the parameter of that name.
///
/// # Errors
/// What is wrong with the text, or what of Redshift is missing here.
pub(crate) fn translate(sql: &str, parameters: &BTreeMap<String, String>) -> Result<Statement, SqlError> {
    let mut pieces = cut(sql)?;
    while pieces.last().is_some_and(|piece| piece.is(";")) {
        pieces.pop();
    }
    if pieces.is_empty() {
        return Err(SqlError::Empty);
    }
    if pieces.iter().any(|piece| piece.is(";")) {
        return Err(SqlError::Several);
    }
    let pieces = fill_in(pieces, parameters)?;
    if let Some(words) = UNSUPPORTED.iter().find(|words| begins(&pieces, words)) {
        return Err(SqlError::Unsupported(words.join(" ")));
    }
    by_first_word(pieces)
}

fn by_first_word(pieces: Vec<Piece>) -> Result<Statement, SqlError> {
    match pieces[0].value.as_str() {
        "COPY" => load::copy(&pieces).map(Statement::Copy),
        "UNLOAD" => load::unload(&pieces).map(Statement::Unload),
        "CREATE" => table::create(pieces).map(|pieces| Statement::Plain(join(&pieces))),
        "ALTER" => alter::alter(pieces),
        "VACUUM" => Ok(Statement::Plain(join(&alter::vacuum(pieces)))),
        "ANALYZE" | "ANALYSE" => Ok(Statement::Plain(join(&alter::analyze(pieces)))),
        _ => functions::rewrite(pieces).map(|pieces| Statement::Plain(join(&pieces))),
    }
}

/// Returns whether a statement begins with these keywords.
pub(super) fn begins(pieces: &[Piece], words: &[&str]) -> bool {
    pieces.len() >= words.len() && pieces.iter().zip(words).all(|(piece, word)| piece.is(word))
}

/// Puts quoted values in the place of `:name`.
fn fill_in(pieces: Vec<Piece>, parameters: &BTreeMap<String, String>) -> Result<Vec<Piece>, SqlError> {
    if parameters.is_empty() {
        return Ok(pieces);
    }
    let mut filled: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut unused: Vec<&String> = parameters.keys().collect();
    for piece in pieces {
        let names_parameter =
            filled.last().is_some_and(|last| last.is(":")) && piece.kind == Kind::Word && !piece.spaced;
        if !names_parameter {
            filled.push(piece);
            continue;
        }
        let found = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(&piece.written));
        let (name, value) = found.ok_or_else(|| SqlError::Parameter(piece.written.clone()))?;
        unused.retain(|other| *other != name);
        let spaced = filled.pop().is_some_and(|colon| colon.spaced);
        filled.push(Piece { spaced, ..text(value) });
    }
    match unused.first() {
        Some(name) => Err(SqlError::Parameter((*name).clone())),
        None => Ok(filled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(sql: &str) -> String {
        match translate(sql, &BTreeMap::new()) {
            Ok(Statement::Plain(text)) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_postgres_understands_is_left_alone() {
        let sql = "SELECT a.\"B\", 'it''s' || x::varchar FROM t a WHERE x >= 1.50 AND y <> '£'";
        assert_eq!(plain(sql), sql);
        assert_eq!(plain("select 1 -- note\n;"), "select 1");
    }

    #[test]
    fn several_statements_are_refused() {
        assert_eq!(translate("select 1; select 2", &BTreeMap::new()), Err(SqlError::Several));
        assert_eq!(plain("select ';'"), "select ';'");
    }

    #[test]
    fn parameters_are_quoted_values() {
        let parameters = BTreeMap::from([("id".to_owned(), "o'x".to_owned())]);
        let translated = translate("select :id, x::int from t where y = :id", &parameters);
        assert_eq!(translated, Ok(Statement::Plain("select 'o''x', x::int from t where y = 'o''x'".to_owned())));
        let missing = translate("select :other", &parameters);
        assert_eq!(missing, Err(SqlError::Parameter("other".to_owned())));
    }

    #[test]
    fn what_is_missing_is_refused_by_name() {
        let refused = translate("create external schema s from data catalog", &BTreeMap::new());
        assert_eq!(refused, Err(SqlError::Unsupported("CREATE EXTERNAL".to_owned())));
    }

    #[test]
    fn backslashes_escape_as_in_redshift() {
        assert_eq!(plain(r"select 'a\\b', 'it\'s'"), r"select 'a\b', 'it''s'");
    }
}
