//! The report for a person at a terminal: what needs attention first, the rest in one line each.
//!
//! Wraps at the width it is given and shortens long values in the middle; the whole ones are in the
//! JSON.

use super::style::{Ink, Style, visible};
use super::{HomeReport, Report, STATUSES, count};
use crate::change::{Finding, Seen, Status};

/// The most places told of one finding.
const MOST_PLACES: usize = 4;

/// Writes the report for a width in columns.
pub fn text(report: &Report, style: Style, width: usize) -> String {
    let mut page = Page { out: String::new(), style, width: width.max(40) };
    for home in &report.homes {
        page.home(home);
    }
    page.next(report);
    page.out
}

struct Page {
    out: String,
    style: Style,
    width: usize,
}

impl Page {
    fn home(&mut self, home: &HomeReport) {
        self.line(0, Ink::Heading, &format!("{} {}", home.product, home.version));
        self.line(
            0,
            Ink::Dim,
            &format!("{}, kernel {}, {} model", home.home, home.kernel, home.model),
        );
        for notice in &home.notices {
            self.line(0, Ink::Warn, notice);
        }
        let several = home.instances.len() > 1;
        let names: &[String] = if several { &home.instances } else { &[String::new()] };
        for name in names {
            if several {
                self.out.push('\n');
                self.line(0, Ink::Heading, &format!("Instance {name}"));
            }
            let here = |finding: &&Finding| !several || finding.instance == *name;
            let findings: Vec<&Finding> = home.findings.iter().filter(here).collect();
            for status in STATUSES {
                let group: Vec<&Finding> =
                    findings.iter().copied().filter(|finding| finding.status == status).collect();
                self.group(status, &group);
            }
        }
        self.summary(home);
    }

    fn group(&mut self, status: Status, findings: &[&Finding]) {
        if findings.is_empty() {
            return;
        }
        self.out.push('\n');
        let title = format!("{} ({})", heading(status), findings.len());
        self.line(0, ink(status), &title);
        if matches!(status, Status::Compliant | Status::NotApplicable) {
            let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
            self.text(2, 2, &codes.join(" "), None);
            return;
        }
        for finding in findings {
            self.finding(finding);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let urgent = is_urgent(finding.status);
        let severity = if urgent { format!(" ({})", finding.severity) } else { String::new() };
        let title = format!("{}  {}{severity}", finding.code, finding.title);
        self.text(2, 7, &title, urgent.then_some(Ink::Heading));
        let seen: Vec<&Seen> =
            finding.seen.iter().filter(|seen| urgent && is_urgent(seen.status)).collect();
        for seen in finding.seen.iter().filter(|seen| seen.status == Status::Person) {
            self.text(7, 7, &seen.what, None);
            self.text(7, 7, &format!("Proof: {}", seen.evidence), Some(Ink::Dim));
        }
        let mut told = "";
        for seen in seen.iter().take(MOST_PLACES) {
            if let Some(place) = &seen.place {
                self.text(7, 7, &place.to_string(), None);
            }
            self.values(seen);
            if told != seen.evidence {
                self.text(7, 7, &seen.evidence, Some(Ink::Dim));
            }
            told = &seen.evidence;
        }
        if seen.len() > MOST_PLACES {
            let more = format!("… and {} more places", seen.len() - MOST_PLACES);
            self.text(7, 7, &more, Some(Ink::Dim));
        }
        let asked = finding.seen.iter().any(|seen| seen.status == Status::Person);
        if seen.is_empty() && !(asked && finding.status == Status::Person) {
            self.text(7, 7, &finding.evidence, Some(Ink::Dim));
        }
    }

    /// Tells what was found and what is wanted: in one line where it fits, else in one line each.
    fn values(&mut self, seen: &Seen) {
        let what = visible(&seen.what);
        let found = visible(seen.found.as_deref().unwrap_or("not set"));
        let wanted = seen.wanted.as_deref().map(visible);
        let room = self.width - 7;
        let arrow = wanted.as_ref().map(|wanted| format!(" → {wanted}")).unwrap_or_default();
        if what.chars().count() + 2 + found.chars().count() + arrow.chars().count() <= room {
            let (red, green) = (
                self.style.paint(Ink::Removed, &found),
                wanted.map(|w| self.style.paint(Ink::Added, &w)),
            );
            let arrow = green.map(|green| format!(" → {green}")).unwrap_or_default();
            self.out += &format!("       {what}: {red}{arrow}\n");
            return;
        }
        self.text(7, 7, &what, None);
        let value = self.style.paint(Ink::Removed, &shorten(&found, room - 4));
        self.out += &format!("         {value}\n");
        if let Some(wanted) = wanted {
            let value = self.style.paint(Ink::Added, &shorten(&wanted, room - 4));
            self.out += &format!("       → {value}\n");
        }
    }

    fn summary(&mut self, home: &HomeReport) {
        let counts: Vec<String> = STATUSES
            .iter()
            .map(|&status| (status, count(&home.findings, status)))
            .filter(|(_, count)| *count > 0)
            .map(|(status, count)| format!("{count} {}", status.word()))
            .collect();
        self.out.push('\n');
        self.text(0, 0, &counts.join(", "), None);
        if let Some(percent) = home.score.percent {
            let (compliant, considered) = (home.score.compliant, home.score.considered);
            let ink = if percent == 100 { Ink::Good } else { Ink::Heading };
            self.line(0, ink, &format!("Score {percent} %: {compliant} of {considered} compliant"));
        }
        self.out.push('\n');
    }

    fn next(&mut self, report: &Report) {
        let first = |status| {
            let mut all = report.homes.iter().flat_map(|home| &home.findings);
            all.find(|finding: &&Finding| finding.status == status)
        };
        let next = if first(Status::Deviates).is_some() {
            "Next: `harden apply --dry-run` shows what would change, and writes nothing.".to_owned()
        } else if let Some(finding) = first(Status::Error).or(first(Status::Unknown)) {
            format!("Next: `harden explain {}` says what to look at.", finding.code)
        } else if first(Status::Person).is_some() {
            "What is left is for a person to answer.".to_owned()
        } else {
            "Nothing is left to do.".to_owned()
        };
        self.text(0, 0, &next, None);
    }

    fn line(&mut self, indent: usize, ink: Ink, text: &str) {
        self.text(indent, indent, text, Some(ink));
    }

    /// Writes words, wrapped; the lines after the first are indented by `hang`.
    fn text(&mut self, indent: usize, hang: usize, text: &str, ink: Option<Ink>) {
        let mut indent = indent;
        for line in wrap(&visible(text), self.width - indent, self.width - hang) {
            let line = ink.map_or(line.clone(), |ink| self.style.paint(ink, &line));
            self.out += &format!("{:indent$}{line}\n", "");
            indent = hang;
        }
    }
}

fn is_urgent(status: Status) -> bool {
    matches!(status, Status::Error | Status::Deviates | Status::Unknown)
}

fn heading(status: Status) -> &'static str {
    match status {
        Status::Error => "Could not be evaluated",
        Status::Deviates => "Deviates",
        Status::Unknown => "Unknown",
        Status::Person => "For a person",
        Status::NotEffective => "Without effect in this version",
        Status::Waived => "Waived",
        Status::Attested => "Attested",
        Status::Compliant => "Compliant",
        Status::NotApplicable => "Not applicable",
    }
}

