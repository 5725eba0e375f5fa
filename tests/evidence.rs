//! Evidence comes before version numbers: jars, templates, scripts and the values in force decide.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test")]

mod support;

use harden::change::Status;
use harden::home::View;
use harden::plan::{Scene, evaluate};
use std::fs::{self, File};
use std::io::Write as _;
use support::{Bench, Copy, root, store};

fn copy(home: &str) -> Copy {
    Copy::of(&root().join("golden/homes").join(home))
}

fn judge(copy: &Copy, code: &str) -> (Status, String) {
    let bench = Bench::new();
    let home = copy.home();
    let view = View::of(&home.root);
    let scene = Scene { home: &home, instance: &home.instances[0], view: &view };
    let patch = bench.catalogue.find(code).unwrap();
    let finding = evaluate(patch, bench.values(patch), &scene);
    let said = finding.seen.iter().map(|seen| seen.evidence.clone()).collect::<Vec<_>>();
    (finding.status, format!("{} {}", finding.evidence, said.join(" ")))
}

fn edit(copy: &Copy, file: &str, from: &str, to: &str) {
    let path = copy.root.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} does not hold {from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn jar(copy: &Copy, name: &str, entry: &str) {
    let plugins = copy.root.join("repository/components/plugins");
    fs::create_dir_all(&plugins).unwrap();
    let mut jar = zip::ZipWriter::new(File::create(plugins.join(name)).unwrap());
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    jar.start_file(entry, stored).unwrap();
    jar.write_all(b"\xca\xfe\xba\xbe").unwrap();
    jar.finish().unwrap();
}

const FILTER: &str = "org/wso2/carbon/ui/filters/cache/URLBasedCachePreventionFilter.class";

#[test]
fn a_class_in_the_jar_outweighs_an_old_kernel() {
    let home = copy("esb-5.0.0-xml");
    assert_eq!(judge(&home, "P12").0, Status::NotEffective);
    jar(&home, "org.wso2.carbon.ui_4.4.8.jar", FILTER);
    let (status, said) = judge(&home, "P12");
    assert_eq!(status, Status::Deviates);
    assert!(said.contains("org.wso2.carbon.ui_4.4.8.jar"), "{said}");
}

#[test]
fn a_class_that_the_jar_lacks_outweighs_a_new_kernel() {
    let home = copy("is-5.7.0-xml");
    assert_eq!(judge(&home, "P12").0, Status::Deviates);
    jar(&home, "org.wso2.carbon.ui_4.4.35.jar", "org/wso2/carbon/ui/Other.class");
    assert_eq!(judge(&home, "P12").0, Status::NotEffective);
}

#[test]
fn the_kernel_is_the_plug_in_jars_not_the_text_files() {
    let home = copy("carbon-4.4.40-xml");
    jar(&home, "org.wso2.carbon.core_4.4.11.jar", "x.class");
    assert_eq!(home.home().kernel_text(), "4.4.11");
}

#[test]
fn a_moved_deployment_toml_is_followed_and_its_products_are_never_judged() {
    let home = copy("is-5.11.0-toml");
    fs::create_dir(home.root.join("etc")).unwrap();
    let conf = home.root.join("repository/conf/deployment.toml");
    fs::rename(conf, home.root.join("etc/deployment.toml")).unwrap();
    let (status, said) = judge(&home, "P08");
    assert_eq!(status, Status::Unknown, "{said}");
    let main = "org.wso2.carbon.bootstrap.Bootstrap $*";
    let flag = format!(
        "-Ddeployment.config.file.path=\"$CARBON_HOME/etc/deployment.toml\" \\\n    {main}"
    );
    edit(&home, "bin/wso2server.sh", main, &flag);
    assert_eq!(judge(&home, "P08").0, Status::Deviates);
    let bench = Bench::new();
    let told = home.home();
    let plan = bench.plan(&told, &["P08"]).unwrap();
    assert_eq!(plan.files[0].file.as_str(), "etc/deployment.toml");
}

#[test]
fn a_certificate_that_misses_a_host_keeps_strict_back_and_the_deviation_stays() {
    let home = copy("carbon-4.4.40-xml");
    assert!(!Bench::new().plan(&home.home(), &["P15"]).unwrap().is_empty());
    edit(
        &home,
        "repository/conf/carbon.xml",
        "<!--HostName>www.wso2.org</HostName-->",
        "<HostName>is.example.org</HostName>",
    );
    let (status, said) = judge(&home, "P15");
    assert_eq!(status, Status::Deviates);
    assert!(said.contains("it waits") && said.contains("is.example.org"), "{said}");
    assert!(Bench::new().plan(&home.home(), &["P15"]).unwrap().is_empty());
    let stores = home.root.join("repository/resources/security/wso2carbon.jks");
    fs::write(stores, store::jks("wso2carbon", &["localhost", "*.example.org"])).unwrap();
    assert!(!Bench::new().plan(&home.home(), &["P15"]).unwrap().is_empty());
}

#[test]
fn a_broken_file_behind_a_condition_is_an_error_with_its_place() {
    let home = copy("is-5.7.0-xml");
    edit(&home, "repository/conf/tomcat/catalina-server.xml", "</Engine>", "</Engin>");
    let bench = Bench::new();
    let told = home.home();
    let view = View::of(&told.root);
    let scene = Scene { home: &told, instance: &told.instances[0], view: &view };
    for code in ["P08", "P10", "P17"] {
        let patch = bench.catalogue.find(code).unwrap();
        let finding = evaluate(patch, bench.values(patch), &scene);
        assert_eq!(finding.status, Status::Error, "{code}");
        let place = finding.seen[0].place.as_ref().unwrap();
        assert!(
            place.file.ends_with("catalina-server.xml") && place.at.is_some(),
            "{code}: {place}"
        );
    }
}

#[test]
fn tls_1_3_that_is_on_stays_on_with_suites_of_its_own() {
    let home = copy("carbon-4.4.40-xml");
    let file = "repository/conf/tomcat/catalina-server.xml";
    edit(
        &home,
        file,
        "                   sslEnabledProtocols=\"TLSv1,TLSv1.1,TLSv1.2\"",
        "                   sslEnabledProtocols=\"TLSv1.1,TLSv1.2,TLSv1.3\"",
    );
    let plan = Bench::new().plan(&home.home(), &["P08"]).unwrap();
    let after = String::from_utf8(plan.files[0].after.clone()).unwrap();
    assert!(after.contains("sslEnabledProtocols=\"TLSv1.2,TLSv1.3\""), "{after}");
    assert!(after.contains("ciphers=\"TLS_AES_256_GCM_SHA384,"), "{after}");
}

#[test]
fn the_counter_of_a_log_file_goes_behind_a_date_not_into_it() {
    let home = copy("is-5.11.0-toml");
    let path = home.root.join("repository/conf/log4j2.properties");
    let text = fs::read_to_string(&path).unwrap();
    let line =
        "appender.CARBON_LOGFILE.filePattern = ${sys:carbon.home}/logs/app.d/w.%d{yyyy.MM.dd}";
    let changed: String = text
        .lines()
        .map(|old| if old.starts_with("appender.CARBON_LOGFILE.filePattern") { line } else { old })
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&path, changed).unwrap();
    let plan = Bench::new().plan(&home.home(), &["P20"]).unwrap();
    let after = String::from_utf8(plan.files[0].after.clone()).unwrap();
    assert!(after.contains("logs/app.d/w.%i.%d{yyyy.MM.dd}\n"), "{after}");
}
