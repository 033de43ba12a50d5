//! Expressions: functions and words that PostgreSQL says differently.

use super::SqlError;
use super::pieces::{Kind, Piece, closing, join, own, split, text};

/// Clauses that have no counterpart.
const UNSUPPORTED: &[&str] = &["QUALIFY", "PIVOT", "UNPIVOT"];

/// Rewrites a query or any other statement with expressions in it.
pub(super) fn rewrite(pieces: Vec<Piece>) -> Result<Vec<Piece>, SqlError> {
    if let Some(word) = pieces.iter().find(|piece| piece.kind == Kind::Word && piece.is_any(UNSUPPORTED)) {
        return Err(SqlError::Unsupported(word.value.clone()));
    }
    let mut rewritten: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut limit = None;
    let mut place = 0;
    while place < pieces.len() {
        let piece = &pieces[place];
        let is_call = pieces.get(place + 1).is_some_and(|next| next.is("("));
        let follows_dot = rewritten.last().is_some_and(|last| last.is("."));
        if piece.kind != Kind::Word || follows_dot {
            rewritten.push(piece.clone());
            place += 1;
        } else if is_call {
            place = call(&pieces, place, &mut rewritten)?;
        } else if piece.is("TOP") && rewritten.last().is_some_and(|last| last.is("SELECT")) {
            limit = Some(top(&pieces, place)?);
            place += 2;
        } else {
            word(&pieces, place, &mut rewritten);
            place += 1;
        }
    }
    if let Some(count) = limit {
        rewritten.extend(own(&format!(" LIMIT {count}")));
    }
    Ok(rewritten)
}

/// Rewrites a word that is no function's name.
fn word(pieces: &[Piece], place: usize, rewritten: &mut Vec<Piece>) {
    let piece = &pieces[place];
    let after_type_sign = rewritten.last().is_some_and(|last| last.is("::"));
    let replacement = match piece.value.as_str() {
        "SYSDATE" => "GETDATE()",
        "MINUS" => "EXCEPT",
        "APPROXIMATE" if pieces.get(place + 1).is_some_and(|next| next.is("COUNT")) => "",
        "SUPER" if after_type_sign => "jsonb",
        "DATETIME" if after_type_sign => "timestamp",
        _ => {
            rewritten.push(piece.clone());
            return;
        }
    };
    let mut new = own(replacement);
    if let Some(first) = new.first_mut() {
        first.spaced = piece.spaced;
    }
    rewritten.extend(new);
}

/// `SELECT TOP n` is `SELECT … LIMIT n`; only where the statement is this one query.
fn top(pieces: &[Piece], place: usize) -> Result<String, SqlError> {
    let count = pieces.get(place + 1).map(|piece| piece.written.clone()).unwrap_or_default();
    let is_number = count.parse::<u64>().is_ok();
    let is_whole = place == 1 && !pieces.iter().any(|piece| piece.is_any(&["UNION", "EXCEPT", "INTERSECT", "MINUS"]));
    if is_number && is_whole {
        return Ok(count);
    }
    Err(SqlError::Unsupported("TOP in a part of a query; use LIMIT".to_owned()))
}

