//! Gives keys values: which bytes go and which come. What is not named in an edit stays; an edit
//! after which the server could not read the file is refused.

use super::path::{Only, Part, dotted};
use super::seek::{self, End, Place};
use super::tree::{Form, Leaf, Node, Table};
use super::{Document, Literal, Path, phrase};
use crate::format::Fault;
use crate::text::{Edit, splice};

impl Document {
    /// Gives a key a value, in every entry that the path chooses; nothing to do gives no edits.
    ///
    /// The edits hold for this text: a further change starts from the text that they give.
    ///
    /// # Errors
    /// A fault when the value would break the server, or the key has no place of its own.
    pub fn set(&self, path: &Path, value: &str, literal: Literal) -> Result<Vec<Edit>, Fault> {
        let mut edits = Vec::new();
        for end in seek::seek(&self.root, path.parts()) {
            match end {
                End::Value(leaf) => edits.extend(self.replace(leaf, value, literal)?),
                End::Missing { place, rest } => {
                    let written = phrase::value(value, literal, None)
                        .map_err(|reason| self.unfit(place.table.key_start, reason))?;
                    edits.push(self.add(&place, rest, value, &written)?);
                }
                End::Table(Place { table: Table { key_start, .. }, .. }) => {
                    return Err(self.no_place(*key_start, format!("{path} is a table")));
                }
                End::Tables(tables) => {
                    let reason = format!("{path} is an array of tables");
                    return Err(self.no_place(tables.key_start, reason));
                }
                End::Blocked { at, name, why } => return Err(self.blocked(at, name, why)),
            }
        }
        self.proved(path, edits)
    }

    fn replace(&self, leaf: &Leaf, value: &str, literal: Literal) -> Result<Option<Edit>, Fault> {
        if phrase::says(leaf.kind, &leaf.text, value, literal) {
            return Ok(None);
        }
        let old = self.text.get(leaf.range.clone());
        let written = phrase::value(value, literal, old)
            .map_err(|reason| self.unfit(leaf.range.start, reason))?;
        Ok(Some(Edit::replace(leaf.range.clone(), written)))
    }

    /// Adds what is missing of a path where its siblings are, else as a table at the end.
    fn add(
        &self,
        place: &Place<'_>,
        rest: &[Part],
        value: &str,
        written: &str,
    ) -> Result<Edit, Fault> {
        if let Some(at) = rest.iter().position(|part| part.only.is_some()) {
            return self.add_entry(place, rest, at, value, written);
        }
        let names: Vec<&str> = rest.iter().map(|part| part.name.as_str()).collect();
        let local = place.prefix.iter().chain(&names).copied();
        let line = format!("{} = {written}", dotted(local));
        if let Some(braces @ Table { form: Form::Braces(range), .. }) = place.braces {
            return Ok(self.inside_braces(braces, range.end, &line));
        }
        if !place.prefix.is_empty() {
            return Ok(self.behind_last(place.table, &line));
        }
        let direct = names.len() == 1 || place.entry.is_some();
        match (&place.table.form, direct) {
            (Form::Implied, true) => {
                let header = format!("[{}]", dotted(place.names.iter().copied()));
                Ok(self.before_sub_tables(place, &[&header, &line]))
            }
            (Form::Root | Form::Header(_), true) => Ok(self.behind_last(place.table, &line)),
            _ => {
                let (key, parents) = names.split_last().map_or(("", &[][..]), |(k, p)| (*k, p));
                let header = place.names.iter().chain(parents).copied();
                let header = format!("[{}]", dotted(header));
                Ok(self.at_end(&[&header, &format!("{} = {written}", dotted([key]))]))
            }
        }
    }

