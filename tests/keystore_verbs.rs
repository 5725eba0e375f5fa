//! Stories of key stores at a shell: what is refused and why, what is listed, made, asked for and
//! imported, and that no password is shown anywhere.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use harden::native::key::{self, Bits, Key, Order, to_pem};
use harden::native::keystore::{Certificate, Content, Format, Opened, Profile, Store};
use harden::secret::Secret;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{Copy, own, root, snapshot, store};
use tempfile::TempDir;

const CARBON: &str = "carbon-4.4.40-xml";
const SECURITY: &str = "repository/resources/security";
const CARBON_XML: &str = "repository/conf/carbon.xml";
const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";
const VAULT: &str = "repository/conf/security/cipher-text.properties";
const REPLACE: [&str; 2] = ["--set", "P02.mode=replace-all"];

// --- P02 -----------------------------------------------------------------------------------------

type Setting<'a> = (&'a str, fn(&Desk), &'a [&'a str], i32, &'a [&'a str]);

#[test]
fn what_p02_refuses_it_refuses_with_the_reason_and_the_way_out_and_nothing_is_written() {
    let cases: Vec<Setting> = vec![
        (
            "started",
            |d| d.put("repository/logs/wso2carbon.log", "x"),
            &REPLACE,
            1,
            &["was started before", "split-internal", "encrypted-data=none"],
        ),
        (
            "tenants",
            |d| d.put("repository/tenants/1", "x"),
            &REPLACE,
            1,
            &["there are tenants in", "split-internal"],
        ),
        (
            "user stores",
            |d| d.put("repository/deployment/server/userstores/a.xml", "<a/>"),
            &REPLACE,
            1,
            &["user stores are configured", "split-internal"],
        ),
        (
            "database",
            |d| d.put("repository/conf/datasources/master-datasources.xml", FOREIGN),
            &REPLACE,
            1,
            &["names a database outside this home"],
        ),
        (
            "vault",
            |d| d.put(VAULT, "A.Password=c2VjcmV0\n"),
            &["--set", "P02.mode=replace-all", "--set", "P02.encrypted-data=none"],
            1,
            &["Secure Vault keeps values", "split-internal"],
        ),
        (
            "kept elsewhere",
            |d| d.replace(CATALINA, "keystorePass=\"wso2carbon\"", "keystorePass=\"${env:PASS}\""),
            &[],
            1,
            &["is kept in ${env:PASS}", "--secret P02.password=file:PATH"],
        ),
        (
            "own keys",
            |d| d.with_own_key(),
            &REPLACE,
            1,
            &["other keys of your own: mine", "keytool"],
        ),
        (
            "no internal store",
            |d| d.replace(CARBON_XML, "InternalKeyStore>", "Other>"),
            &["--set", "P02.mode=split-internal"],
            1,
            &["no key store of its own for stored data", "tls-only"],
        ),
        (
            "PKCS12 without a type",
            |d| d.put("repository/conf/data-bridge/data-bridge-config.xml", DATA_BRIDGE),
            &["--set", "P02.type=PKCS12"],
            1,
            &["says no type", "Leave out --set P02.type=PKCS12"],
        ),
        (
            "wrong password of P02.from",
            |_| {},
            &["--set", "P02.from=FROM", "--secret", "P02.password=file:WRONG"],
            1,
            &["key store of P02.from cannot be used", "harden keystore create"],
        ),
        (
            "P02.from without a password",
            |_| {},
            &["--set", "P02.from=FROM"],
            1,
            &["its password is not told"],
        ),
        ("names", |_| {}, &["--set", "P02.names=a b"], 64, &["P02.names", "harden explain P02"]),
        (
            "mode",
            |_| {},
            &["--set", "P02.mode=all"],
            64,
            &["P02.mode is tls-only or split-internal or replace-all"],
        ),
        (
            "short password",
            |_| {},
            &["--secret", "P02.password=file:SHORT"],
            64,
            &["P02.password has 12 or more characters"],
        ),
        (
            "missing store",
            |d| d.replace(CARBON_XML, "wso2carbon.jks", "gone.jks"),
            &REPLACE,
            1,
            &["the file does not exist", "Correct this reference"],
        ),
    ];
    for (name, dress, more, code, words) in cases {
        let desk = Desk::of(CARBON);
        fs::write(desk.path("from.jks"), &own().0).unwrap();
        fs::write(desk.path("wrong"), "Another.password-1\n").unwrap();
        fs::write(desk.path("short"), "hunter2\n").unwrap();
        dress(&desk);
        let before = snapshot(&desk.copy.root);
        let at = |text: &str| {
            let path = |name: &str| desk.path(name).display().to_string();
            text.replace("FROM", &path("from.jks"))
                .replace("WRONG", &path("wrong"))
                .replace("SHORT", &path("short"))
        };
        let mut args: Vec<String> = ["apply", "--yes", "--only", "P02"].map(str::to_owned).to_vec();
        args.extend(more.iter().map(|text| at(text)));
        let ran = desk.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(ran.code, code, "{name}: {ran:?}");
        for word in words {
            assert!(ran.err.contains(word), "{name}: no \"{word}\" in {}", ran.err);
        }
        assert!(
            snapshot(&desk.copy.root) == before && !desk.file(".harden").exists(),
            "{name}: written"
        );
        assert!(!ran.err.contains("hunter2") && !ran.err.contains("Another.password-1"), "{name}");
    }
}

