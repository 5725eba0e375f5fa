//! Waivers: deviations that a person has accepted, with reason, owner and expiry, kept in the
//! settings file.
//!
//! A waiver covers nothing but a deviation, and not for longer than two years; one that has expired
//! counts no more, and that is said. The file is only added to, never printed anew.

use super::Common;
use super::ask;
use super::failure::Failure;
use super::screen::Screen;
use crate::change::{Code, FileChange, Finding, Plan, RelPath, Status, Step};
use crate::diff;
use crate::home::{Home, View};
use serde::Deserialize;
use std::path::PathBuf;
use time::{Date, Month, OffsetDateTime};

/// The settings file of a home.
pub const FILE: &str = "harden.toml";

/// A deviation that somebody has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    pub code: Code,
    /// Nothing for every instance of the home.
    pub instance: Option<String>,
    pub reason: String,
    pub owner: String,
    /// The last day it counts.
    pub expires: Date,
}

/// A waiver as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub code: String,
    instance: Option<String>,
    reason: String,
    owner: String,
    expires: toml_edit::Datetime,
}

impl Entry {
    /// Checks what stands there.
    ///
    /// # Errors
    /// A clause saying what is missing.
    pub fn waiver(self, code: Code) -> Result<Waiver, String> {
        for (what, text) in [("reason", &self.reason), ("owner", &self.owner)] {
            objection(text).map_or(Ok(()), |why| Err(format!("its {what} {why}")))?;
        }
        let date = self.expires.date.filter(|_| self.expires.time.is_none());
        let expires = date
            .and_then(|date| day(i32::from(date.year), date.month, date.day))
            .ok_or("it expires on no day; write one as 2027-03-01")?;
        let Self { instance, reason, owner, .. } = self;
        Ok(Waiver { code, instance, reason, owner, expires })
    }
}

/// Turns a deviation that is waived into a finding that says so.
pub fn cover(waivers: &[Waiver], finding: Finding) -> Finding {
    let today = today();
    let covers = |waiver: &&Waiver| {
        waiver.code == finding.code
            && waiver.instance.as_ref().is_none_or(|name| *name == finding.instance)
            && lapse(waiver, today).is_none()
    };
    match waivers.iter().find(covers) {
        Some(waiver) if finding.status == Status::Deviates => Finding {
            status: Status::Waived,
            evidence: format!(
                "Waived until {} by {}: {}.",
                waiver.expires,
                waiver.owner,
                waiver.reason.trim_end_matches('.')
            ),
            ..finding
        },
        _ => finding,
    }
}

/// Says which waivers count no more.
pub fn notices(waivers: &[Waiver]) -> Vec<String> {
    let today = today();
    let told = |waiver: &Waiver| {
        let why = lapse(waiver, today)?;
        let Waiver { code, owner, reason, .. } = waiver;
        Some(format!("The waiver of {code} by {owner} {why}, and counts no more ({reason})."))
    };
    waivers.iter().filter_map(told).collect()
}

/// Asks for a waiver of a guideline in some instances; nothing when it was not given, and nothing
/// inside at the end of the input.
pub fn ask(
    screen: &Screen,
    code: &Code,
    instances: &[String],
    user: &str,
) -> Result<Option<Option<Vec<Waiver>>>, Failure> {
    screen.say(&format!("Accepting that {code} deviates. An empty reason leaves it as it is."));
    let reason = loop {
        let Some(text) = ask::line("Reason")? else { return Ok(None) };
        if text.trim().is_empty() {
            screen.say("Not waived.");
            return Ok(Some(None));
        }
        match objection(&text) {
            None => break text.trim().to_owned(),
            Some(why) => screen.say(&format!("The reason {why}.")),
        }
    };
    let owner = loop {
        let Some(text) = ask::line(&format!("Owner [{user}]"))? else { return Ok(None) };
        let text = if text.trim().is_empty() { user } else { text.trim() };
        match objection(text) {
            None => break text.to_owned(),
            Some(why) => screen.say(&format!("The owner {why}.")),
        }
    };
    let today = today();
    let expires = loop {
        let latest = latest(today);
        let Some(text) = ask::line(&format!("Expires (YYYY-MM-DD, {latest} at the latest)"))?
        else {
            return Ok(None);
        };
        match date(text.trim()) {
            None => screen.say("That is no day of the form 2027-03-01."),
            Some(day) if day < today => screen.say("That day is past."),
            Some(day) if day > latest => screen.say("A waiver lasts two years at most."),
            Some(day) => break day,
        }
    };
    let waiver = |instance: &String| Waiver {
        code: code.clone(),
        instance: Some(instance.clone()),
        reason: reason.clone(),
        owner: owner.clone(),
        expires,
    };
    Ok(Some(Some(instances.iter().map(waiver).collect())))
}

/// A settings file outside the home, which no transaction can hold.
#[derive(Debug)]
pub struct Beside {
    pub path: PathBuf,
    before: Vec<u8>,
    pub after: Vec<u8>,
}

impl Beside {
    /// Shows what is added.
    pub fn diff(&self) -> Vec<u8> {
        diff::unified(&self.path.display().to_string(), &self.before, &self.after, 3)
    }
}

