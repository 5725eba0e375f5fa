//! Stories of a restart and of a confirmation: the real program, and a stand-in for the server with
//! the habits of the product. Its start script ends with 0 whatever happens, and what it runs stays
//! up without ports when it cannot read its configuration.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::{Copy, root, snapshot};

const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";
const LAUNCHER: &str = "bin/wso2server.sh";
const PID: &str = "wso2carbon.pid";
const LOG: &str = "repository/logs/wso2carbon.log";

// --- the stand-in --------------------------------------------------------------------------------

/// The server, when this program is run as one: it does what its configuration says.
#[test]
fn stand_in() {
    let Some(home) = std::env::var_os("STAND_IN").map(PathBuf::from) else {
        return;
    };
    let said = |text: &str| {
        let mut log = fs::File::options().append(true).create(true).open(home.join(LOG)).unwrap();
        writeln!(log, "{text}").unwrap();
    };
    let ends = Instant::now() + Duration::from_secs(180);
    let catalina = fs::read_to_string(home.join(CATALINA)).unwrap_or_default();
    let launcher = fs::read_to_string(home.join(LAUNCHER)).unwrap_or_default();
    let whole =
        catalina.trim_end().ends_with("</Server>") && launcher.contains("bootstrap.Bootstrap");
    let name = catalina.split("server=\"").nth(1).and_then(|rest| rest.split('"').next());
    let name = name.unwrap_or_default();
    // A vault that is in use: the password is taken and its file goes.
    if home.join("vault").exists() {
        let told = fs::read(home.join("password-tmp")).unwrap_or_default();
        let _ = fs::remove_file(home.join("password-tmp"));
        if told != b"the store's password\n" {
            said("no password");
            nap_until(ends, &home);
            return;
        }
    }
    if name == "late" {
        std::thread::sleep(Duration::from_secs(2));
    }
    if !whole || name == "portless" {
        said("ERROR LifecycleException: keystorePass=\"told-to-nobody\" was refused");
        nap_until(ends, &home);
        return;
    }
    let port = catalina.split("SSLEnabled").next().unwrap().rsplit("port=\"").next().unwrap();
    let port: u16 = port.split('"').next().unwrap().parse().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    said("INFO WSO2 Carbon started in 1 sec");
    listener.set_nonblocking(true).unwrap();
    let start = Instant::now();
    while Instant::now() < ends && home.exists() {
        if name == "fragile" && start.elapsed() > Duration::from_secs(1) {
            return;
        }
        match listener.accept() {
            Ok((stream, _)) => answer(stream),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn nap_until(ends: Instant, home: &Path) {
    while Instant::now() < ends && home.exists() {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Answers as a server that knows TLS 1.0 and no more, or in plain HTTP.
fn answer(mut stream: TcpStream) {
    let mut first = [0; 512];
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let count = stream.read(&mut first).unwrap_or(0);
    let _ = match first[..count].first() {
        Some(0x16) => stream.write_all(b"\x16\x03\x01\x00\x06\x02\x00\x00\x46\x03\x01"),
        _ => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    };
}

/// A home with a running stand-in.
struct Site {
    #[expect(dead_code, reason = "holds the folder")]
    copy: tempfile::TempDir,
    dir: PathBuf,
    home: PathBuf,
    before: std::collections::BTreeMap<PathBuf, (Vec<u8>, u32, u32, u32)>,
}

impl Site {
    fn new() -> Self {
        let Copy { dir: copy, root: home } =
            Copy::of(&root().join("golden/homes/carbon-4.4.40-xml"));
        let dir = home.parent().unwrap().to_owned();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let catalina = fs::read_to_string(home.join(CATALINA)).unwrap();
        fs::write(
            home.join(CATALINA),
            catalina.replace("port=\"9443\"", &format!("port=\"{port}\"")),
        )
        .unwrap();
        fs::create_dir_all(home.join("repository/logs")).unwrap();
        let script = format!(
            "#!/bin/sh\n# Stops, starts, and ends with 0, as the product's own does.\n\
             cd {dir}\nn=$(($(cat count 2>/dev/null) + 1)); echo $n >count\n\
             while [ -e hold-$n ]; do sleep 0.05; done\n\
             [ -e cut-$n ] && sh cut-$n\n\
             pid=$(cat home/{PID} 2>/dev/null)\n\
             [ -n \"$pid\" ] && kill -TERM $pid 2>/dev/null\n\
             while [ -n \"$pid\" ] && [ -d /proc/$pid ] && ! grep -q ') Z ' /proc/$pid/stat; do sleep 0.05; done\n\
             [ -e deaf ] && trap '' TERM\n\
             STAND_IN={dir}/home nohup {exe} stand_in --exact --nocapture {dir}/home >/dev/null 2>&1 &\n\
             echo $! >home/{PID}\nexit 0\n",
            dir = dir.display(),
            exe = std::env::current_exe().unwrap().display(),
        );
        fs::write(dir.join("restart.sh"), script).unwrap();
        let before = snapshot(&home);
        let site = Self { copy, dir, home, before };
        assert!(Command::new("sh").arg(site.at("restart.sh")).status().unwrap().success());
        fs::remove_file(site.at("count")).unwrap();
        site.until("the server answers", || site.answers());
        site
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harden"));
        command.args(arguments).arg("--home").arg(&self.home).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Applies P10, P13 and P14 with a server header that tells the stand-in what to do.
    fn apply(&self, name: &str, more: &[&str]) -> Command {
        let set = format!("P10.name={name}");
        let restart = format!("sh {}", self.at("restart.sh").display());
        let mut command = self.command(&["apply", "--yes", "--only", "P10,P13,P14", "--set", &set]);
        command.args(["--restart", &restart, "--within", "3s", "--stable", "2s"]).args(more);
        command
    }

    fn start(&self, name: &str, more: &[&str]) -> Child {
        let mut command = self.apply(name, more);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn port(&self) -> u16 {
        let catalina = &self.before[Path::new(CATALINA)].0;
        let text = String::from_utf8_lossy(catalina);
        let at = text.find("SSLEnabled").unwrap();
        text[..at].rsplit("port=\"").next().unwrap().split('"').next().unwrap().parse().unwrap()
    }

    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port())).is_ok()
    }

    /// Tells whether every file of before has its bytes, mode and owner.
    fn is_before(&self) -> bool {
        let now = snapshot(&self.home);
        self.before.iter().all(|(path, file)| now.get(path) == Some(file))
    }

    fn journal(&self) -> String {
        let Ok(all) = fs::read_dir(self.home.join(".harden/tx")) else {
            return String::new();
        };
        let journals = all.flatten().map(|entry| entry.path().join("journal"));
        journals.filter_map(|path| fs::read_to_string(path).ok()).collect()
    }

    fn restarts(&self) -> u32 {
        fs::read_to_string(self.at("count")).map_or(0, |text| text.trim().parse().unwrap_or(0))
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "not in a minute: {what}\n{}",
                self.journal()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The guard is closed, the files are back, and the server answers.
    fn is_back(&self) {
        self.until("the guard is closed", || self.journal().contains("{\"closed\":"));
        assert!(self.journal().contains("\"fault\":null"), "{}", self.journal());
        assert!(self.is_before(), "the files are not as before");
        self.until("the server answers", || self.answers());
        assert!(!self.home.join("password-tmp").exists());
    }

    /// The watchers of this home.
    fn watchers(&self) -> Vec<u32> {
        self.processes(&|command| command.contains("\0watch\0"))
    }

    fn processes(&self, like: &dyn Fn(&str) -> bool) -> Vec<u32> {
        let here = self.dir.to_str().unwrap();
        let all = fs::read_dir("/proc").unwrap().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let ours = |pid: &u32| {
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command);
            command.contains(here) && like(&command)
        };
        ids.filter(ours).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for pid in self.processes(&|_| true) {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    fn warns(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "no \"{text}\" in {}", self.err);
        self
    }

    fn says(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "no \"{text}\" in {}", self.out);
        self
    }
}

fn done(mut command: Command) -> Ran {
    Ran::of(command.output().unwrap())
}

// --- a restart -----------------------------------------------------------------------------------

#[test]
fn a_change_with_which_the_server_is_well_stays() {
    let site = Site::new();
    let ran = done(site.apply("late", &[]));
    ran.exits(0).warns("connection refused").warns("ServerHello of TLS 1.0").warns("is kept");
    assert!(fs::read_to_string(site.home.join(CATALINA)).unwrap().contains("server=\"late\""));
    assert_eq!(site.restarts(), 1);
    site.until("the watcher ends", || site.watchers().is_empty());
    assert!(!site.run(&["status"]).out.contains("goes back"));
    // Every kind of probe, all at once.
    let http = format!("http://someone:his-word@127.0.0.1:{}/", site.port());
    let tcp = format!("tcp://127.0.0.1:{}", site.port());
    let more = [
        "--only",
        "P20",
        "--health",
        &http,
        "--health",
        &tcp,
        "--health",
        "log:Carbon started in",
        "--health",
        "cmd:test -e wso2carbon.pid",
    ];
    let ran = done(site.apply("fine", &more));
    assert!(!ran.exits(0).warns("status 200").err.contains("his-word"), "{}", ran.err);
    assert_eq!(site.restarts(), 2);
}

#[test]
fn a_server_without_ports_or_one_that_crashes_brings_the_change_back() {
    for name in ["portless", "fragile"] {
        let site = Site::new();
        let ran = done(site.apply(name, &[]));
        ran.exits(4).warns("was not healthy within 3s").warns("The old configuration is back");
        site.is_back();
        assert_eq!(site.restarts(), 2);
        if name == "portless" {
            ran.warns("LifecycleException");
            assert!(!ran.err.contains("told-to-nobody"), "{}", ran.err);
        } else {
            ran.warns("healthy for");
        }
        let log = site.run(&["log"]);
        log.exits(0).says("rollback of").says("was not healthy within");
        site.run(&["status"]).exits(2);
        site.run(&["confirm"]).exits(1).warns("nothing waits");
    }
}

#[test]
fn a_restart_that_fails_or_hangs_brings_the_change_back() {
    let site = Site::new();
    let mut failing = site.apply("fine", &[]);
    failing.args(["--restart", "echo no such unit >&2; exit 5"]);
    // The last --restart would be a second value of one option.
    done(failing).exits(64);
    let set = ["apply", "--yes", "--only", "P10", "--within", "2s", "--stable", "1s", "--restart"];
    let ran = site.run(&[&set[..], &["echo no such unit >&2; exit 5"]].concat());
    ran.exits(4).warns("the restart command ended with 5").warns("no such unit");
    assert!(site.is_before() && site.answers());
    let ran = site.run(&[&set[..], &["sleep 100"]].concat());
    ran.exits(4).warns("did not end in time");
    assert!(site.is_before() && site.answers());
}

#[test]
fn a_server_that_does_not_stop_is_no_proof_of_the_new_configuration() {
    let site = Site::new();
    // The command ends well and restarts nothing: the old server goes on answering.
    let set = ["apply", "--yes", "--only", "P10", "--within", "2s", "--stable", "1s"];
    let ran = site.run(&[&set[..], &["--restart", "true"]].concat());
    ran.exits(4).warns("the server of before the restart still runs");
    assert!(site.is_before() && site.answers());
}

#[test]
fn what_an_outside_hand_cut_during_the_restart_comes_back_and_its_bytes_are_kept() {
    for file in [CATALINA, LAUNCHER] {
        let site = Site::new();
        let path = site.home.join(file);
        fs::write(
            site.at("cut-1"),
            format!("head -c 900 {0} >cut && cat cut >{0}\n", path.display()),
        )
        .unwrap();
        let ran = done(site.apply("fine", &[]));
        ran.exits(4).warns("was changed by somebody else meanwhile; what it held is kept as");
        site.is_back();
        let kept = ran.err.split("is kept as ").nth(1).unwrap().split(". ").next().unwrap();
        let kept = kept.trim_end_matches('.');
        assert_eq!(fs::read(kept).unwrap(), fs::read(site.at("cut")).unwrap());
    }
}

#[test]
fn an_old_configuration_that_fails_too_is_told_and_nothing_is_thrown_away() {
    let site = Site::new();
    let more = ["--health", "tcp://127.0.0.1:1"];
    let ran = done(site.apply("fine", &more));
    ran.exits(1).warns("but with it, too").warns("Nothing was thrown away");
    assert!(site.is_before());
    site.run(&["log"]).exits(0).says("undone by").says("rollback of");
    // Nothing is left to be done, so other work can go on.
    site.run(&["apply", "--yes", "--only", "P10"]).exits(0);
}

#[test]
fn the_password_of_a_vault_is_left_for_each_start_and_goes_again() {
    let site = Site::new();
    let switch = site.home.join("repository/conf/security/secret-conf.properties");
    fs::write(&switch, "carbon.secretProvider=org.wso2.securevault.Handler\n").unwrap();
    fs::write(site.home.join("vault"), "").unwrap();
    done(site.apply("fine", &[])).exits(64).warns("--vault-password-file");
    assert_eq!(site.restarts(), 0);
    let file = site.at("password");
    fs::write(&file, "the store's password\n").unwrap();
    let more = ["--vault-password-file", file.to_str().unwrap()];
    let ran = done(site.apply("portless", &more));
    ran.exits(4).warns("LifecycleException");
    site.until("the server answers", || site.answers());
    assert!(!ran.err.contains("the store's") && !site.journal().contains("the store's"));
    done(site.apply("fine", &more)).exits(0);
    assert!(!site.home.join("password-tmp").exists());
}

// --- killed --------------------------------------------------------------------------------------

/// Kills harden where a condition first holds, and waits for the watcher to bring everything back.
fn killed_when(site: &Site, what: &str, holds: impl Fn() -> bool) {
    let mut harden = site.start("portless", &[]);
    site.until(what, holds);
    harden.kill().unwrap();
    harden.wait().unwrap();
    for held in ["hold-1", "hold-2"] {
        let _ = fs::remove_file(site.at(held));
    }
    site.is_back();
    site.until("the watcher ends", || site.watchers().is_empty());
}

#[test]
fn killed_in_any_phase_of_restart_looking_and_reverting_it_goes_back_all_the_same() {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let site = Site::new();
            fs::write(site.at("hold-1"), "").unwrap();
            killed_when(&site, "it restarts", || site.restarts() == 1);
        });
        scope.spawn(|| {
            let site = Site::new();
            let said = || fs::read_to_string(site.home.join(LOG)).unwrap_or_default();
            killed_when(&site, "it looks", || said().contains("LifecycleException"));
        });
        scope.spawn(|| {
            let site = Site::new();
            killed_when(&site, "it reverts", || site.journal().contains("{\"reverting\":"));
        });
        scope.spawn(|| {
            let site = Site::new();
            fs::write(site.at("hold-2"), "").unwrap();
            killed_when(&site, "it restarts again", || site.restarts() == 2);
        });
    });
}