    /// Adds an entry to an array of tables; `at` is the part that chooses it. Its keys are dotted
    /// ones, because a header `[array.table]` would bind to whatever entry is the last.
    fn add_entry(
        &self,
        place: &Place<'_>,
        rest: &[Part],
        at: usize,
        value: &str,
        written: &str,
    ) -> Result<Edit, Fault> {
        let key_start = place.table.key_start;
        let (array, inner) = rest.split_at_checked(at + 1).unwrap_or((rest, &[]));
        let name = array.last().map_or("", |part| part.name.as_str());
        let Some(Only { key, value: chosen }) = array.last().and_then(|part| part.only.as_ref())
        else {
            return Err(self.no_place(key_start, format!("{name} chooses no entry")));
        };
        let nested = place.entry.is_some() || inner.iter().any(|part| part.only.is_some());
        let keyed = !place.prefix.is_empty() || place.braces.is_some();
        let existing = match place.table.entry(name) {
            Some(Node::Tables(tables)) if at == 0 => Some(tables),
            _ => None,
        };
        let bracketed = existing.and_then(|tables| tables.entries.first());
        if nested || keyed || bracketed.is_some_and(|entry| matches!(entry.form, Form::Braces(_))) {
            let reason = format!("an entry of {name} cannot be added to what is written here");
            return Err(self.no_place(existing.map_or(key_start, |t| t.key_start), reason));
        }
        let names = place.names.iter().copied().chain(array.iter().map(|part| part.name.as_str()));
        let names: Vec<&str> = names.collect();
        let chosen_as = phrase::value(chosen, Literal::String, None)
            .map_err(|reason| self.unfit(key_start, reason))?;
        let header = format!("[[{}]]", dotted(names.iter().copied()));
        let choice = format!("{} = {chosen_as}", dotted(key.iter().map(String::as_str)));
        let mut lines = vec![header.as_str(), choice.as_str()];
        let same = inner.iter().map(|part| &part.name).eq(key);
        let line = format!("{} = {written}", dotted(inner.iter().map(|part| part.name.as_str())));
        if same && value != chosen {
            return Err(self.unfit(key_start, format!("{chosen} and {value} cannot both be true")));
        }
        if !same && !inner.is_empty() {
            lines.push(&line);
        }
        match existing {
            Some(_) => Ok(self.behind_entries(&names, &lines)),
            None => Ok(self.at_end(&lines)),
        }
    }

    /// Hands edits out only after the text that they give was read as the server would.
    pub(super) fn proved(&self, path: &Path, edits: Vec<Edit>) -> Result<Vec<Edit>, Fault> {
        if !edits.is_empty() {
            let start = edits.first().map_or(0, |edit| edit.range.start);
            let after = splice(self.text.as_bytes(), &edits)
                .map_err(|overlap| self.no_place(start, overlap.to_string()))?;
            Self::parse(&after).map_err(|fault| {
                self.no_place(start, format!("with {path} changed here, {}", fault.reason))
            })?;
        }
        Ok(edits)
    }

    fn unfit(&self, at: usize, reason: String) -> Fault {
        Fault::at(self.text.as_bytes(), at, reason, "Choose another value.")
    }

    fn blocked(&self, at: usize, name: &str, why: &str) -> Fault {
        self.no_place(at, format!("{name} is {why}"))
    }