#[test]
fn no_password_is_shown_or_kept_outside_the_images() {
    for home in [CARBON, "is-5.11.0-toml", "mi-4.2.0-toml", "ei-6.5.0-profiles"] {
        let desk = Desk::of(home);
        let file = desk.secret("password", &own().1);
        let only = [
            "--only",
            "P02",
            "--set",
            "P02.mode=replace-all",
            "--set",
            "P02.encrypted-data=none",
            "--secret",
            &file,
        ];
        let mut told = String::new();
        for verb in [
            &["apply", "--dry-run"][..],
            &["apply", "--yes", "-v"],
            &["check"],
            &["check", "--format", "json"],
            &["log"],
            &["show"],
            &["status"],
            &["keystore", "list"],
            &["keystore", "list", "--long"],
            &["keystore", "list", "--format", "json"],
            &["rollback", "--dry-run"],
        ] {
            let ran = desk.run(&[verb, &only[..]].concat());
            assert!(matches!(ran.code, 0 | 2), "{home} {verb:?}: {ran:?}");
            told.push_str(&ran.out);
            told.push_str(&ran.err);
        }
        assert!(told.contains("Applied as"), "{home}: {told}");
        assert!(!told.contains(&own().1), "{home}: the password is shown");
        let written = snapshot(&desk.copy.root);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(&own().1);
        assert!(written.values().any(|(bytes, ..)| text(bytes)), "{home}: it stands nowhere");
        for (path, bytes) in desk.kept() {
            assert!(
                !text(&bytes) || path.to_string_lossy().contains("/blobs/"),
                "{home}: {}",
                path.display()
            );
        }
    }
}

#[test]
fn all_profiles_get_one_key_and_a_store_each() {
    let desk = Desk::of("ei-6.5.0-profiles");
    let before = snapshot(&desk.copy.root);
    desk.run(&["apply", "--yes", "--only", "P02"]).exits(0);
    let mut keys = Vec::new();
    for base in ["", "wso2/broker/", "wso2/business-process/"] {
        let bytes = fs::read(desk.file(&format!("{base}{SECURITY}/tls.jks"))).unwrap();
        let store = Store::read(&bytes, None).unwrap();
        keys.push(store.entries()[0].fingerprint().unwrap());
        let trust =
            fs::read(desk.file(&format!("{base}{SECURITY}/client-truststore.jks"))).unwrap();
        let trust = Store::read(&trust, None).unwrap();
        assert!(trust.entries().iter().any(|entry| entry.fingerprint() == keys.last().copied()));
    }
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{keys:?}");
    desk.run(&["rollback", "--yes"]).exits(0);
    assert!(snapshot(&desk.copy.root) == before);
}