#[test]
fn killed_with_its_watcher_the_next_call_brings_everything_back() {
    let site = Site::new();
    fs::write(site.at("hold-1"), "").unwrap();
    let mut harden = site.start("portless", &[]);
    site.until("it restarts", || site.restarts() == 1);
    for pid in site.watchers() {
        assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    }
    harden.kill().unwrap();
    harden.wait().unwrap();
    fs::remove_file(site.at("hold-1")).unwrap();
    assert!(!site.is_before());
    site.run(&["status"]).exits(2).says("unless its server proves healthy");
    site.until("the deadline", || site.run(&["status"]).out.contains("is overdue"));
    site.run(&["check", "--only", "P10"]).says("is overdue");
    site.run(&["recover"])
        .exits(0)
        .warns("was taken back")
        .warns("answers with the old configuration");
    site.is_back();
}

// --- a confirmation ------------------------------------------------------------------------------

#[test]
fn what_nobody_confirms_goes_back_by_itself() {
    let site = Site::new();
    let apply = ["apply", "--yes", "--only", "P10", "--confirm", "3s"];
    site.run(&apply).exits(5).warns("goes back in 3s unless `harden confirm` keeps it");
    assert!(!site.is_before());
    site.run(&["status"]).exits(2).says("unless `harden confirm` keeps it");
    site.run(&["log"]).exits(0).says("goes back in");
    site.run(&apply).exits(1).warns("keeps it, `harden rollback` takes it back");
    site.is_back();
    assert_eq!(site.restarts(), 0);
    site.run(&["log"]).exits(0).says("nobody confirmed it in time");
}

