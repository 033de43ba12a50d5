//! A small reader of the XML documents that configure a bucket.

use quick_xml::Reader;
use quick_xml::events::Event;

/// One element: its name without prefix, its text and its children.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in super::super) struct Element {
    pub(in super::super) name: String,
    pub(in super::super) text: String,
    pub(in super::super) children: Vec<Element>,
}

impl Element {
    /// Reads a document; `None` if it is not well-formed.
    pub(in super::super) fn parse(document: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_reader(document);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => open.push(Self::named(start.local_name().as_ref())),
                Event::Empty(start) => open.last_mut()?.children.push(Self::named(start.local_name().as_ref())),
                Event::End(_) => {
                    let closed = open.pop()?;
                    open.last_mut()?.children.push(closed);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
                Event::CData(text) => open.last_mut()?.text.push_str(std::str::from_utf8(&text).ok()?),
                Event::GeneralRef(reference) => open.last_mut()?.text.push_str(&resolve(&reference.decode().ok()?)?),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let document = (open.len() == 1).then(|| open.pop()).flatten()?;
        document.children.into_iter().next()
    }

    fn named(name: &[u8]) -> Self {
        Self { name: String::from_utf8_lossy(name).into_owned(), ..Self::default() }
    }

    /// Returns the first child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns every child of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the text of the first child of that name, without the white space around it.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }
}

/// Returns what an entity or character reference stands for.
fn resolve(reference: &str) -> Option<String> {
    let letter = match reference {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        other => {
            let number = other.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some(letter.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_text_and_entities_are_read() {
        let document = b"<?xml version=\"1.0\"?><A xmlns=\"x\"><B>1 &amp; &#65;</B><B/><C><D> d </D></C></A>";
        let root = Element::parse(document).unwrap();
        assert_eq!(root.name, "A");
        assert_eq!(root.text_of("B"), Some("1 & A"));
        assert_eq!(root.all("B").count(), 2);
        assert_eq!(root.child("C").and_then(|c| c.text_of("D")), Some("d"));
    }

    #[test]
    fn what_is_cut_off_is_no_document() {
        assert_eq!(Element::parse(b"<A><B>"), None);
        assert_eq!(Element::parse(b"{}"), None);
    }
}
