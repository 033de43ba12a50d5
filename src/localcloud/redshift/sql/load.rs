//! `COPY` and `UNLOAD`: their options, read and checked.

use super::SqlError;
use super::functions::rewrite;
use super::pieces::{Kind, Piece, closing, cut, join};

/// How the objects are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Fields between delimiters; `quote` is missing where quotes mean nothing.
    Delimited {
        /// Between two fields.
        delimiter: u8,
        /// Around a field.
        quote: Option<u8>,
    },
    /// Parquet.
    Parquet,
}

/// A `COPY` from S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copy {
    /// The table, as PostgreSQL reads its name.
    pub table: String,
    /// The columns, as PostgreSQL reads their names; all if there are none.
    pub columns: Vec<String>,
    /// `s3://bucket/prefix`.
    pub from: String,
    /// The role's ARN, or nothing for `default`.
    pub role: Option<String>,
    /// How the objects are written.
    pub format: Format,
    /// Lines to leave out at the beginning of each object.
    pub header_lines: u64,
    /// The text that stands for null.
    pub null: String,
    /// Empty texts are null.
    pub empty_is_null: bool,
    /// Texts of blanks are null.
    pub blank_is_null: bool,
    /// Texts that are too long are cut.
    pub truncates: bool,
    /// Missing columns at the end of a line are null.
    pub fills: bool,
    /// What stands in place of invalid letters, if they are accepted.
    pub replacement: Option<char>,
    /// Objects are compressed with gzip.
    pub gzip: bool,
    /// `from` is the place of a list of objects.
    pub manifest: bool,
    /// Values of identity columns are in the objects.
    pub explicit_ids: bool,
    /// The bucket's region, if it is another.
    pub region: Option<String>,
}

/// An `UNLOAD` to S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unload {
    /// The query, for PostgreSQL.
    pub query: String,
    /// `s3://bucket/prefix`.
    pub to: String,
    /// The role's ARN, or nothing for `default`.
    pub role: Option<String>,
    /// Between two fields.
    pub delimiter: u8,
    /// Quotes where needed, as CSV has them.
    pub csv: bool,
    /// A first line with the columns' names.
    pub header: bool,
    /// Compressed with gzip.
    pub gzip: bool,
    /// Objects that are there may be overwritten.
    pub overwrites: bool,
    /// Objects under the prefix are removed first.
    pub cleans: bool,
    /// Written as one after the other instead of one a slice.
    pub serial: bool,
    /// The bucket's region, if it is another.
    pub region: Option<String>,
}

/// Reads options one after the other.
struct Options<'a> {
    pieces: &'a [Piece],
    place: usize,
}

impl Options<'_> {
    fn next(&mut self) -> Option<Piece> {
        let piece = self.pieces.get(self.place).cloned();
        self.place += 1;
        piece
    }

    fn skip(&mut self, word: &str) {
        if self.pieces.get(self.place).is_some_and(|piece| piece.is(word)) {
            self.place += 1;
        }
    }

    /// Reads the text of an option.
    fn text(&mut self, option: &str) -> Result<String, SqlError> {
        self.skip("AS");
        let bad = || SqlError::Syntax(format!("{option} needs a text in quotes"));
        self.next().filter(|piece| piece.kind == Kind::Text).map(|piece| piece.value).ok_or_else(bad)
    }

    /// Reads the one letter of an option.
    fn letter(&mut self, option: &str) -> Result<u8, SqlError> {
        let text = self.text(option)?;
        match (text.as_str(), text.as_bytes()) {
            ("\\t", _) => Ok(b'\t'),
            (_, [letter]) => Ok(*letter),
            _ => Err(SqlError::Syntax(format!("{option} needs one ASCII letter"))),
        }
    }

    fn number(&mut self, option: &str) -> Result<u64, SqlError> {
        self.skip("AS");
        let bad = || SqlError::Syntax(format!("{option} needs a number"));
        self.next().and_then(|piece| piece.value.parse().ok()).ok_or_else(bad)
    }

    /// Reads a text of an option that may stand without one.
    fn maybe_text(&mut self) -> Option<String> {
        self.skip("AS");
        let found = self.pieces.get(self.place).filter(|piece| piece.kind == Kind::Text)?.value.clone();
        self.place += 1;
        Some(found)
    }

    /// Reads `'arn'` or `default`.
    fn role(&mut self) -> Result<Option<String>, SqlError> {
        if self.pieces.get(self.place).is_some_and(|piece| piece.is("DEFAULT")) {
            self.place += 1;
            return Ok(None);
        }
        self.text("IAM_ROLE").map(Some)
    }

    /// Reads `'aws_iam_role=arn'`.
    fn credentials(&mut self) -> Result<Option<String>, SqlError> {
        self.skip("WITH");
        let text = self.text("CREDENTIALS")?;
        let unsupported = || SqlError::Unsupported("access keys in COPY and UNLOAD; use IAM_ROLE".to_owned());
        text.strip_prefix("aws_iam_role=").map(|role| Some(role.to_owned())).ok_or_else(unsupported)
    }
}