/// Rewrites a function call at `place` and returns the place after it.
fn call(pieces: &[Piece], place: usize, rewritten: &mut Vec<Piece>) -> Result<usize, SqlError> {
    let name = &pieces[place];
    let close = closing(pieces, place + 1)?;
    let inside = &pieces[place + 2..close];
    let mut next = close + 1;
    let new = match name.value.as_str() {
        "NVL" | "ISNULL" | "IFNULL" => plain_call("COALESCE", inside)?,
        "NVL2" => nvl2(inside)?,
        "DECODE" => decode(inside)?,
        "DATEADD" | "DATE_ADD" => dated_call("DATEADD", inside)?,
        "DATEDIFF" | "DATE_DIFF" => dated_call("DATEDIFF", inside)?,
        "DATE_PART" => dated_call("DATE_PART", inside)?,
        "CONVERT" => convert(inside)?,
        "MEDIAN" => own(&format!("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY {})", join(&rewrite(inside.to_vec())?))),
        "EXTRACT" => own(&format!("CAST(TRUNC(EXTRACT({})) AS integer)", join(&rewrite(inside.to_vec())?))),
        "LISTAGG" => {
            let (call, after) = listagg(pieces, inside, next)?;
            next = after;
            call
        }
        "VARCHAR" | "NVARCHAR" if inside.len() == 1 && inside[0].is("MAX") => own("varchar(65535)"),
        "NVARCHAR" => plain_call("varchar", inside)?,
        _ => {
            rewritten.push(name.clone());
            rewritten.push(pieces[place + 1].clone());
            rewritten.extend(rewrite(inside.to_vec())?);
            rewritten.push(pieces[close].clone());
            return Ok(next);
        }
    };
    let mut new = new;
    if let Some(first) = new.first_mut() {
        first.spaced = name.spaced;
    }
    rewritten.extend(new);
    Ok(next)
}

fn plain_call(name: &str, inside: &[Piece]) -> Result<Vec<Piece>, SqlError> {
    Ok(own(&format!("{name}({})", join(&rewrite(inside.to_vec())?))))
}

/// The first argument is a word: `DATEADD(day, 1, x)`.
fn dated_call(name: &str, inside: &[Piece]) -> Result<Vec<Piece>, SqlError> {
    let mut inside = inside.to_vec();
    if let Some(first) = inside.first_mut().filter(|first| matches!(first.kind, Kind::Word | Kind::Name)) {
        *first = text(&first.value.to_lowercase());
    }
    plain_call(name, &inside)
}

fn arguments(inside: &[Piece]) -> Result<Vec<String>, SqlError> {
    split(inside).into_iter().map(|argument| rewrite(argument).map(|pieces| join(&pieces))).collect()
}

fn nvl2(inside: &[Piece]) -> Result<Vec<Piece>, SqlError> {
    match arguments(inside)?.as_slice() {
        [value, then, otherwise] => Ok(own(&format!("CASE WHEN {value} IS NOT NULL THEN {then} ELSE {otherwise} END"))),
        _ => Err(SqlError::Syntax("NVL2 takes three arguments".to_owned())),
    }
}

/// `DECODE(x, 1, 'a', 'b')`: nulls are equal to each other.
fn decode(inside: &[Piece]) -> Result<Vec<Piece>, SqlError> {
    let arguments = arguments(inside)?;
    let [value, rest @ ..] = arguments.as_slice() else {
        return Err(SqlError::Syntax("DECODE takes arguments".to_owned()));
    };
    let cases =
        rest.chunks_exact(2).map(|pair| format!(" WHEN {value} IS NOT DISTINCT FROM {} THEN {}", pair[0], pair[1]));
    let cases: String = cases.collect();
    let otherwise = rest.chunks_exact(2).remainder().first().map(|last| format!(" ELSE {last}")).unwrap_or_default();
    Ok(own(&format!("CASE{cases}{otherwise} END")))
}

/// `CONVERT(type, x)`.
fn convert(inside: &[Piece]) -> Result<Vec<Piece>, SqlError> {
    match arguments(inside)?.as_slice() {
        [kind, value] => Ok(own(&format!("CAST({value} AS {kind})"))),
        // PostgreSQL's own has three arguments.
        _ => plain_call("CONVERT", inside),
    }
}

