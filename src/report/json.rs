//! The report as JSON, for programs. Fields stand in a fixed order; what is absent is `null`.

use super::{HomeReport, Report, STATUSES, count, deciding, place};
use crate::change::{Finding, Place, Seen};
use serde_json::{Map, Value, json};

/// Writes the report, indented, with a line feed at the end.
pub fn json(report: &Report) -> String {
    let homes: Vec<Value> = report.homes.iter().map(home).collect();
    let whole = json!({ "harden": report.harden, "catalogue": report.catalogue, "homes": homes });
    format!("{whole:#}\n")
}

fn home(home: &HomeReport) -> Value {
    let counts: Map<String, Value> = STATUSES
        .iter()
        .map(|&status| (status.word().to_owned(), count(&home.findings, status).into()))
        .collect();
    json!({
        "home": home.home,
        "product": home.product,
        "version": home.version,
        "kernel": home.kernel,
        "model": home.model,
        "layout": home.layout,
        "instances": home.instances,
        "findings": home.findings.iter().map(finding).collect::<Vec<_>>(),
        "score": {
            "compliant": home.score.compliant,
            "considered": home.score.considered,
            "percent": home.score.percent,
            "counts": counts,
        },
        "notices": home.notices,
    })
}

fn finding(finding: &Finding) -> Value {
    let seen = deciding(finding);
    json!({
        "code": finding.code.as_str(),
        "name": finding.name,
        "title": finding.title,
        "instance": finding.instance,
        "status": finding.status.word(),
        "severity": finding.severity,
        "place": where_is(place(finding)),
        "found": seen.and_then(|seen| seen.found.as_deref()),
        "wanted": seen.and_then(|seen| seen.wanted.as_deref()),
        "evidence": finding.evidence,
        "why": finding.why,
        "reference": finding.reference,
        "seen": finding.seen.iter().map(one).collect::<Vec<_>>(),
    })
}

fn one(seen: &Seen) -> Value {
    json!({
        "status": seen.status.word(),
        "what": seen.what,
        "place": where_is(seen.place.as_ref()),
        "found": seen.found,
        "wanted": seen.wanted,
        "evidence": seen.evidence,
    })
}

fn where_is(place: Option<&Place>) -> Value {
    let Some(place) = place else {
        return Value::Null;
    };
    let (line, column) = (place.at.map(|at| at.line), place.at.map(|at| at.column));
    json!({ "file": place.file, "line": line, "column": column })
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn the_json_is_this() {
        let mut report = sample();
        report.homes[0].findings.truncate(2);
        assert_eq!(json(&report), GOLDEN);
    }

    #[test]
    fn a_place_without_a_position_has_null_for_it() {
        let place = Place { file: "bin".into(), at: None };
        assert_eq!(
            where_is(Some(&place)).to_string(),
            r#"{"file":"bin","line":null,"column":null}"#
        );
    }

    const GOLDEN: &str = r#"{
  "harden": "0.1.0",
  "catalogue": "1",
  "homes": [
    {
      "home": "/opt/wso2is-5.7.0",
      "product": "WSO2 Identity Server",
      "version": "5.7.0",
      "kernel": "4.4.35",
      "model": "xml",
      "layout": "repository",
      "instances": [
        "server"
      ],
      "findings": [
        {
          "code": "P01",
          "name": "apply-security-updates",
          "title": "Apply security updates",
          "instance": "server",
          "status": "person",
          "severity": "high",
          "place": null,
          "found": null,
          "wanted": null,
          "evidence": "One look was enough.",
          "why": "It matters.",
          "reference": "https://example.org/",
          "seen": []
        },
        {
          "code": "P08",
          "name": "strong-transport",
          "title": "Strong transport",
          "instance": "server",
          "status": "deviates",
          "severity": "high",
          "place": {
            "file": "repository/conf/tomcat/catalina-server.xml",
            "line": 61,
            "column": 20
          },
          "found": "A,B",
          "wanted": "B",
          "evidence": "One look was enough.",
          "why": "It matters.",
          "reference": "https://example.org/",
          "seen": [
            {
              "status": "deviates",
              "what": "Connector/@ciphers",
              "place": {
                "file": "repository/conf/tomcat/catalina-server.xml",
                "line": 61,
                "column": 20
              },
              "found": "A,B",
              "wanted": "B",
              "evidence": "The list is the one of the template."
            }
          ]
        }
      ],
      "score": {
        "compliant": 1,
        "considered": 3,
        "percent": 33,
        "counts": {
          "error": 0,
          "deviates": 1,
          "unknown": 0,
          "person": 1,
          "not-effective": 0,
          "waived": 0,
          "attested": 0,
          "compliant": 0,
          "not-applicable": 0
        }
      },
      "notices": [
        "This home was never started."
      ]
    }
  ]
}
"#;
}
