//! Asks a server over HTTP or HTTPS whether it lives. It follows nothing and reads no body.
//!
//! rustls speaks TLS 1.2 and 1.3 with modern suites only. A server that refuses its handshake is
//! asked once more with a hello of older kinds; a ServerHello is life, though no status can be read.

use super::{Look, hello};
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use ureq::tls::TlsConfig;

pub(super) struct Http {
    url: String,
    /// The port of the server itself: it only has to answer.
    any: bool,
}

impl Http {
    pub fn url(url: &str) -> Self {
        Self { url: url.to_owned(), any: false }
    }

    pub fn port(host: &str, port: u16) -> Self {
        Self { url: format!("https://{host}:{port}/"), any: true }
    }

    fn alive(&self, status: u16) -> bool {
        match status {
            200..=399 | 401 | 403 => true,
            _ => self.any && status < 500,
        }
    }
}

impl Look for Http {
    fn look(&mut self, limit: Duration) -> Result<String, String> {
        let start = Instant::now();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(limit))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(TlsConfig::builder().disable_verification(true).build())
            .build()
            .new_agent();
        match agent.get(&self.url).call() {
            Ok(response) => {
                let status = response.status().as_u16();
                let text = format!("status {status}");
                if self.alive(status) { Ok(text) } else { Err(text) }
            }
            Err(error) if self.url.starts_with("https://") && refused(&error) => {
                let left = limit.saturating_sub(start.elapsed()).max(Duration::from_millis(500));
                hello::look(&place(&self.url), left)
                    .map_err(|again| format!("{}; {again}", clause(&error)))
            }
            Err(error) => Err(clause(&error)),
        }
    }
}

/// Tells whether the connection stood and only the handshake failed.
fn refused(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => true,
        ureq::Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
        ),
        _ => false,
    }
}

fn clause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".into(),
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            "connection refused".into()
        }
        other => other.to_string(),
    }
}

/// The host and port that a URL names.
fn place(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let place = rest[..end].rsplit('@').next().unwrap_or_default();
    let bracketed = place.ends_with(']');
    if !bracketed && place.contains(':') { place.to_owned() } else { format!("{place}:443") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    fn answering(answer: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(4) {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer);
            }
        });
        port
    }

    fn look(url: &str) -> Result<String, String> {
        Http::url(url).look(Duration::from_secs(3))
    }

    #[test]
    fn the_status_tells_life_and_a_redirect_is_not_followed() {
        let url = |answer| format!("http://127.0.0.1:{}/", answering(answer));
        assert_eq!(
            look(&url(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
            Ok("status 200".into())
        );
        let away =
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(look(&url(away)), Ok("status 302".into()));
        assert!(look(&url(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")).is_ok());
        assert!(look(&url(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")).is_err());
        assert!(look(&url(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")).is_err());
        assert!(look(&url(b"rubbish\r\n\r\n")).is_err());
        let own = Http::port("127.0.0.1", 1);
        assert!(own.alive(404) && !own.alive(500) && !own.alive(503));
    }

    #[test]
    fn a_silent_server_is_left_in_time_and_a_closed_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        let start = Instant::now();
        let told = Http::url(&url).look(Duration::from_secs(1));
        assert_eq!(told, Err("no answer in time".into()));
        assert!(start.elapsed() < Duration::from_secs(3));
        drop(listener);
        assert_eq!(look(&url), Err("connection refused".into()));
    }

    #[test]
    fn a_server_that_knows_only_old_tls_is_alive_and_one_that_refuses_all_is_not() {
        // A record of TLS 1.0 with a ServerHello, as far as its version.
        let old = answering(b"\x16\x03\x01\x00\x06\x02\x00\x00\x46\x03\x01");
        assert_eq!(
            look(&format!("https://127.0.0.1:{old}/x")),
            Ok("a ServerHello of TLS 1.0".into())
        );
        let refuses = answering(b"\x15\x03\x01\x00\x02\x02\x28");
        let told = look(&format!("https://127.0.0.1:{refuses}/")).unwrap_err();
        assert!(told.contains("handshake_failure"), "{told}");
    }

    #[test]
    fn the_place_of_a_url_is_its_host_and_port() {
        assert_eq!(place("https://a.example/x:1"), "a.example:443");
        assert_eq!(place("https://u:p@a:9443?x"), "a:9443");
        assert_eq!(place("https://[::1]:9443/"), "[::1]:9443");
        assert_eq!(place("https://[::1]/"), "[::1]:443");
    }
}