#[test]
fn a_home_with_pkcs12_stores_keeps_the_type() {
    let desk = Desk::of("is-5.11.0-toml");
    let weak = store::weak_certificate("localhost", &["localhost"], None);
    let bytes = store::with_key(Format::Pkcs12, "wso2carbon", &weak, store::SHIPPED);
    fs::write(desk.file(&format!("{SECURITY}/wso2carbon.p12")), bytes).unwrap();
    let toml = "repository/conf/deployment.toml";
    desk.replace(
        toml,
        "file_name = \"wso2carbon.jks\"\n",
        "file_name = \"wso2carbon.p12\"\ntype = \"PKCS12\"\n",
    );
    let file = desk.secret("password", &own().1);
    desk.run(&[
        "apply",
        "--yes",
        "--only",
        "P02",
        "--secret",
        &file,
        "--set",
        "P02.mode=replace-all",
    ])
    .exits(0);
    let made = fs::read(desk.file(&format!("{SECURITY}/primary.p12"))).unwrap();
    assert_eq!(Format::of(&made), Some(Format::Pkcs12));
    let secret = Secret::new(own().1.as_str());
    assert_eq!(Store::opens(&made, &secret), Ok(Opened::Yes));
    let read = Store::read(&made, Some(&secret)).unwrap();
    // The product ships PKCS#12, so its Java reads the modern form.
    assert_eq!(read.entry("wso2carbon").unwrap().profile(), Some(Profile::Modern));
    desk.run(&[
        "apply",
        "--yes",
        "--only",
        "P02",
        "--secret",
        &file,
        "--set",
        "P02.mode=replace-all",
    ])
    .exits(0)
    .warns("nothing to change");
}

#[test]
fn a_store_of_97_entries_keeps_every_other_one_with_order_and_date() {
    let desk = Desk::of(CARBON);
    let path = desk.file(&format!("{SECURITY}/client-truststore.jks"));
    let mut trust = Store::new(Format::Jks);
    for n in 0..96_i64 {
        let name = format!("authority-{n}.example.com");
        let until = if n % 4 == 0 { 2020 } else { 2036 };
        let one = store::weak_certificate(&name, &[&name], Some(until));
        trust.put_trusted(&format!("a{}", (n * 37) % 96), one, 1_500_000_000_000 + n).unwrap();
    }
    trust.put_trusted("theirs", store::theirs(), 1_500_000_001_000).unwrap();
    fs::write(&path, trust.write(&Secret::new(store::SHIPPED), Profile::Old).unwrap()).unwrap();
    desk.run(&["check", "--only", "P02"])
        .exits(2)
        .says("of its certificates have expired: a0, a52, a8");
    desk.run(&["apply", "--yes", "--only", "P02"]).exits(0);
    let after = Store::read(&fs::read(&path).unwrap(), None).unwrap();
    let list = |store: &Store| -> Vec<_> {
        store.entries().iter().map(|e| (e.alias.clone(), e.created, e.fingerprint())).collect()
    };
    let (old, new) = (list(&trust), list(&after));
    assert_eq!((old.len(), new.len()), (97, 98));
    assert_eq!(old, new[..97]);
    assert_eq!(new[97].0, "tls");
    desk.run(&["keystore", "list"]).exits(2).says("24 expired").says("1 shipped");
}

// --- secrets -------------------------------------------------------------------------------------

#[test]
fn a_secret_is_read_from_a_file_a_variable_or_standard_input() {
    let told = |args: &[&str], input: Option<&str>| {
        let desk = Desk::of(CARBON);
        let mut all = vec!["apply", "--yes", "--only", "P02"];
        all.extend(args);
        desk.run_with(&all, input, &[("STORE_PASS", own().1.as_str())]).exits(0);
        desk.read(CATALINA).contains(&format!("keystorePass=\"{}\"", own().1))
    };
    assert!(told(&["--secret", "P02.password=env:STORE_PASS"], None));
    assert!(told(&["--secret", "P02.password=-"], Some(&format!("{}\n", own().1))));
    let desk = Desk::of(CARBON);
    for (args, code, words) in [
        (&["--secret", "P02.password=hunter2hunter2"][..], 64, "takes no secret itself"),
        (&["--secret", "P02.mode=file:/dev/null"], 64, "P02.mode is no secret"),
        (&["--secret", "P02.pass=-"], 64, "P02 has no parameter pass"),
        (&["--secret", "P02.password=env:NOT_SET_AT_ALL"], 64, "is not set"),
        (&["--secret", "P02.password=-", "--secret", "P02.password=-"], 64, "one secret only"),
        (&["--secret", "P02.password=file:/"], 64, "no regular file"),
        (&["--set", "P02.password=hunter2hunter2"], 64, "--secret P02.password=file:PATH"),
    ] {
        let mut all = vec!["apply", "--yes", "--only", "P02"];
        all.extend(args);
        let ran = desk.run(&all);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(ran.err.contains(words) && !ran.err.contains("hunter2"), "{args:?}: {ran:?}");
    }
}

