//! A second, independent reader of `deployment.toml`: it follows a path through toml_edit's own
//! tables and shares nothing with the reader that finds the bytes. It only reads.

use super::Path;
use super::path::Only;
use crate::format::Fault;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// Reads the value of a key as plain text; none for what is missing or a table. The first entry
/// counts where several match.
///
/// # Errors
/// A fault when the text is no TOML.
pub fn value(text: &[u8], path: &Path) -> Result<Option<String>, Fault> {
    let utf8 = std::str::from_utf8(text).map_err(|error| {
        Fault::at(text, error.valid_up_to(), "the file is not UTF-8", "Save the file as UTF-8.")
    })?;
    let document: DocumentMut = utf8.parse().map_err(|error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::at(text, at, error.message().replace('\n', ", "), "Correct the line.")
    })?;
    let mut tables: Vec<&dyn TableLike> = vec![document.as_table()];
    let Some((last, parents)) = path.parts().split_last() else {
        return Ok(None);
    };
    for part in parents {
        tables = tables
            .into_iter()
            .filter_map(|table| table.get(&part.name))
            .flat_map(|item| match &part.only {
                None => item.as_table_like().into_iter().collect(),
                Some(only) => chosen(item, only),
            })
            .collect();
    }
    if last.only.is_some() {
        return Ok(None);
    }
    let found = tables.into_iter().find_map(|table| table.get(&last.name)?.as_value());
    Ok(found.and_then(plain))
}

fn chosen<'a>(item: &'a Item, only: &Only) -> Vec<&'a dyn TableLike> {
    let entries: Vec<&dyn TableLike> = match item {
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table as _).collect(),
        Item::Value(Value::Array(array)) => {
            array.iter().filter_map(Value::as_inline_table).map(|table| table as _).collect()
        }
        _ => Vec::new(),
    };
    entries.into_iter().filter(|entry| says(*entry, only)).collect()
}

fn says(entry: &dyn TableLike, only: &Only) -> bool {
    let Some((last, parents)) = only.key.split_last() else {
        return false;
    };
    let table = parents.iter().try_fold(entry, |table, name| table.get(name)?.as_table_like());
    let value = table.and_then(|table| table.get(last)).and_then(Item::as_value).and_then(plain);
    value.as_deref() == Some(only.value.as_str())
}

fn plain(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.value().clone(),
        Value::Integer(number) => number.display_repr().into_owned(),
        Value::Float(number) => number.display_repr().into_owned(),
        Value::Boolean(boolean) => boolean.display_repr().into_owned(),
        Value::Datetime(date) => date.display_repr().into_owned(),
        Value::Array(array) if array.iter().any(Value::is_inline_table) => return None,
        Value::Array(array) => array.iter().filter_map(plain).collect::<Vec<_>>().join(","),
        Value::InlineTable(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_is_written_in_every_form() {
        let text = b"[a]\nb.c = 0x1F\nd = { e = [ 'x', \"y\" ] }\n[[f]]\nn.m = 'one'\nk = true\n\
            [[f]]\nn.m = 'two'\n[f.s]\n'x.y' = \"\\u00e9\"\n";
        for (key, expected) in [
            ("a.b.c", Some("0x1F")),
            ("a.d.e", Some("x,y")),
            ("f[n.m='one'].k", Some("true")),
            ("f[n.m='two'].s.'x.y'", Some("\u{e9}")),
            ("f[n.m='two'].k", None),
            ("a.b", None),
            ("f", None),
        ] {
            let found = value(text, &key.parse().expect(key)).expect(key);
            assert_eq!(found.as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn a_text_that_is_no_toml_is_a_fault() {
        let path = "a".parse().expect("a key");
        assert_eq!(value(b"x = 1\na = \n", &path).expect_err("broken").at.line, 2);
        assert!(value(b"a = '\xff'", &path).is_err());
    }
}
