//! `ALTER`, `VACUUM` and `ANALYZE`.

use super::functions::rewrite;
use super::pieces::{Piece, join, own};
use super::statement::begins;
use super::table::{column, data_type};
use super::{SqlError, Statement};

/// Rewrites an `ALTER` statement. A change of the layout is nothing to do.
pub(super) fn alter(pieces: Vec<Piece>) -> Result<Statement, SqlError> {
    let place_of = |words: &[&str]| (0..pieces.len()).find(|place| begins(&pieces[*place..], words));
    if !begins(&pieces, &["ALTER", "TABLE"]) {
        return rewrite(pieces).map(|pieces| Statement::Plain(join(&pieces)));
    }
    if place_of(&["APPEND", "FROM"]).is_some() {
        return Err(SqlError::Unsupported("ALTER TABLE APPEND; use INSERT INTO … SELECT".to_owned()));
    }
    let layouts = ["DISTKEY", "DISTSTYLE", "SORTKEY", "COMPOUND", "INTERLEAVED", "ENCODE"];
    let layout = layouts.iter().any(|word| place_of(&["ALTER", word]).is_some());
    let encode =
        place_of(&["ALTER", "COLUMN"]).is_some_and(|place| pieces.get(place + 3).is_some_and(|it| it.is("ENCODE")));
    if layout || encode {
        return Ok(Statement::Nothing);
    }
    if let Some(place) = place_of(&["ADD"]) {
        return add(&pieces, place);
    }
    if let Some(place) =
        place_of(&["ALTER", "COLUMN"]).filter(|place| pieces.get(place + 3).is_some_and(|it| it.is("TYPE")))
    {
        let (kind, _) = data_type(&pieces, place + 4)?;
        return Ok(Statement::Plain(format!("{} {kind}", join(&pieces[..place + 4]))));
    }
    rewrite(pieces).map(|pieces| Statement::Plain(join(&pieces)))
}

/// `ADD [COLUMN] name type …`; keys are not enforced, so adding one is nothing to do.
fn add(pieces: &[Piece], place: usize) -> Result<Statement, SqlError> {
    let next = pieces.get(place + 1);
    if next.is_some_and(|piece| piece.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CONSTRAINT"])) {
        return Ok(Statement::Nothing);
    }
    let start = if next.is_some_and(|piece| piece.is("COLUMN")) { place + 2 } else { place + 1 };
    let start = if begins(&pieces[start.min(pieces.len())..], &["IF", "NOT", "EXISTS"]) { start + 3 } else { start };
    let added = column(&pieces[start.min(pieces.len())..], &[])?;
    Ok(Statement::Plain(format!("{} {added}", join(&pieces[..start]))))
}

/// `VACUUM [FULL | SORT ONLY | DELETE ONLY | REINDEX | RECLUSTER] [t] [TO n PERCENT] [BOOST]`.
pub(super) fn vacuum(pieces: Vec<Piece>) -> Vec<Piece> {
    let words = ["FULL", "SORT", "ONLY", "DELETE", "REINDEX", "RECLUSTER", "BOOST"];
    let end = pieces.iter().position(|piece| piece.is("TO")).unwrap_or(pieces.len());
    pieces[..end].iter().filter(|piece| !piece.is_any(&words)).cloned().collect()
}

/// `ANALYZE [t [(columns)]] [PREDICATE COLUMNS | ALL COLUMNS]`.
pub(super) fn analyze(pieces: Vec<Piece>) -> Vec<Piece> {
    let end = pieces.iter().position(|piece| piece.is_any(&["PREDICATE", "ALL"])).unwrap_or(pieces.len());
    if end == 0 { own("ANALYZE") } else { pieces[..end].to_vec() }
}

#[cfg(test)]
mod tests {
    use super::super::pieces::cut;
    use super::*;

    fn altered(sql: &str) -> Statement {
        alter(cut(sql).unwrap()).unwrap()
    }

    #[test]
    fn another_layout_is_nothing_to_do() {
        assert_eq!(altered("alter table t alter distkey a"), Statement::Nothing);
        assert_eq!(altered("alter table t alter column a encode zstd"), Statement::Nothing);
        assert_eq!(altered("alter table t add constraint p primary key (a)"), Statement::Nothing);
    }

    #[test]
    fn columns_are_added_and_widened() {
        let expected = "alter table t add column a varchar(65535)";
        assert_eq!(
            altered("alter table t add column a varchar(max) encode lzo"),
            Statement::Plain(expected.to_owned())
        );
        let expected = "alter table t alter column a type varchar(40)";
        assert_eq!(altered("alter table t alter column a type nvarchar(40)"), Statement::Plain(expected.to_owned()));
    }

    #[test]
    fn vacuum_keeps_the_table_only() {
        assert_eq!(join(&vacuum(cut("vacuum delete only public.t to 99 percent").unwrap())), "vacuum public.t");
    }
}
