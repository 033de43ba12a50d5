//! `CREATE TABLE` and its like: what tells Redshift how to lay a table out is left out.
//!
//! Redshift does not enforce primary, unique and foreign keys, so they are left out too; a primary key's columns
//! stay `NOT NULL`, which it does enforce.

use super::SqlError;
use super::functions::rewrite;
use super::pieces::{Kind, Piece, closing, join, own, split};

/// Rewrites a `CREATE` statement.
pub(super) fn create(pieces: Vec<Piece>) -> Result<Vec<Piece>, SqlError> {
    let kind = pieces.iter().position(|piece| piece.is_any(&["TABLE", "VIEW"])).filter(|place| *place <= 4);
    match kind {
        Some(place) if pieces[place].is("TABLE") => create_table(&pieces, place),
        Some(place) => create_view(&pieces, place),
        None => rewrite(pieces),
    }
}

fn create_table(pieces: &[Piece], table: usize) -> Result<Vec<Piece>, SqlError> {
    let after_name = end_of_name(pieces, table + 1);
    let mut created = pieces[..after_name].to_vec();
    let mut place = after_name;
    if pieces.get(place).is_some_and(|piece| piece.is("(")) {
        let close = closing(pieces, place)?;
        let inside = &pieces[place + 1..close];
        created.extend(own(&format!(" ({})", columns(inside)?)));
        place = close + 1;
    }
    let (rest, query) = match pieces[place..].iter().position(|piece| piece.is("AS")) {
        Some(offset) => pieces[place..].split_at(offset),
        None => (&pieces[place..], [].as_slice()),
    };
    layout(rest)?;
    created.extend(rewrite(query.to_vec())?);
    Ok(created)
}

/// A view; of a materialized one the layout is left out.
fn create_view(pieces: &[Piece], view: usize) -> Result<Vec<Piece>, SqlError> {
    let mut pieces = pieces.to_vec();
    let binding = ["WITH", "NO", "SCHEMA", "BINDING"];
    if pieces.len() > 4 && pieces[pieces.len() - 4..].iter().zip(binding).all(|(piece, word)| piece.is(word)) {
        pieces.truncate(pieces.len() - 4);
    }
    let after_name = end_of_name(&pieces, view + 1);
    let is_materialized = pieces[..view].iter().any(|piece| piece.is("MATERIALIZED"));
    let query = pieces[after_name..].iter().position(|piece| piece.is("AS")).map(|offset| after_name + offset);
    match query {
        Some(query) if is_materialized => {
            layout(&pieces[after_name..query])?;
            let mut created = pieces[..after_name].to_vec();
            created.extend(rewrite(pieces[query..].to_vec())?);
            Ok(created)
        }
        _ => rewrite(pieces),
    }
}

/// Returns the place after `[IF NOT EXISTS] [database.]schema.name`.
fn end_of_name(pieces: &[Piece], mut place: usize) -> usize {
    while pieces.get(place).is_some_and(|piece| piece.is_any(&["IF", "NOT", "EXISTS"])) {
        place += 1;
    }
    place += 1;
    while pieces.get(place).is_some_and(|piece| piece.is(".")) {
        place += 2;
    }
    place.min(pieces.len())
}

/// Reads over what stands between a table's columns and its query; what is no layout is refused.
fn layout(pieces: &[Piece]) -> Result<(), SqlError> {
    let mut place = 0;
    while let Some(piece) = pieces.get(place) {
        let has_list = pieces.get(place + 1).is_some_and(|next| next.is("("));
        place = match piece.value.as_str() {
            "DISTKEY" | "SORTKEY" if has_list => closing(pieces, place + 1)? + 1,
            "DISTSTYLE" | "ENCODE" | "BACKUP" | "SORTKEY" => place + 2,
            "AUTO" if pieces.get(place + 1).is_some_and(|next| next.is("REFRESH")) => place + 3,
            "COMPOUND" | "INTERLEAVED" => place + 1,
            _ => return Err(SqlError::Syntax(format!("unexpected `{}` after the columns", piece.written))),
        };
    }
    Ok(())
}

fn columns(inside: &[Piece]) -> Result<String, SqlError> {
    let parts = split(inside);
    let keys = primary_key(&parts);
    let mut kept = Vec::new();
    for part in &parts {
        let Some(first) = part.first() else { continue };
        let is_constraint =
            first.kind == Kind::Word && first.is_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CONSTRAINT"]) && part.len() > 1;
        if first.is("LIKE") {
            kept.push(like(part));
        } else if !is_constraint {
            kept.push(column(part, &keys)?);
        }
    }
    Ok(kept.join(", "))
}