/// `LISTAGG([DISTINCT] x [, ',']) [WITHIN GROUP (ORDER BY y)]`; returns the place after it too.
fn listagg(pieces: &[Piece], inside: &[Piece], next: usize) -> Result<(Vec<Piece>, usize), SqlError> {
    let (distinct, inside) = match inside.first() {
        Some(first) if first.is("DISTINCT") => ("DISTINCT ", &inside[1..]),
        _ => ("", inside),
    };
    let arguments = arguments(inside)?;
    let value = arguments.first().map(String::as_str).unwrap_or_default().trim();
    let between = arguments.get(1).map_or("''", String::as_str).trim();
    let mut order = String::new();
    let mut after = next;
    if pieces.get(next).is_some_and(|piece| piece.is("WITHIN")) {
        let close = closing(pieces, next + 2)?;
        let terms = split(pieces.get(next + 5..close).unwrap_or_default());
        let terms: Result<Vec<String>, SqlError> = terms.into_iter().map(|term| order_term(term, value)).collect();
        order = format!(" ORDER BY {}", terms?.join(", "));
        after = close + 1;
    }
    Ok((own(&format!("STRING_AGG({distinct}({value})::text, {between}{order})")), after))
}

/// With `DISTINCT`, PostgreSQL orders only by what is aggregated, and that is the value as text.
fn order_term(term: Vec<Piece>, value: &str) -> Result<String, SqlError> {
    let direction = term.iter().position(|piece| piece.is_any(&["ASC", "DESC", "NULLS"])).unwrap_or(term.len());
    let expression = join(&rewrite(term[..direction].to_vec())?);
    let expression = if expression == value { format!("({value})::text") } else { expression };
    Ok([expression, join(&term[direction..])].join(" ").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::pieces::cut;
    use super::*;

    fn translated(sql: &str) -> String {
        join(&rewrite(cut(sql).unwrap()).unwrap())
    }

    #[test]
    fn functions_with_other_names_are_renamed() {
        assert_eq!(translated("select nvl(a, 0) from t"), "select COALESCE(a, 0) from t");
        assert_eq!(translated("select nvl2(a, 'x', 'y')"), "select CASE WHEN a IS NOT NULL THEN 'x' ELSE 'y' END");
        assert_eq!(translated("select dateadd(day, 1, getdate())"), "select DATEADD('day', 1, getdate())");
        assert_eq!(translated("select datediff(mon, a, b)"), "select DATEDIFF('mon', a, b)");
        assert_eq!(translated("select convert(int, x)"), "select CAST(x AS int)");
        assert_eq!(translated("select sysdate"), "select GETDATE()");
    }

    #[test]
    fn calls_are_rewritten_inside_each_other() {
        let sql = "SUM(STRTOL(SUBSTRING(MD5(NVL(CAST(c AS VARCHAR), '')), 1, 8), 16))";
        let expected = "SUM(STRTOL(SUBSTRING(MD5(COALESCE(CAST(c AS VARCHAR), '')), 1, 8), 16))";
        assert_eq!(translated(sql), expected);
    }

    #[test]
    fn listagg_takes_its_order_inside() {
        assert_eq!(
            translated("select listagg(distinct a, ',') within group (order by a) from t"),
            "select STRING_AGG(DISTINCT (a)::text, ',' ORDER BY (a)::text) from t"
        );
        assert_eq!(translated("select listagg(a) from t"), "select STRING_AGG((a)::text, '') from t");
    }

    #[test]
    fn decode_takes_nulls_as_equal() {
        assert_eq!(
            translated("decode(a, null, 'n', 1, 'one', 'other')"),
            "CASE WHEN a IS NOT DISTINCT FROM null THEN 'n' WHEN a IS NOT DISTINCT FROM 1 THEN 'one' ELSE 'other' END"
        );
    }

    #[test]
    fn top_is_limit() {
        assert_eq!(translated("select top 5 a from t order by a"), "select a from t order by a LIMIT 5");
        assert_eq!(translated("select * from (select top 5 a from t) x"), "select * from (select a from t LIMIT 5) x");
        assert!(rewrite(cut("select a from t union select top 5 a from t").unwrap()).is_err());
    }

    #[test]
    fn columns_that_are_called_like_functions_stay() {
        assert_eq!(translated("select t.len, t.top, minute from t"), "select t.len, t.top, minute from t");
    }
}