    pub(super) fn no_place(&self, at: usize, reason: String) -> Fault {
        Fault::at(self.text.as_bytes(), at, reason, "Change this place by hand, then run again.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str, edits: impl FnOnce(&Document) -> Result<Vec<Edit>, Fault>) -> String {
        let document = Document::parse(text.as_bytes()).expect(text);
        match edits(&document) {
            Ok(edits) => {
                String::from_utf8(splice(text.as_bytes(), &edits).expect(text)).expect(text)
            }
            Err(fault) => format!("{fault}"),
        }
    }

    fn set(text: &str, key: &str, value: &str, literal: Literal) -> String {
        change(text, |document| document.set(&key.parse().expect(key), value, literal))
    }

    fn string(text: &str, key: &str) -> String {
        set(text, key, "v", Literal::String)
    }

    #[test]
    fn a_value_changes_between_its_spaces_and_its_comment() {
        let text = "#o = 10\r\n[s]\r\no =  '1'\t# o = 10\r\n#o = 3\r\nl=[ 'a' ]";
        let after = "#o = 10\r\n[s]\r\no =  '2'\t# o = 10\r\n#o = 3\r\nl=[ 'a' ]";
        assert_eq!(set(text, "s.o", "2", Literal::Bare), after);
        assert_eq!(set(text, "s.o", "1", Literal::Bare), text);
        assert_eq!(set(text, "s.l", "a", Literal::Array), text);
        assert!(set(text, "s.l", "a,b", Literal::Array).ends_with("l=['a', 'b']"));
    }

    #[test]
    fn a_key_joins_its_siblings() {
        assert_eq!(
            string("[a]\n  b = 1 # c\n#d = 2\n", "a.d"),
            "[a]\n  b = 1 # c\n  d = \"v\"\n#d = 2\n"
        );
        assert_eq!(string("[a]\r\n[b]\nx = 1", "a.d"), "[a]\r\nd = \"v\"\r\n[b]\nx = 1");
        assert_eq!(string("[a]\r\nx = [\r\n1]", "a.d"), "[a]\r\nx = [\r\n1]\r\nd = \"v\"");
        assert_eq!(
            string("[t]\na.b.c = 1\nz = 2\n", "t.a.b.d.e"),
            "[t]\na.b.c = 1\na.b.d.e = \"v\"\nz = 2\n"
        );
        assert_eq!(string("a = { b.c = 1 }", "a.b.d"), "a = { b.c = 1, b.d = \"v\" }");
        assert_eq!(string("a = {}", "a.'x.y'"), "a = { 'x.y' = \"v\" }");
        assert_eq!(string("x = 1\n[a]\n", "y"), "x = 1\ny = \"v\"\n[a]\n");
        assert_eq!(string("# c\n\n# d\n[a]\n", "y"), "# c\n\ny = \"v\"\n\n# d\n[a]\n");
    }

    #[test]
    fn a_new_table_goes_to_the_end_and_before_the_secrets() {
        assert_eq!(string("[a]\nb = 1\n", "a.c.d"), "[a]\nb = 1\n\n[a.c]\nd = \"v\"\n");
        assert_eq!(
            string("[a]\r\nb = 1", "x.y.'z.0'"),
            "[a]\r\nb = 1\r\n\r\n[x.y]\r\n'z.0' = \"v\""
        );
        assert_eq!(string("", "x.y"), "[x]\ny = \"v\"\n");
        let text = "[a]\n\n# keep\n[secrets]\np = \"[x]\"\n";
        assert_eq!(
            string(text, "x.y"),
            "[a]\n\n[x]\ny = \"v\"\n\n# keep\n[secrets]\np = \"[x]\"\n"
        );
        assert_eq!(
            string("[secrets]\np = 1\n[z]\n", "x.y"),
            "[secrets]\np = 1\n[z]\n\n[x]\ny = \"v\"\n"
        );
    }

    #[test]
    fn a_parent_never_stands_behind_its_child() {
        assert_eq!(
            string("[z]\n\n[a.b]\n[a.c]\n", "a.k"),
            "[z]\n\n[a]\nk = \"v\"\n\n[a.b]\n[a.c]\n"
        );
        assert_eq!(string("[z]\n[[a.b]]\n", "a.k"), "[z]\n\n[a]\nk = \"v\"\n\n[[a.b]]\n");
        let text = "[[f]]\n[f.a.b]\n[[f]]\nn = 'x'\n[f.a.b]\n";
        let after = "[[f]]\n[f.a.b]\n[[f]]\nn = 'x'\n\n[f.a]\nk.l = \"v\"\n\n[f.a.b]\n";
        assert_eq!(string(text, "f[n='x'].a.k.l"), after);
    }

    #[test]
    fn keys_of_an_entry_stay_in_the_entry() {
        let text = "[[f]]\nn = 'x'\n\n[[f]]\nn = 'y'\n[f.s]\nk = 1\n# tail\n\n[g]\n";
        assert!(string(text, "f[n='x'].s.k").starts_with("[[f]]\nn = 'x'\ns.k = \"v\"\n\n[[f]]"));
        assert!(string(text, "f[n='y'].s.l").contains("[f.s]\nk = 1\nl = \"v\"\n# tail"));
        let after = text.replace("# tail\n", "# tail\n\n[[f]]\nn = \"z\"\ns.k = \"v\"\n");
        assert_eq!(string(text, "f[n='z'].s.k"), after);
        assert_eq!(
            string("[[f]]\r\nn = 1", "f[n='z'].k"),
            "[[f]]\r\nn = 1\r\n\r\n[[f]]\r\nn = \"z\"\r\nk = \"v\""
        );
        assert_eq!(
            string("[[f]]\nn = 1\n[g]\n", "f[n='z'].k"),
            "[[f]]\nn = 1\n\n[[f]]\nn = \"z\"\nk = \"v\"\n\n[g]\n"
        );
        assert_eq!(string("[g]\n", "t.f[p.n='v'].p.n"), "[g]\n\n[[t.f]]\np.n = \"v\"\n");
    }

    #[test]
    fn what_has_no_place_is_refused_with_a_sentence() {
        for (text, key) in [
            ("a = 1", "a.b"),
            ("[a]\n", "a"),
            ("[[a]]\n", "a.b"),
            ("[a]\n", "a[n='x'].b"),
            ("a = [{ n = 1 }]", "a[n='x'].b"),
            ("[[a]]\nn='x'\n", "a[n='x'].b[m='y'].c"),
            ("[x]\ny.z = 1\n", "x.y.f[n='a'].k"),
        ] {
            assert!(string(text, key).starts_with("line "), "{text}: {}", string(text, key));
        }
        assert!(
            set("[a]\nb = 1\n", "a.b", "x&y", Literal::String).starts_with("line 2, column 5: ")
        );
    }
}
