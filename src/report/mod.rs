//! What `check` found, ready to be shown; one module per format, each a pure function of [`Report`].
//!
//! Nothing here evaluates, masks or prints: secrets are masked in the findings already.

pub mod catalogue;
pub mod json;
pub mod style;
pub mod text;
pub mod ticket;

use crate::change::{Finding, Place, Seen, Status};

/// What one run found in all homes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The version of the program.
    pub harden: String,
    /// The version of the catalogue of guidelines.
    pub catalogue: String,
    pub homes: Vec<HomeReport>,
}

/// What was found in one home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeReport {
    pub home: String,
    pub product: String,
    pub version: String,
    pub kernel: String,
    pub model: String,
    pub layout: String,
    pub instances: Vec<String>,
    pub findings: Vec<Finding>,
    pub score: Score,
    /// Sentences about the home as a whole.
    pub notices: Vec<String>,
}

/// The share of guidelines that are met, among those a file or a command can tell.
///
/// Waived and attested ones, those for a person, and those without effect stand apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Score {
    pub compliant: usize,
    /// Compliant, deviating, unknown and failed ones.
    pub considered: usize,
    /// Rounded down, so that 100 means all; nothing when none is considered.
    pub percent: Option<usize>,
}

impl Score {
    /// Counts the findings of a home.
    pub fn of(findings: &[Finding]) -> Self {
        let number = |status| count(findings, status);
        let compliant = number(Status::Compliant);
        let missed = number(Status::Deviates) + number(Status::Unknown) + number(Status::Error);
        let considered = compliant + missed;
        Self { compliant, considered, percent: (compliant * 100).checked_div(considered) }
    }
}

/// All statuses, from the worst to the best.
pub const STATUSES: [Status; 9] = [
    Status::Error,
    Status::Deviates,
    Status::Unknown,
    Status::Person,
    Status::NotEffective,
    Status::Waived,
    Status::Attested,
    Status::Compliant,
    Status::NotApplicable,
];

/// Counts the findings of one status.
pub fn count(findings: &[Finding], status: Status) -> usize {
    findings.iter().filter(|finding| finding.status == status).count()
}

/// Gives what decides a finding: the first thing seen.
fn deciding(finding: &Finding) -> Option<&Seen> {
    finding.seen.first()
}

fn place(finding: &Finding) -> Option<&Place> {
    deciding(finding)?.place.as_ref()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::change::Code;
    use crate::text::Position;

    fn finding(code: &str, title: &str, status: Status, seen: Vec<Seen>) -> Finding {
        Finding {
            code: Code::parse(code).unwrap(),
            name: title.to_lowercase().replace(' ', "-"),
            title: title.into(),
            instance: "server".into(),
            status,
            severity: "high".into(),
            seen,
            evidence: "One look was enough.".into(),
            why: "It matters.".into(),
            reference: "https://example.org/".into(),
        }
    }

    fn seen(status: Status, found: Option<&str>, wanted: &str) -> Seen {
        let at = Some(Position { line: 61, column: 20 });
        Seen {
            status,
            what: "Connector/@ciphers".into(),
            place: Some(Place { file: "repository/conf/tomcat/catalina-server.xml".into(), at }),
            found: found.map(Into::into),
            wanted: Some(wanted.into()),
            evidence: "The list is the one of the template.".into(),
        }
    }

    /// A report of one home with one finding of most statuses.
    pub(crate) fn sample() -> Report {
        use Status::*;
        let findings = vec![
            finding("P01", "Apply security updates", Person, Vec::new()),
            finding("P08", "Strong transport", Deviates, vec![seen(Deviates, Some("A,B"), "B")]),
            finding("P13", "Large keys", Unknown, vec![seen(Unknown, None, "2048")]),
            finding("P14", "No renegotiation", Compliant, Vec::new()),
            finding("P16", "Scripting valve", NotApplicable, Vec::new()),
            finding("P20", "Log rotation", Waived, Vec::new()),
        ];
        let home = HomeReport {
            home: "/opt/wso2is-5.7.0".into(),
            product: "WSO2 Identity Server".into(),
            version: "5.7.0".into(),
            kernel: "4.4.35".into(),
            model: "xml".into(),
            layout: "repository".into(),
            instances: vec!["server".into()],
            score: Score::of(&findings),
            findings,
            notices: vec!["This home was never started.".into()],
        };
        Report { harden: "0.1.0".into(), catalogue: "1".into(), homes: vec![home] }
    }

    #[test]
    fn the_score_leaves_out_what_no_file_can_tell() {
        let score = sample().homes[0].score;
        assert_eq!(score, Score { compliant: 1, considered: 3, percent: Some(33) });
        assert_eq!(Score::of(&[]).percent, None);
    }
}
