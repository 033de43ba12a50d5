//! Texts inside statements.

/// Returns a text as standard SQL writes it; Redshift and Athena read a backslash as any other letter.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_quote_does_not_end_the_text() {
        assert_eq!(literal(r"it's \"), r"'it''s \'");
    }
}