/// Returns the names in a table's `PRIMARY KEY (…)`.
fn primary_key(parts: &[Vec<Piece>]) -> Vec<String> {
    let of_table = parts.iter().filter_map(|part| {
        let place = part.iter().position(|piece| piece.is("PRIMARY"))?;
        let open = place + 2;
        part.get(open).filter(|piece| piece.is("("))?;
        let close = closing(part, open).ok()?;
        Some(part[open + 1..close].iter().filter(|piece| !piece.is(",")).map(|piece| piece.value.to_uppercase()))
    });
    of_table.flatten().collect()
}

/// `LIKE t [INCLUDING DEFAULTS]`: everything but defaults comes along in Redshift.
fn like(part: &[Piece]) -> String {
    let mut text = join(
        &part
            .iter()
            .filter(|piece| !piece.is_any(&["INCLUDING", "EXCLUDING", "DEFAULTS"]))
            .cloned()
            .collect::<Vec<_>>(),
    );
    if part.iter().any(|piece| piece.is("INCLUDING")) {
        text.push_str(" INCLUDING DEFAULTS");
    }
    text
}

/// Rewrites one column: its type, and its attributes but those of the layout.
pub(super) fn column(part: &[Piece], keys: &[String]) -> Result<String, SqlError> {
    let name = part.first().map(|piece| piece.written.clone()).unwrap_or_default();
    let (kind, mut place) = data_type(part, 1)?;
    let mut words = vec![name.clone(), kind];
    let in_key = part.first().is_some_and(|piece| keys.contains(&piece.value.to_uppercase()));
    let mut is_required = in_key;
    while let Some(piece) = part.get(place) {
        let next_is = |word: &str| part.get(place + 1).is_some_and(|next| next.is(word));
        place = match piece.value.as_str() {
            "DISTKEY" | "SORTKEY" | "UNIQUE" => place + 1,
            "ENCODE" => place + 2,
            "PRIMARY" => {
                is_required = true;
                place + 2
            }
            "REFERENCES" => {
                let end = end_of_name(part, place + 1);
                if part.get(end).is_some_and(|piece| piece.is("(")) { closing(part, end)? + 1 } else { end }
            }
            "COLLATE" if next_is("CASE_SENSITIVE") || next_is("CS") => place + 2,
            "COLLATE" => return Err(SqlError::Unsupported("COLLATE CASE_INSENSITIVE".to_owned())),
            "IDENTITY" => {
                let close = closing(part, place + 1)?;
                words.push(identity("ALWAYS", &part[place + 2..close])?);
                close + 1
            }
            "GENERATED" => {
                let open = part[place..].iter().position(|piece| piece.is("(")).map_or(part.len(), |at| place + at);
                let close = closing(part, open)?;
                words.push(identity("BY DEFAULT", &part[open + 1..close])?);
                close + 1
            }
            "NOT" if next_is("NULL") => {
                is_required = true;
                place + 2
            }
            "NULL" => place + 1,
            "DEFAULT" => {
                let end = end_of_default(part, place + 1);
                words.push(join(&rewrite(part[place..end].to_vec())?));
                end
            }
            _ => return Err(SqlError::Syntax(format!("unexpected `{}` in column {name}", piece.written))),
        };
    }
    if is_required {
        words.push("NOT NULL".to_owned());
    }
    Ok(words.join(" "))
}

fn end_of_default(part: &[Piece], start: usize) -> usize {
    let ends = ["NOT", "NULL", "ENCODE", "DISTKEY", "SORTKEY", "PRIMARY", "UNIQUE", "REFERENCES", "COLLATE"];
    let mut depth = 0_i32;
    for (place, piece) in part.iter().enumerate().skip(start) {
        depth += i32::from(piece.is("(")) - i32::from(piece.is(")"));
        if depth == 0 && place > start && piece.is_any(&ends) {
            return place;
        }
    }
    part.len()
}

fn identity(always: &str, inside: &[Piece]) -> Result<String, SqlError> {
    let numbers: Vec<String> = split(inside).iter().map(|part| join(part)).collect();
    match numbers.as_slice() {
        [seed, step] => {
            Ok(format!("GENERATED {always} AS IDENTITY (START WITH {seed} INCREMENT BY {step} MINVALUE {seed})"))
        }
        _ => Err(SqlError::Syntax("IDENTITY takes a seed and a step".to_owned())),
    }
}

