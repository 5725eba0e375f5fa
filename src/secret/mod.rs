//! Secrets: a value that is never shown, and the masking of configuration text for screens and
//! reports.
//!
//! Masking looks at names, not at formats, so it takes any file and any diff of one; where a name is
//! in doubt it masks. It never changes the number of lines. It is no protection for text that is
//! stored: what is masked is lost.

mod held;
mod key;
mod markup;
mod pairs;
pub mod seal;

pub use held::holds_secret;

use std::fmt;
use std::ops::Range;

/// What stands in the place of a secret.
pub const MASK: &str = "********";

/// Bytes that are never shown and are overwritten when they go.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes over; the caller keeps no copy.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Gives the bytes to the code that needs them.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // The room behind the bytes may hold older ones. Within the capacity nothing moves.
        self.0.resize(self.0.capacity(), 0);
        // Keeps the compiler from seeing that nobody reads the zeros.
        std::hint::black_box(&self.0);
    }
}

/// Replaces the value of everything that looks like a secret, and tells how many there were.
///
/// Takes configuration text of any format and unified diffs of it. Stays as it is: a reference to a
/// secret kept elsewhere (`$secret{…}`, `$env{…}`, `${…}`, `svns:secretAlias`), a boolean, a class
/// name, the name of a password file.
pub fn mask(text: &[u8]) -> (Vec<u8>, usize) {
    let found = spans(text);
    (covered(text, &found), found.len())
}

/// Tells where [`mask`] sees secrets: ranges in order, apart from each other, none over a line end.
pub fn spans(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let diff = is_diff(text);
    markup::values(text, diff, &mut found);
    pairs::values(text, diff, &mut found);
    found.retain(|range| !range.is_empty() && text[range.clone()] != *MASK.as_bytes());
    merged(found)
}

/// Puts the mask over ranges that are in order and apart from each other.
pub fn covered(text: &[u8], ranges: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut last = 0;
    for range in ranges {
        out.extend_from_slice(&text[last..range.start]);
        out.extend_from_slice(MASK.as_bytes());
        last = range.end;
    }
    out.extend_from_slice(&text[last..]);
    out
}

/// Masks a value that is shown beside its key: whole when the key names a secret, else what looks
/// like a secret inside it, such as the password of a URL.
pub fn mask_value(key: &str, value: &str) -> String {
    if key::names_secret(key.as_bytes()) && !key::is_harmless(value.as_bytes()) {
        return MASK.to_owned();
    }
    String::from_utf8_lossy(&mask(value.as_bytes()).0).into_owned()
}

fn is_diff(text: &[u8]) -> bool {
    crate::text::lines(text).any(|line| line.starts_with(b"@@ -"))
}

/// Puts ranges in order and joins those that overlap: one secret may be seen as markup and as a
/// pair.
pub fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, kept| {
        let overlap = next.start < kept.end;
        if overlap {
            kept.end = kept.end.max(next.end);
        }
        overlap
    });
    found
}

/// Adds a range line by line, blanks at both ends and the marks of a diff left out.
fn add_lines(text: &[u8], range: Range<usize>, diff: bool, found: &mut Vec<Range<usize>>) {
    let mut at = range.start;
    for line in crate::text::lines(&text[range]) {
        let starts = at == 0 || text[at - 1] == b'\n';
        let marked = diff && starts && matches!(line.first(), Some(b' ' | b'-' | b'+'));
        let note = diff && starts && line.starts_with(b"\\ ");
        if !note {
            found.push(trimmed(text, at + usize::from(marked)..at + line.len()));
        }
        at += line.len();
    }
}