/// Reads a `COPY`.
pub(super) fn copy(pieces: &[Piece]) -> Result<Copy, SqlError> {
    let from = pieces.iter().position(|piece| piece.is("FROM"));
    let from = from.ok_or_else(|| SqlError::Syntax("COPY needs FROM".to_owned()))?;
    let open = pieces[..from].iter().position(|piece| piece.is("("));
    let columns = match open {
        Some(open) => {
            let inside = &pieces[open + 1..closing(pieces, open)?];
            inside.iter().filter(|piece| !piece.is(",")).map(|piece| piece.written.clone()).collect()
        }
        None => vec![],
    };
    let mut options = Options { pieces, place: from + 1 };
    let source = options.text("FROM")?;
    if !source.starts_with("s3://") {
        return Err(SqlError::Unsupported("COPY from anything but s3://".to_owned()));
    }
    let mut copy = Copy {
        table: join(&pieces[1..open.unwrap_or(from)]),
        columns,
        from: source,
        role: None,
        format: Format::Delimited { delimiter: b'|', quote: None },
        header_lines: 0,
        null: "\\N".to_owned(),
        empty_is_null: false,
        blank_is_null: false,
        truncates: false,
        fills: false,
        replacement: None,
        gzip: false,
        manifest: false,
        explicit_ids: false,
        region: None,
    };
    let mut has_role = false;
    while let Some(option) = options.next() {
        has_role |= option.is_any(&["IAM_ROLE", "CREDENTIALS"]);
        copy_option(&mut copy, &option, &mut options)?;
    }
    if has_role { Ok(copy) } else { Err(SqlError::Syntax("COPY needs IAM_ROLE".to_owned())) }
}

fn copy_option(copy: &mut Copy, option: &Piece, options: &mut Options<'_>) -> Result<(), SqlError> {
    match option.value.as_str() {
        "IAM_ROLE" => copy.role = options.role()?,
        "CREDENTIALS" => copy.role = options.credentials()?,
        "FORMAT" => options.skip("AS"),
        "CSV" => copy.format = Format::Delimited { delimiter: b',', quote: Some(b'"') },
        "PARQUET" => copy.format = Format::Parquet,
        "DELIMITER" | "QUOTE" => letter_option(copy, option, options)?,
        "IGNOREHEADER" => copy.header_lines = options.number("IGNOREHEADER")?,
        "NULL" => copy.null = options.text("NULL")?,
        "EMPTYASNULL" => copy.empty_is_null = true,
        "BLANKSASNULL" => copy.blank_is_null = true,
        "TRUNCATECOLUMNS" => copy.truncates = true,
        "FILLRECORD" => copy.fills = true,
        "IGNOREBLANKLINES" => {}
        "EXPLICIT_IDS" => copy.explicit_ids = true,
        "GZIP" => copy.gzip = true,
        "MANIFEST" => copy.manifest = true,
        "REGION" => copy.region = Some(options.text("REGION")?),
        "ACCEPTINVCHARS" => {
            copy.replacement = Some(options.maybe_text().and_then(|it| it.chars().next()).unwrap_or('?'))
        }
        "DATEFORMAT" | "TIMEFORMAT" => {
            let format = options.text(&option.value)?;
            let is_iso = ["AUTO", "YYYY-MM-DD", "YYYY-MM-DD HH:MI:SS", "YYYY-MM-DD HH24:MI:SS"];
            if !is_iso.iter().any(|known| known.eq_ignore_ascii_case(&format)) {
                return Err(SqlError::Unsupported(format!("{} '{format}'; use 'auto'", option.value)));
            }
        }
        "MAXERROR" => {
            if options.number("MAXERROR")? > 0 {
                return Err(SqlError::Unsupported("MAXERROR above 0".to_owned()));
            }
        }
        "ENCODING" => {
            let encoding = options.text("ENCODING")?;
            if !encoding.eq_ignore_ascii_case("utf8") {
                return Err(SqlError::Unsupported(format!("ENCODING {encoding}")));
            }
        }
        "STATUPDATE" | "COMPUPDATE" => {
            ["ON", "OFF", "TRUE", "FALSE", "PRESET"].iter().for_each(|word| options.skip(word))
        }
        other => return Err(SqlError::Unsupported(format!("the option {other} of COPY"))),
    }
    Ok(())
}