/// Lays waivers into a plan, as lines of the home's settings file; one that was named and is outside
/// the home is given back instead.
///
/// # Errors
/// When the file cannot be read, or the lines would not stand in it as they are meant.
pub fn lay(
    plan: &mut Plan,
    common: &Common,
    home: &Home,
    waivers: &[Waiver],
) -> Result<Option<Beside>, Failure> {
    if waivers.is_empty() {
        return Ok(None);
    }
    let unfit = |what: String| {
        Failure::Other(
            format!("{what} cannot take the waivers"),
            "Put it in order, or name another file with --settings.".into(),
        )
    };
    let inside = match &common.settings {
        None => RelPath::parse(FILE),
        Some(path) => {
            let real = path.canonicalize().map_err(Failure::io(path.display().to_string()))?;
            match real.strip_prefix(&home.root).ok().and_then(|below| below.to_str()) {
                Some(below) => RelPath::parse(below),
                None => {
                    let before =
                        std::fs::read(&real).map_err(Failure::io(path.display().to_string()))?;
                    let after =
                        added(&before, waivers).ok_or_else(|| unfit(path.display().to_string()))?;
                    return Ok(Some(Beside { path: real, before, after }));
                }
            }
        }
    };
    let file = inside.ok_or_else(|| unfit("the settings file".into()))?;
    let view = View::of(&home.root);
    let before = if view.exists(&file) {
        let read = view.original(&file).map_err(|why| unfit(format!("{file} ({why})")))?;
        Some(read.to_vec())
    } else {
        None
    };
    let mut after = before.clone().unwrap_or_default();
    for waiver in waivers {
        after =
            added(&after, std::slice::from_ref(waiver)).ok_or_else(|| unfit(file.to_string()))?;
        plan.steps.push(Step {
            code: waiver.code.clone(),
            instance: waiver.instance.clone().unwrap_or_default(),
            file: file.clone(),
            after: after.clone(),
        });
    }
    plan.files.push(FileChange { file, before, after, listings: None });
    Ok(None)
}

/// Adds waivers to the end of a settings file; nothing when they would not be read there.
fn added(before: &[u8], waivers: &[Waiver]) -> Option<Vec<u8>> {
    let eol = crate::text::eol_near(before, before.len());
    let mut text = String::from_utf8(before.to_vec()).ok()?;
    for waiver in waivers {
        if !text.is_empty() && !text.ends_with('\n') {
            text += eol;
        }
        if !text.is_empty() {
            text += eol;
        }
        let quoted = |value: &str| toml_edit::Value::from(value).to_string();
        text += &format!("[[waive]]{eol}code = {}{eol}", quoted(waiver.code.as_str()));
        if let Some(instance) = &waiver.instance {
            text += &format!("instance = {}{eol}", quoted(instance));
        }
        text += &format!(
            "reason = {}{eol}owner = {}{eol}expires = {}{eol}",
            quoted(&waiver.reason),
            quoted(&waiver.owner),
            waiver.expires
        );
    }
    text.parse::<toml_edit::DocumentMut>().ok()?;
    Some(text.into_bytes())
}

/// Why a waiver does not count on a day, a clause.
fn lapse(waiver: &Waiver, today: Date) -> Option<String> {
    if waiver.expires < today {
        return Some(format!("expired on {}", waiver.expires));
    }
    (waiver.expires > latest(today))
        .then(|| format!("runs until {}, more than two years", waiver.expires))
}

fn objection(text: &str) -> Option<&'static str> {
    match text.trim() {
        "" => Some("is empty"),
        text if text.chars().any(char::is_control) => Some("holds a control character"),
        text if text.chars().count() > 500 => Some("is longer than 500 characters"),
        _ => None,
    }
}

fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

fn latest(today: Date) -> Date {
    let year = today.year() + 2;
    // The 29th of February is not in every year.
    today.replace_year(year).unwrap_or_else(|_| today.saturating_add(time::Duration::days(730)))
}

fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match parts[..] {
        [year, month, date] if digits && (year.len(), month.len(), date.len()) == (4, 2, 2) => {
            day(year.parse().ok()?, month.parse().ok()?, date.parse().ok()?)
        }
        _ => None,
    }
}

fn day(year: i32, month: u8, day: u8) -> Option<Date> {
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiver(expires: &str) -> Waiver {
        Waiver {
            code: Code::parse("P13").unwrap(),
            instance: Some("server".into()),
            reason: "the \"old\" client".into(),
            owner: "web team".into(),
            expires: date(expires).unwrap(),
        }
    }

    #[test]
    fn a_waiver_counts_through_its_last_day_and_two_years_at_most() {
        let today = date("2026-11-22").unwrap();
        assert_eq!(lapse(&waiver("2026-11-22"), today), None);
        assert_eq!(lapse(&waiver("2028-11-22"), today), None);
        assert!(lapse(&waiver("2026-11-21"), today).unwrap().contains("expired"));
        assert!(lapse(&waiver("2028-11-23"), today).unwrap().contains("two years"));
        assert_eq!(latest(date("2028-02-29").unwrap()), date("2030-02-28").unwrap());
        for wrong in ["2026-13-01", "2026-2-1", "tomorrow", "2026-02-30", "", "+026-01-01"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn waivers_are_added_behind_what_is_there_and_read_again() {
        for before in ["", "# ours\r\n[P08]\r\nprotocols = [\"TLSv1.2\"]", "[P04]\noffset = 7\n"] {
            let after = added(before.as_bytes(), &[waiver("2027-03-01")]).unwrap();
            let text = String::from_utf8(after).unwrap();
            assert!(text.starts_with(before), "{text}");
            assert_eq!(text.contains("\r\n"), before.contains("\r\n"), "{text:?}");
            let read: toml_edit::DocumentMut = text.parse().unwrap();
            let entry = read["waive"].as_array_of_tables().unwrap().get(0).unwrap();
            assert_eq!(entry["reason"].as_str(), Some("the \"old\" client"));
            assert_eq!(entry["expires"].as_datetime().unwrap().to_string(), "2027-03-01");
        }
        assert_eq!(added(b"waive = 1\n", &[waiver("2027-03-01")]), None);
    }
}
