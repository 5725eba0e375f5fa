//! What an operator wants of new key stores, read from the parameters of the patch.

use crate::format::keystore::{Format, Profile};
use crate::native::key::{AltName, Bits, Order, Subject, is_safe};
use crate::plan::judge::Values;
use crate::secret::Secret;

/// How far the keys are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only what is shown to clients and peers.
    TlsOnly,
    /// Also what signs; the old key goes on decrypting stored data.
    SplitInternal,
    /// Everything, for a home that has stored nothing encrypted.
    ReplaceAll,
}

/// What new key stores should be.
#[derive(Debug, Clone)]
pub struct Wish {
    pub mode: Mode,
    /// Nothing takes the hosts of the configuration.
    pub names: Vec<AltName>,
    pub subject: Option<Subject>,
    pub bits: Bits,
    pub days: u32,
    /// Nothing keeps the type of the store that is replaced.
    pub format: Option<Format>,
    /// Nothing follows what the product ships.
    pub profile: Option<Profile>,
    /// Nothing keeps the old alias.
    pub alias: Option<String>,
    /// Nothing makes a random one.
    pub password: Option<Secret>,
    /// Nothing in this home is encrypted with the old key; the operator says so.
    pub nothing_encrypted: bool,
}

impl Wish {
    /// Reads the parameters.
    ///
    /// # Errors
    /// A sentence that names the parameter and what it takes.
    pub fn of(values: &Values) -> Result<Self, String> {
        let told = |name: &str| values.get(name).map(|value| value.trim());
        let one_of = |name: &str, known: &[&str]| {
            let text = told(name).unwrap_or_default();
            let found = known.iter().position(|word| word.eq_ignore_ascii_case(text));
            found.ok_or_else(|| format!("P02.{name} is {}, not \"{text}\".", known.join(" or ")))
        };
        let mode = [Mode::TlsOnly, Mode::SplitInternal, Mode::ReplaceAll]
            [one_of("mode", &["tls-only", "split-internal", "replace-all"])?];
        let format = [None, Some(Format::Jks), Some(Format::Pkcs12)]
            [one_of("type", &["keep", "JKS", "PKCS12"])?];
        let profile = [None, Some(Profile::Modern), Some(Profile::Old)]
            [one_of("pkcs12", &["auto", "modern", "old"])?];
        let nothing_encrypted = one_of("encrypted-data", &["unknown", "none"])? == 1;
        let names = told("names").unwrap_or_default();
        let names = names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<AltName>, _>>()
            .map_err(|fault| format!("P02.names: {fault}"))?;
        let subject = told("subject")
            .map(|text| text.parse().map_err(|fault| format!("P02.subject: {fault}")))
            .transpose()?;
        let bits = told("bits").unwrap_or("2048").parse();
        let bits = bits.map_err(|fault| format!("P02.bits: {fault}"))?;
        let days = told("days").and_then(|days| days.parse().ok()).unwrap_or(Order::DAYS);
        if !(1..=Order::MOST_DAYS).contains(&days) {
            return Err(format!("P02.days is 1 to {}, not {days}.", Order::MOST_DAYS));
        }
        let alias = told("alias").map(str::to_lowercase);
        if let Some(alias) = alias.as_ref().filter(|alias| !is_plain(alias)) {
            return Err(format!(
                "P02.alias is made of letters, digits, dots, hyphens and underscores, not \"{alias}\"."
            ));
        }
        let password = values.get("password").map(|text| Secret::new(text.as_str()));
        if password.as_ref().is_some_and(|password| !is_safe(password)) {
            return Err(
                "P02.password has 12 or more characters out of A–Z, a–z, 0–9, dot, hyphen \
                        and underscore, so that it can stand in every file and script."
                    .into(),
            );
        }
        Ok(Self {
            mode,
            names,
            subject,
            bits,
            days,
            format,
            profile,
            alias,
            password,
            nothing_encrypted,
        })
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        let defaults = [
            ("mode", "tls-only"),
            ("type", "keep"),
            ("pkcs12", "auto"),
            ("encrypted-data", "unknown"),
        ];
        let all = defaults.iter().chain(pairs);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_are_read_and_what_they_do_not_take_is_named() {
        let wish =
            Wish::of(&values(&[("mode", "Replace-All"), ("names", "a.example.com, 10.0.0.1")]));
        let wish = wish.unwrap();
        assert_eq!((wish.mode, wish.names.len()), (Mode::ReplaceAll, 2));
        for (name, wrong) in [
            ("mode", "all"),
            ("type", "JCEKS"),
            ("bits", "1024"),
            ("days", "0"),
            ("alias", "a b"),
            ("subject", "localhost"),
            ("names", "*.*.com"),
            ("password", "short"),
            ("password", "with<markup>inside"),
        ] {
            let why = Wish::of(&values(&[(name, wrong)])).unwrap_err();
            assert!(why.contains(&format!("P02.{name}")), "{name}={wrong}: {why}");
            assert!(name != "password" || !why.contains(wrong), "{why}");
        }
    }
}