fn letter_option(copy: &mut Copy, option: &Piece, options: &mut Options<'_>) -> Result<(), SqlError> {
    let letter = options.letter(&option.value)?;
    let Format::Delimited { delimiter, quote } = &mut copy.format else {
        return Err(SqlError::Syntax(format!("{} is not supported for Parquet", option.value)));
    };
    if option.is("DELIMITER") {
        *delimiter = letter;
    } else {
        *quote = Some(letter);
    }
    Ok(())
}

/// Reads an `UNLOAD`.
pub(super) fn unload(pieces: &[Piece]) -> Result<Unload, SqlError> {
    let shape = pieces.get(1).is_some_and(|piece| piece.is("("))
        && pieces.get(2).is_some_and(|piece| piece.kind == Kind::Text)
        && pieces.get(3).is_some_and(|piece| piece.is(")"))
        && pieces.get(4).is_some_and(|piece| piece.is("TO"));
    if !shape {
        return Err(SqlError::Syntax("UNLOAD is written UNLOAD ('SELECT …') TO 's3://…'".to_owned()));
    }
    let query = join(&rewrite(cut(&pieces[2].value)?.into_iter().filter(|piece| !piece.is(";")).collect())?);
    let mut options = Options { pieces, place: 5 };
    let to = options.text("TO")?;
    let mut unload = Unload {
        query,
        to,
        role: None,
        delimiter: b'|',
        csv: false,
        header: false,
        gzip: false,
        overwrites: false,
        cleans: false,
        serial: false,
        region: None,
    };
    let mut has_role = false;
    while let Some(option) = options.next() {
        has_role |= option.is_any(&["IAM_ROLE", "CREDENTIALS"]);
        unload_option(&mut unload, &option, &mut options)?;
    }
    if has_role { Ok(unload) } else { Err(SqlError::Syntax("UNLOAD needs IAM_ROLE".to_owned())) }
}

fn unload_option(unload: &mut Unload, option: &Piece, options: &mut Options<'_>) -> Result<(), SqlError> {
    match option.value.as_str() {
        "IAM_ROLE" => unload.role = options.role()?,
        "CREDENTIALS" => unload.role = options.credentials()?,
        "FORMAT" => options.skip("AS"),
        "CSV" => {
            unload.csv = true;
            unload.delimiter = b',';
        }
        "DELIMITER" => unload.delimiter = options.letter("DELIMITER")?,
        "HEADER" => unload.header = true,
        "GZIP" => unload.gzip = true,
        "ALLOWOVERWRITE" => unload.overwrites = true,
        "CLEANPATH" => unload.cleans = true,
        "REGION" => unload.region = Some(options.text("REGION")?),
        "PARALLEL" => {
            let word = options.next().map(|piece| piece.value).unwrap_or_default();
            unload.serial = word == "OFF" || word == "FALSE";
        }
        "MAXFILESIZE" => {
            options.skip("AS");
            options.next();
            options.skip("MB");
            options.skip("GB");
        }
        other => return Err(SqlError::Unsupported(format!("the option {other} of UNLOAD"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_with_its_options() {
        let sql = "COPY public.sales (a, \"B\") FROM 's3://bucket/stage/' IAM_ROLE 'arn:aws:iam::1:role/r' \
                   MANIFEST FORMAT AS CSV GZIP IGNOREHEADER 1 TIMEFORMAT 'auto' EMPTYASNULL REGION AS 'us-east-2' MAXERROR 0";
        let copy = copy(&cut(sql).unwrap()).unwrap();
        assert_eq!(copy.table, "public.sales");
        assert_eq!(copy.columns, ["a", "\"B\""]);
        assert_eq!(copy.format, Format::Delimited { delimiter: b',', quote: Some(b'"') });
        assert_eq!((copy.header_lines, copy.empty_is_null), (1, true));
        assert!(copy.manifest && copy.gzip);
        assert_eq!(copy.region.as_deref(), Some("us-east-2"));
    }

    #[test]
    fn an_option_that_is_not_there_is_refused() {
        let refused = |options: &str| copy(&cut(&format!("copy t from 's3://b/p' iam_role 'r' {options}")).unwrap());
        assert!(matches!(refused("encrypted"), Err(SqlError::Unsupported(_))));
        assert!(matches!(refused("maxerror 10"), Err(SqlError::Unsupported(_))));
        assert!(matches!(refused("timeformat 'epochsecs'"), Err(SqlError::Unsupported(_))));
        assert!(copy(&cut("copy t from 's3://b/p' csv").unwrap()).is_err());
    }

    #[test]
    fn an_unload_translates_its_query() {
        let sql =
            "UNLOAD ('select nvl(a, ''x'') from t') TO 's3://b/p' IAM_ROLE default FORMAT CSV HEADER PARALLEL OFF";
        let unload = unload(&cut(sql).unwrap()).unwrap();
        assert_eq!(unload.query, "select COALESCE(a, 'x') from t");
        assert!(unload.header && unload.csv && unload.serial && unload.role.is_none());
    }
}