fn ink(status: Status) -> Ink {
    match status {
        Status::Error | Status::Deviates => Ink::Bad,
        Status::Unknown | Status::Person => Ink::Warn,
        Status::Compliant | Status::Attested => Ink::Good,
        Status::NotEffective | Status::Waived | Status::NotApplicable => Ink::Dim,
    }
}

/// Breaks a text at blanks. A word longer than a line stands alone and keeps its length, so that a
/// path can be copied.
pub fn wrap(text: &str, first: usize, later: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let room = if lines.is_empty() { first } else { later };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Shortens a value in the middle: both ends tell more than one.
fn shorten(text: &str, width: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= width {
        return text.to_owned();
    }
    let head = width.saturating_sub(1).div_ceil(2);
    let tail = width.saturating_sub(1) - head;
    let ends = (&chars[..head], &chars[chars.len() - tail..]);
    ends.0.iter().chain(&['…']).chain(ends.1).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn the_text_at_80_columns_is_this() {
        assert_eq!(text(&sample(), Style::Plain, 80), GOLDEN);
    }

    #[test]
    fn long_values_keep_both_ends_and_lines_their_width() {
        let mut report = sample();
        let seen = &mut report.homes[0].findings[1].seen[0];
        seen.found = Some(format!("TLS_FIRST,{}TLS_LAST", "TLS_X,".repeat(300)));
        seen.evidence = "Many words of evidence ".repeat(9);
        for width in [40, 80, 200] {
            let text = text(&report, Style::Plain, width);
            assert!(text.contains("TLS_FIRST,") && text.contains("TLS_LAST\n"), "{text}");
            for line in text.lines().filter(|line| !line.contains("catalina")) {
                assert!(line.chars().count() <= width, "{line}");
            }
        }
    }

    #[test]
    fn instances_are_named_when_there_are_several() {
        let mut report = sample();
        let home = &mut report.homes[0];
        home.instances = vec!["server".into(), "broker".into()];
        home.findings[3].instance = "broker".into();
        let text = text(&report, Style::Plain, 80);
        let broker = text.split_once("Instance broker").unwrap().1;
        assert!(text.contains("Instance server") && broker.contains("Compliant (1)\n  P14"));
        assert!(!broker.contains("P08"));
    }

    #[test]
    fn colour_changes_no_word() {
        let coloured = text(&sample(), Style::Ansi, 80);
        let mut bare = coloured.clone();
        for code in ["0", "1", "2", "31", "1;31", "32", "33", "36"] {
            bare = bare.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(
            (bare.as_str(), coloured.contains("\x1b[1;31mDeviates (1)\x1b[0m")),
            (GOLDEN, true)
        );
    }

    #[test]
    fn many_places_are_cut_short_and_control_characters_named() {
        let mut report = sample();
        let finding = &mut report.homes[0].findings[1];
        finding.seen[0].found = Some("a\x1b[2Jb".into());
        finding.seen = vec![finding.seen[0].clone(); 9];
        let text = text(&report, Style::Plain, 80);
        assert!(text.contains("… and 5 more places") && text.contains("a^[[2Jb"), "{text}");
    }

    const GOLDEN: &str = "\
WSO2 Identity Server 5.7.0
/opt/wso2is-5.7.0, kernel 4.4.35, xml model
This home was never started.

Deviates (1)
  P08  Strong transport (high)
       repository/conf/tomcat/catalina-server.xml:61:20
       Connector/@ciphers: A,B → B
       The list is the one of the template.

Unknown (1)
  P13  Large keys (high)
       repository/conf/tomcat/catalina-server.xml:61:20
       Connector/@ciphers: not set → 2048
       The list is the one of the template.

For a person (1)
  P01  Apply security updates
       One look was enough.

Waived (1)
  P20  Log rotation
       One look was enough.

Compliant (1)
  P14

Not applicable (1)
  P16

1 deviates, 1 unknown, 1 person, 1 waived, 1 compliant, 1 not-applicable
Score 33 %: 1 of 3 compliant

Next: `harden apply --dry-run` shows what would change, and writes nothing.
";
}