// --- the verbs -----------------------------------------------------------------------------------

#[test]
fn a_listing_finds_every_store_says_who_names_it_and_what_is_wrong() {
    let desk = Desk::of(CARBON);
    let tenant = desk.file("repository/tenants/7/tenant.jks");
    fs::create_dir_all(tenant.parent().unwrap()).unwrap();
    fs::write(&tenant, store::fresh("tenant.example.com", "tenant", &own().1, Format::Pkcs12))
        .unwrap();
    let ran = desk.run(&["keystore", "list"]);
    ran.exits(2).says("repository/tenants/7/tenant.jks").says("named by  nothing that is known");
    ran.says("the key store is encrypted, and its password is not known");
    ran.says(&format!("{SECURITY}/wso2carbon.jks: JKS, 1 entry (1 weak key)"));
    ran.says(&format!("{CATALINA}:63:34 (tls)")).says("which is the one that WSO2 ships");
    let told = desk.secret("p", &own().1).split_once('=').unwrap().1.to_owned();
    let one = desk.run(&[
        "keystore",
        "list",
        tenant.to_str().unwrap(),
        "--store-password",
        &told,
        "--format",
        "json",
    ]);
    one.exits(0);
    let json: Value = serde_json::from_str(&one.out).unwrap();
    let row = &json["homes"][0]["stores"][0];
    assert_eq!((&row["format"], &row["password"]), (&"PKCS12".into(), &"told".into()));
    assert_eq!(row["entries"][0]["subject"], "CN=tenant.example.com");
    assert_eq!(row["entries"][0]["marks"], Value::Array(Vec::new()));
    let certificate = fs::read(&tenant).unwrap();
    let read = Store::read(&certificate, Some(&Secret::new(own().1.as_str()))).unwrap();
    let sum = read.entries()[0].fingerprint().unwrap().to_string();
    assert_eq!(row["entries"][0]["sha256"], sum.as_str());
    desk.run(&["keystore", "list", desk.file(CARBON_XML).to_str().unwrap()])
        .exits(1)
        .warns("not a key store");
}

#[test]
fn two_keys_of_one_subject_live_in_one_pkcs12_store() {
    for form in ["old", "modern"] {
        let desk = Desk::of(CARBON);
        let (out, word) = (desk.path("own.p12"), desk.path("word"));
        let (out, word) = (out.to_str().unwrap(), word.to_str().unwrap());
        let made = ["keystore", "create", "--out", out, "--names", "gw.example.com"];
        let kind = ["--with-internal", "--type", "PKCS12", "--pkcs12", form];
        desk.run(&[&made[..], &kind, &["--password-out", word]].concat()).exits(0);
        let secret = Secret::new(fs::read_to_string(word).unwrap().trim_end());
        let store = Store::read(&fs::read(out).unwrap(), Some(&secret)).unwrap();
        let own: Vec<_> = ["server", "internal"]
            .map(|alias| (store.private_key(alias, &secret).unwrap(), store.entry(alias).unwrap()))
            .into_iter()
            .collect();
        assert!(*own[0].0 != *own[1].0 && own[0].1.fingerprint() != own[1].1.fingerprint());
    }
}

#[test]
fn a_given_store_without_the_key_for_stored_data_is_refused() {
    let desk = Desk::of(CARBON);
    let (out, word) = (desk.path("own.jks"), desk.path("word"));
    let (out, word) = (out.to_str().unwrap(), word.to_str().unwrap());
    let made = ["keystore", "create", "--out", out, "--names", "gw.example.com"];
    desk.run(&[&made[..], &["--password-out", word]].concat()).exits(0);
    let (from, told) = (format!("P02.from={out}"), format!("P02.password=file:{word}"));
    let apply = ["apply", "--yes", "--only", "P02", "--set", &from, "--secret", &told];
    let all = [&apply[..], &["--set", "P02.mode=replace-all"]].concat();
    desk.run(&all).warns("--with-internal");
    assert!(!desk.file("repository/resources/security/primary.jks").exists());
    desk.run(&apply).exits(0);
}

