//! A file of SQL, cut into statements.

/// Returns the statements of a script without line comments; a semicolon in quotes or in a block comment ends none.
pub fn statements(script: &str) -> Vec<String> {
    let mut found = vec![];
    let mut current = String::new();
    let mut quote = None;
    let mut letters = script.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '-') if letters.peek() == Some(&'-') => {
                for skipped in letters.by_ref() {
                    if skipped == '\n' {
                        break;
                    }
                }
                current.push('\n');
            }
            (None, '/') if letters.peek() == Some(&'*') => {
                // Kept: MySQL executes what stands in `/*! … */`.
                current.push(letter);
                let mut last = ' ';
                for inside in letters.by_ref() {
                    current.push(inside);
                    if last == '*' && inside == '/' {
                        break;
                    }
                    last = inside;
                }
            }
            (None, ';') => found.push(std::mem::take(&mut current)),
            (None, '\'' | '"' | '`') => {
                quote = Some(letter);
                current.push(letter);
            }
            (Some(open), _) if open == letter => {
                quote = None;
                current.push(letter);
            }
            _ => current.push(letter),
        }
    }
    found.push(current);
    found.into_iter().map(|statement| statement.trim().to_owned()).filter(|statement| !statement.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn line_comments_go_and_quoted_semicolons_stay() {
        let script = "-- a; b\nCREATE TABLE `x;y` (a INT) /*! c; */; INSERT INTO t VALUES ('a;--b''c');\n";
        assert_eq!(statements(script), ["CREATE TABLE `x;y` (a INT) /*! c; */", "INSERT INTO t VALUES ('a;--b''c')"]);
    }
}