fn trimmed(text: &[u8], range: Range<usize>) -> Range<usize> {
    let body = &text[range.clone()];
    let start = range.start + (body.len() - body.trim_ascii_start().len());
    start..start + body.trim_ascii().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Masks each text and compares; `§` stands for the mask.
    fn assert_masks(cases: &[(&str, &str)]) {
        for (text, wanted) in cases {
            let (out, count) = mask(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&out), wanted.replace('§', MASK), "{text}");
            assert_eq!(count, wanted.matches('§').count(), "{text}");
            assert_eq!(mask(&out), (out, 0), "masking twice: {text}");
        }
    }

    fn assert_stays(texts: &[&str]) {
        let cases: Vec<(&str, &str)> = texts.iter().map(|text| (*text, *text)).collect();
        assert_masks(&cases);
    }

    #[test]
    fn values_in_xml_are_masked() {
        assert_masks(&[
            ("<C keystorePass=\"a b\" port=\"1\"/>", "<C keystorePass=\"§\" port=\"1\"/>"),
            ("<c sslPassword = 'x' keyPass='y'/>", "<c sslPassword = '§' keyPass='§'/>"),
            ("<Password>x</Password>", "<Password>§</Password>"),
            ("<a:KeyPassword>x</a:KeyPassword>", "<a:KeyPassword>§</a:KeyPassword>"),
            ("<password>\n  x\n</password>", "<password>\n  §\n</password>"),
            ("<P name=\"ConnectionPassword\">x</P>", "<P name=\"ConnectionPassword\">§</P>"),
            ("<p key='mail.smtp.password'>x</p>", "<p key='mail.smtp.password'>§</p>"),
            ("<p name='password'\n  value='x'/>", "<p name='password'\n  value='§'/>"),
            ("<Secret><![CDATA[a<b]]></Secret>", "<Secret><![CDATA[§]]></Secret>"),
            ("<Password><!-- c -->x</Password>", "<Password><!-- c -->§</Password>"),
            (
                "<!-- <Credential> -->\n<!-- <Password>x</Password> -->",
                "<!-- <Credential> -->\n<!-- <Password>§</Password> -->",
            ),
            ("<!--Password>x</Password-->", "<!--Password>§</Password-->"),
            ("<!-- <Password>x</Password> -->", "<!-- <Password>§</Password> -->"),
            (
                "<param-name>password</param-name><param-value>x</param-value>",
                "<param-name>password</param-name><param-value>§</param-value>",
            ),
            (
                "<P svns:secretAlias='a' name='password'>x</P>",
                "<P svns:secretAlias='a' name='password'>§</P>",
            ),
        ]);
        assert_stays(&[
            "<Password svns:secretAlias=\"A.Password\">password</Password>",
            "<Password>${admin.password}</Password>",
            "<Property name=\"PasswordJavaRegEx\">^[\\S]{5,30}$</Property>",
            "<Property name=\"StoreSaltedPassword\">true</Property>",
            "<Credential><!-- none --><Name>x</Name></Credential>",
            "<!-- <Credential> -->\n<!-- </Credential> -->",
            "<!--password of the store--> <a>x</a>",
            "<Password/>x",
        ]);
    }

    #[test]
    fn values_in_toml_properties_and_json_are_masked() {
        assert_masks(&[
            ("password = \"x\" # c", "password = \"§\" # c"),
            ("key_password='a#b'", "key_password='§'"),
            ("'mail.smtp.password'=\"x\\\"y\"", "'mail.smtp.password'=\"§\""),
            ("a = { b = \"u\", password = \"x\" }", "a = { b = \"u\", password = \"§\" }"),
            ("password = \"\"\"\nx\ny\"\"\"\na=1", "password = \"\"\"\n§\n§\"\"\"\na=1"),
            ("[encryption]\nkey = \"abc\"", "[encryption]\nkey = \"§\""),
            ("<A name='a' hash='0123456789abcdef0123456789abcdef'/>", "<A name='a' hash='§'/>"),
            ("[secrets]\nadmin = \"[x]\"", "[secrets]\nadmin = \"§\""),
            ("A.KeyStore.Password=[wso2carbon]", "A.KeyStore.Password=[§]"),
            ("#app.password = a b ", "#app.password = § "),
            ("my.secret=a\\\n  b\nc=d", "my.secret=§\\\n  §\nc=d"),
            ("{\"a.password\": \"x\", \"b\": 1}", "{\"a.password\": \"§\", \"b\": 1}"),
            ("password: x\r\n", "password: §\r\n"),
        ]);
        assert_stays(&[
            "password = \"$secret{a}\"",
            "A.Password=conf/carbon.xml//Server/Security/KeyStore/Password,false",
            "[[resource.access_control]]\nkey = \"short\"",
            "\"recaptcha.secret_key\": [\n  {",
            "if password == other",
            "\"cors.allow_credentials\": false, \"url\": \"h?access_token=\",",
            "# Note: the password of the store",
        ]);
    }

    #[test]
    fn passwords_in_urls_and_flags_are_masked() {
        assert_masks(&[
            ("x=amqp://admin:ad@min@host/c?d='tcp://h:1'", "x=amqp://admin:§@host/c?d='tcp://h:1'"),
            ("\"amqp://a:b/c@host:1\"", "\"amqp://a:§@host:1\""),
            (
                "jdbc:sqlserver://h:1;user=a;password=x;b=c",
                "jdbc:sqlserver://h:1;user=a;password=§;b=c",
            ),
            (
                "jdbc:mysql://h:1/d?user=a&amp;password=x&amp;b=c",
                "jdbc:mysql://h:1/d?user=a&amp;password=§&amp;b=c",
            ),
            ("jdbc:oracle:thin:scott/tiger@h:1521", "jdbc:oracle:thin:scott/§@h:1521"),
            (
                "java -Djavax.net.ssl.keyStorePassword=x -D a",
                "java -Djavax.net.ssl.keyStorePassword=§ -D a",
            ),
            ("keytool -storepass x -keypass 'y' -v", "keytool -storepass § -keypass '§' -v"),
            ("-Dp.password=\"$A b\" \\", "-Dp.password=\"§\" \\"),
        ]);
        assert_stays(&["https://h:9443/a?mail=a@b.c", "amqp://${u}:${p}@h", "mailto://a@b"]);
    }

    #[test]
    fn diffs_keep_their_marks_and_hunks() {
        assert_masks(&[
            (
                "@@ -1 +1 @@\n-<Password>a</Password>\n+<Password>b</Password>\n",
                "@@ -1 +1 @@\n-<Password>§</Password>\n+<Password>§</Password>\n",
            ),
            (
                "@@ -1,3 +1,3 @@\n <Password>\n-a\n+b\n </Password>\n",
                "@@ -1,3 +1,3 @@\n <Password>\n-§\n+§\n </Password>\n",
            ),
            (
                "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n </Password>\n",
                "@@ -1 +1 @@\n-§\n\\ No newline at end of file\n+§\n </Password>\n",
            ),
            (
                "@@ -1 +1 @@\n <Password>\n@@ -9 +9 @@\n x\n",
                "@@ -1 +1 @@\n <Password>\n@@ -9 +9 @@\n x\n",
            ),
            ("@@ -1 +1 @@\n+password = \"x\"\n", "@@ -1 +1 @@\n+password = \"§\"\n"),
            ("@@ -1 +1 @@\n-key = \"short\"\n", "@@ -1 +1 @@\n-key = \"§\"\n"),
        ]);
    }

    #[test]
    fn a_single_value_is_judged_by_its_key() {
        assert_eq!(mask_value("Connector/@keystorePass", "x"), MASK);
        assert_eq!(mask_value("super_admin.password", "$env{P}"), "$env{P}");
        assert_eq!(mask_value("url", "amqp://a:b@c"), format!("amqp://a:{MASK}@c"));
        assert_eq!(mask_value("Connector/@ciphers", "TLS_A,TLS_B"), "TLS_A,TLS_B");
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("wso2carbon");
        assert_eq!((format!("{secret:?}"), secret.reveal()), ("***".into(), &b"wso2carbon"[..]));
    }

    #[test]
    fn hostile_text_costs_no_more_than_its_length() {
        for piece in [
            "<password ",
            "<a b=\"",
            "password=[",
            "</password>",
            "://a:",
            "<!--<password>-->",
            "<Password><![CDATA[",
        ] {
            let text = piece.repeat(50_000);
            assert_eq!(mask(text.as_bytes()).0.iter().filter(|&&b| b == b'\n').count(), 0);
        }
    }
}