/// Reads a data type at `place` and returns PostgreSQL's and the place after it.
pub(super) fn data_type(part: &[Piece], place: usize) -> Result<(String, usize), SqlError> {
    let Some(first) = part.get(place) else {
        return Err(SqlError::Syntax("a column has no type".to_owned()));
    };
    let mut end = place + 1;
    let two_words = matches!(first.value.as_str(), "DOUBLE" | "CHARACTER")
        && part.get(end).is_some_and(|next| next.is_any(&["PRECISION", "VARYING"]));
    let mut name = first.value.clone();
    if two_words {
        name = format!("{name} {}", part[end].value);
        end += 1;
    }
    let size = match part.get(end) {
        Some(open) if open.is("(") => {
            let close = closing(part, end)?;
            let size = join(&part[end + 1..close]);
            end = close + 1;
            Some(size)
        }
        _ => None,
    };
    if part.get(end).is_some_and(|piece| piece.is_any(&["WITH", "WITHOUT"])) {
        name = format!("{name} {} TIME ZONE", part[end].value);
        end += 3;
    }
    Ok((postgres_type(&name, size.as_deref())?, end))
}

fn postgres_type(name: &str, size: Option<&str>) -> Result<String, SqlError> {
    let size = match size {
        Some(size) if size.eq_ignore_ascii_case("max") => Some("65535"),
        other => other,
    };
    let sized = |base: &str, default: &str| format!("{base}({})", size.unwrap_or(default));
    Ok(match name {
        "VARCHAR" | "NVARCHAR" | "CHARACTER VARYING" | "TEXT" => sized("varchar", "256"),
        "CHAR" | "CHARACTER" | "NCHAR" => sized("char", "1"),
        "BPCHAR" => "char(256)".to_owned(),
        "DECIMAL" | "NUMERIC" => sized("numeric", "18, 0"),
        "DATETIME" => "timestamp".to_owned(),
        "SUPER" => "jsonb".to_owned(),
        "VARBYTE" | "VARBINARY" | "BINARY" => "bytea".to_owned(),
        "FLOAT" | "DOUBLE PRECISION" => "double precision".to_owned(),
        "GEOMETRY" | "GEOGRAPHY" | "HLLSKETCH" => return Err(SqlError::Unsupported(format!("the type {name}"))),
        other => match size {
            Some(size) => format!("{}({size})", other.to_lowercase()),
            None => other.to_lowercase(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::pieces::cut;
    use super::*;

    fn created(sql: &str) -> String {
        join(&create(cut(sql).unwrap()).unwrap())
    }

    #[test]
    fn layout_is_left_out() {
        let sql = "CREATE TABLE IF NOT EXISTS public.sales (
            invoice_no VARCHAR(20) NOT NULL ENCODE zstd DISTKEY,
            sold_at TIMESTAMP SORTKEY,
            price DECIMAL(12,3) ENCODE az64,
            note TEXT,
            PRIMARY KEY (invoice_no)
        ) DISTSTYLE KEY COMPOUND SORTKEY (sold_at, invoice_no);";
        let pieces: Vec<_> = cut(sql).unwrap().into_iter().filter(|piece| !piece.is(";")).collect();
        assert_eq!(
            join(&create(pieces).unwrap()),
            "CREATE TABLE IF NOT EXISTS public.sales (invoice_no varchar(20) NOT NULL, sold_at timestamp, \
             price numeric(12,3), note varchar(256))"
        );
    }

    #[test]
    fn identity_and_defaults_are_kept() {
        assert_eq!(
            created(
                "create table t (id bigint identity(1,1), at timestamp default sysdate not null, n int primary key)"
            ),
            "create table t (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1 INCREMENT BY 1 MINVALUE 1), at \
             timestamp default GETDATE() NOT NULL, n int NOT NULL)"
        );
    }

    #[test]
    fn a_table_from_a_query_loses_its_keys_only() {
        assert_eq!(
            created("create temp table t diststyle all sortkey(a) as select nvl(a, 0) as a from s"),
            "create temp table t as select COALESCE(a, 0) as a from s"
        );
        assert_eq!(created("create table t (like s)"), "create table t (like s)");
    }

    #[test]
    fn what_is_no_layout_is_refused() {
        assert!(create(cut("create table t (a int) engine = x").unwrap()).is_err());
        assert!(create(cut("create table t (a hllsketch)").unwrap()).is_err());
    }
}
