//! What the documentation says of the code is made from the code.

use crate::support::root;

#[test]
fn the_table_of_attributes_is_what_the_kinds_say() {
    let path = root().join("docs/attributes.md");
    let table = stack::kinds::attribute_table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == table, "`docs/attributes.md` is old: run `UPDATE_DOCS=1 cargo test --test it docs`");
}