#[test]
fn a_store_is_made_once_and_its_password_is_kept() {
    let desk = Desk::of(CARBON);
    let (out, word) = (desk.path("own.jks"), desk.path("word"));
    let (out, word) = (out.to_str().unwrap(), word.to_str().unwrap());
    let made = [
        "keystore",
        "create",
        "--out",
        out,
        "--names",
        "gw.example.com,10.0.0.7",
        "--with-internal",
    ];
    desk.run(&made).exits(64).warns("--store-password");
    assert!(!Path::new(out).exists());
    let with = [&made[..], &["--password-out", word]].concat();
    let ran = desk.run(&with);
    ran.exits(0).says("server: private key").says("internal: private key").says("10.0.0.7");
    let password = fs::read_to_string(word).unwrap();
    assert!(!ran.out.contains(password.trim()) && !ran.err.contains(password.trim()));
    for path in [out, word] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
    let bytes = fs::read(out).unwrap();
    let secret = Secret::new(password.trim_end());
    let store = Store::read(&bytes, Some(&secret)).unwrap();
    for alias in ["server", "internal"] {
        store.private_key(alias, &secret).unwrap();
    }
    desk.run(&with).exits(1).warns("is there already");
    assert!(fs::read(out).unwrap() == bytes && fs::read_to_string(word).unwrap() == password);
    // The same keys for each node.
    let from = format!("P02.from={out}");
    let told = format!("P02.password=file:{word}");
    let apply = [
        "apply",
        "--yes",
        "--only",
        "P02",
        "--set",
        "P02.mode=replace-all",
        "--set",
        &from,
        "--secret",
        &told,
    ];
    for node in [Desk::of(CARBON), Desk::of("is-5.11.0-toml")] {
        node.run(&apply).exits(0);
        let primary = fs::read(node.file(&format!("{SECURITY}/primary.jks"))).unwrap();
        let primary = Store::read(&primary, Some(&secret)).unwrap();
        let own = |alias: &str| store.entry(alias).unwrap().fingerprint();
        assert_eq!(primary.entries()[0].fingerprint(), own("server"));
        let internal = fs::read(node.file(&format!("{SECURITY}/internal.jks"))).unwrap();
        assert_eq!(
            Store::read(&internal, None).unwrap().entries()[0].fingerprint(),
            own("internal")
        );
    }
}

#[test]
fn a_request_is_made_and_the_answer_is_put_in_and_taken_back() {
    let desk = Desk::of(CARBON);
    let told = desk.secret("p", &own().1);
    desk.run(&[
        "apply",
        "--yes",
        "--only",
        "P02",
        "--set",
        "P02.names=gw.example.com",
        "--secret",
        &told,
    ])
    .exits(0);
    let file = desk.file(&format!("{SECURITY}/tls.jks"));
    let name = file.to_str().unwrap();
    // The configuration says the password.
    let asked = desk.run(&["keystore", "csr", name]);
    asked.exits(0).says("BEGIN CERTIFICATE REQUEST").warns("CN=gw.example.com");
    let old = fs::read(&file).unwrap();
    let secret = Secret::new(own().1.as_str());
    let store = Store::read(&old, Some(&secret)).unwrap();
    let key = Key::from_pkcs8(&store.private_key("wso2carbon", &secret).unwrap()).unwrap();
    let now = time::OffsetDateTime::now_utc();
    let order = |host: &str| Order::new(format!("CN={host}").parse().unwrap(), Vec::new(), now);
    let answer = desk.path("answer.pem");
    let good = key::self_signed(&key, &order("new.example.com")).unwrap();
    fs::write(&answer, to_pem("CERTIFICATE", &good)).unwrap();
    let other = Key::generate(Bits::Rsa2048).unwrap();
    let wrong = desk.path("wrong.pem");
    fs::write(
        &wrong,
        to_pem("CERTIFICATE", &key::self_signed(&other, &order("x.example.com")).unwrap()),
    )
    .unwrap();
    let import = ["keystore", "import", name];
    desk.run(&[&import[..], &[wrong.to_str().unwrap(), "--yes"]].concat())
        .exits(1)
        .warns("no certificate for this key");
    let answer = answer.to_str().unwrap();
    let ran = desk.run(&[&import[..], &[answer]].concat());
    ran.exits(2).says("+  subject      CN=new.example.com").warns("no terminal");
    assert!(fs::read(&file).unwrap() == old);
    desk.run(&[&import[..], &[answer, "--yes", "--note", "CHG-7"]].concat())
        .exits(0)
        .warns("harden rollback");
    let now = Store::read(&fs::read(&file).unwrap(), Some(&secret)).unwrap();
    let entry = now.entry("wso2carbon").unwrap();
    assert!(
        matches!(&entry.content, Content::Key { chain, .. } if chain[..] == [Certificate::new(good)])
    );
    assert_eq!(*now.private_key("wso2carbon", &secret).unwrap(), *key.pkcs8().unwrap());
    desk.run(&[&import[..], &[answer, "--yes"]].concat()).exits(0).warns("already");
    desk.run(&["log"]).exits(0).says("keystore import").says("CHG-7");
    desk.run(&["rollback", "--yes"]).exits(0);
    assert!(fs::read(&file).unwrap() == old);
    // A public key cannot be made anybody's own.
    let theirs = store::with_key(Format::Jks, "wso2carbon", &store::theirs(), store::SHIPPED);
    let shipped = desk.path("shipped.jks");
    fs::write(&shipped, theirs).unwrap();
    let ran = desk.run(&["keystore", "csr", shipped.to_str().unwrap()]);
    ran.exits(64).warns("--store-password");
}

