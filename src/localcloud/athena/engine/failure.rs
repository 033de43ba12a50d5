//! DataFusion's errors in Athena's words.

use datafusion::error::DataFusionError;

/// Returns the reason for a statement that could not be planned.
pub(super) fn planning(error: &DataFusionError) -> String {
    let message = message(error);
    let place = place(&message);
    if message.contains("No field named") || message.contains("Schema error") {
        return format!("COLUMN_NOT_FOUND: line {place}: {message}");
    }
    if message.contains("Invalid function") {
        return format!("FUNCTION_NOT_FOUND: line {place}: {message}");
    }
    match message.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found")) {
        Some(table) => format!("TABLE_NOT_FOUND: line {place}: Table '{table}' does not exist"),
        None => format!("SYNTAX_ERROR: line {place}: {message}"),
    }
}

/// Returns the reason for a statement that failed while it ran.
pub(super) fn running(error: &DataFusionError) -> String {
    let message = message(error);
    if message.contains("Cannot cast") || message.contains("Cast error") {
        return format!("INVALID_CAST_ARGUMENT: {message}");
    }
    if message.contains("Divide by zero") {
        return "DIVISION_BY_ZERO: Division by zero".to_owned();
    }
    if message.contains("Overflow") || message.contains("overflow") {
        return format!("NUMERIC_VALUE_OUT_OF_RANGE: {message}");
    }
    if message.contains("Csv error") || message.contains("incorrect number of fields") {
        return format!("HIVE_BAD_DATA: {message}");
    }
    format!("GENERIC_INTERNAL_ERROR: {message}")
}

/// Returns the innermost message on one line, without the class that DataFusion puts before it.
fn message(error: &DataFusionError) -> String {
    let root = error.find_root().strip_backtrace();
    let classes = [
        "Error during planning: ",
        "Execution error: ",
        "External error: ",
        "SQL error: ",
        "Arrow error: ",
        "This feature is not implemented: ",
        "Optimizer rule ",
    ];
    let text = classes.iter().find_map(|class| root.strip_prefix(class)).unwrap_or(&root);
    let text = text.strip_prefix("ParserError(\"").and_then(|text| text.strip_suffix("\")")).unwrap_or(text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns `line:column`, from the message where it has them.
fn place(message: &str) -> String {
    let number = |word: &str| {
        let digits = message.split_once(word)?.1.trim_start();
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse::<u32>().ok()
    };
    format!("{}:{}", number("Line:").unwrap_or(1), number("Column:").unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_table_and_a_place_are_told() {
        let lost = DataFusionError::Plan("table 'awsdatacatalog.d.t' not found".to_owned());
        assert_eq!(planning(&lost), "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.d.t' does not exist");
        assert_eq!(place("Expected: x at Line: 2, Column: 17"), "2:17");
    }
}