#[test]
fn what_is_confirmed_stays_and_its_watcher_ends() {
    let site = Site::new();
    site.run(&["apply", "--yes", "--only", "P10", "--confirm", "10m"]).exits(5);
    site.run(&["confirm", "no-such-id"]).exits(1);
    site.run(&["confirm"]).exits(0).warns("is kept");
    site.until("the watcher ends", || site.watchers().is_empty());
    assert!(!site.is_before());
    site.run(&["confirm"]).exits(1).warns("nothing waits");
    site.run(&["rollback", "--yes"]).exits(0);
    assert!(site.is_before());
}

#[test]
fn a_rollback_by_hand_ends_the_waiting() {
    let site = Site::new();
    site.run(&["apply", "--yes", "--only", "P10", "--confirm", "10m"]).exits(5);
    site.run(&["rollback", "--yes"]).exits(0);
    assert!(site.is_before());
    site.run(&["confirm"]).exits(1);
    site.until("the watcher ends", || site.watchers().is_empty());
    site.run(&["apply", "--yes", "--only", "P10"]).exits(0);
}

#[test]
fn after_a_healthy_restart_a_person_is_waited_for_and_too_late_is_too_late() {
    let site = Site::new();
    let ran = done(site.apply("fine", &["--confirm", "4s"]));
    ran.exits(5).warns("goes back in 4s");
    for pid in site.watchers() {
        assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    }
    std::thread::sleep(Duration::from_secs(5));
    site.run(&["confirm"]).exits(4).warns("nobody confirmed it in time");
    site.is_back();
    assert_eq!(site.restarts(), 2);
}