// --- the desk ------------------------------------------------------------------------------------

const DATA_BRIDGE: &str = "<dataBridgeConfiguration>
<keyStoreLocation>${carbon.home}/repository/resources/security/wso2carbon.jks</keyStoreLocation>
<keyStorePassword>wso2carbon</keyStorePassword>
</dataBridgeConfiguration>";

const FOREIGN: &str =
    "<datasources-configuration><datasources><datasource><definition><configuration>
<url>jdbc:mysql://db:3306/wso2</url>
</configuration></definition></datasource></datasources></datasources-configuration>";

/// A copy of a home, and a folder beside it.
struct Desk {
    copy: Copy,
    beside: TempDir,
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn of(home: &str) -> Self {
        Self {
            copy: Copy::of(&root().join("golden/homes").join(home)),
            beside: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.beside.path().join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.copy.root.join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(self.file(name), text.replace(from, to)).unwrap();
    }

    /// A second key beside the one that is replaced.
    fn with_own_key(&self) {
        let path = self.file(&format!("{SECURITY}/wso2carbon.jks"));
        let secret = Secret::new(store::SHIPPED);
        let mut store = Store::read(&fs::read(&path).unwrap(), Some(&secret)).unwrap();
        let mine = store::weak_certificate("mine.example.com", &["mine.example.com"], None);
        store::put_weak(&mut store, "mine", &mine, store::SHIPPED);
        fs::write(path, store.write(&secret, Profile::Old).unwrap()).unwrap();
    }

    /// Puts a password into a file, and gives the parameter that names it.
    fn secret(&self, name: &str, password: &str) -> String {
        fs::write(self.path(name), format!("{password}\n")).unwrap();
        format!("P02.password=file:{}", self.path(name).display())
    }

    /// Everything that harden keeps.
    fn kept(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.file(".harden")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    files.push((path, bytes));
                }
            }
        }
        assert!(files.len() > 3);
        files
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, None, &[])
    }

    fn run_with(&self, args: &[&str], input: Option<&str>, env: &[(&str, &str)]) -> Ran {
        use std::io::Write as _;
        let mut child = Command::new(env!("CARGO_BIN_EXE_harden"))
            .args(args)
            .arg("--home")
            .arg(&self.copy.root)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that does not read its input is fine.
        let _ = stdin.write_all(input.unwrap_or_default().as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    fn says(&self, part: &str) -> &Self {
        assert!(self.out.contains(part), "{part:?} is not in:\n{}", self.out);
        self
    }

    fn warns(&self, part: &str) -> &Self {
        assert!(self.err.contains(part), "{part:?} is not in:\n{}", self.err);
        self
    }
}