#[test]
fn a_watcher_that_was_killed_is_replaced_by_the_next_recover() {
    let site = Site::new();
    site.run(&["apply", "--yes", "--only", "P10", "--confirm", "8s"]).exits(5);
    for pid in site.watchers() {
        assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    }
    site.run(&["recover"]).exits(0).says("unless `harden confirm` keeps it");
    assert_eq!(site.watchers().len(), 1);
    site.is_back();
}

#[test]
fn wrong_terms_are_refused_before_anything_is_written() {
    let site = Site::new();
    for (more, why) in [
        (&["--health", "tcp://nowhere"][..], "tcp://HOST:PORT"),
        (&["--health", "log:("], "log:("),
        (&["--within", "soon"], "no span of time"),
        (&["--confirm", "10"], "no span of time"),
        (&["--vault-password-file", "/no/such"], "/no/such"),
    ] {
        let ran = done({
            let mut command =
                site.command(&["apply", "--yes", "--only", "P10", "--restart", "true"]);
            command.args(more);
            command
        });
        assert!([1, 64].contains(&ran.code), "{}", ran.err);
        ran.warns(why);
    }
    site.run(&["apply", "--yes", "--health", "tcp://a:1"]).exits(64).warns("--restart");
    assert!(site.is_before() && !site.home.join(".harden").exists());
}
