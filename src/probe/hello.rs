//! A TLS hello of the older kinds, written and read by hand: TLS 1.0 to 1.2 with the suites that
//! servers of the last twenty years know. It goes no further than the first answer and protects
//! nothing.
//!
//! Record and handshake: RFC 5246, sections 6.2.1 and 7.4.1; suites: the TLS registry of IANA.

use super::tcp;
use std::io::{Read as _, Write as _};
use std::time::Duration;

/// Suites from strong to weak, and the signalling value for safe renegotiation (RFC 5746).
const SUITES: [u16; 26] = [
    0xc02b, 0xc02c, 0xc02f, 0xc030, 0x009e, 0x009f, 0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc027,
    0x0033, 0x0039, 0x0067, 0x009c, 0x009d, 0x002f, 0x0035, 0x003c, 0x003d, 0x0016, 0xc012, 0x000a,
    0x0005, 0x00ff,
];

/// Says hello to `HOST:PORT`; a ServerHello is an answer, everything else is not.
///
/// # Errors
/// A clause with what came instead.
pub fn look(place: &str, limit: Duration) -> Result<String, String> {
    let mut stream = tcp::connect(place, limit)?;
    let limited = stream.set_read_timeout(Some(limit)).and(stream.set_write_timeout(Some(limit)));
    limited.map_err(|error| error.to_string())?;
    stream.write_all(&hello()).map_err(|error| error.to_string())?;
    let mut answer = [0; 11];
    let mut count = 0;
    while count < answer.len() {
        match stream.read(&mut answer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if count == 0 => return Err(error.to_string()),
            Err(_) => break,
        }
        // An alert is shorter than a ServerHello.
        if count >= 7 && answer[0] == 21 {
            break;
        }
    }
    told(&answer[..count])
}

fn told(answer: &[u8]) -> Result<String, String> {
    match answer {
        [22, _, _, _, _, 2, _, _, _, 3, minor] if *minor <= 3 => {
            let version = ["SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2"][usize::from(*minor)];
            Ok(format!("a ServerHello of {version}"))
        }
        [21, _, _, _, _, _, alert, ..] => Err(format!("the alert {}", name(*alert))),
        [] => Err("the connection was closed".into()),
        _ => Err("an answer that is no TLS".into()),
    }
}

fn name(alert: u8) -> String {
    match alert {
        40 => "handshake_failure".into(),
        47 => "illegal_parameter".into(),
        70 => "protocol_version".into(),
        71 => "insufficient_security".into(),
        80 => "internal_error".into(),
        other => other.to_string(),
    }
}

fn hello() -> Vec<u8> {
    let mut suites = Vec::new();
    for suite in SUITES {
        suites.extend(suite.to_be_bytes());
    }
    let mut extensions = Vec::new();
    // The curves P-256, P-384, P-521; plain points; signatures with SHA-2 and, for the old, SHA-1.
    extension(&mut extensions, 10, &[0, 6, 0, 23, 0, 24, 0, 25]);
    extension(&mut extensions, 11, &[1, 0]);
    extension(&mut extensions, 13, &[0, 12, 4, 1, 4, 3, 5, 1, 6, 1, 2, 1, 2, 3]);
    let mut body = vec![3, 3];
    // No key is ever made of it, so it need not be random.
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(length(&suites));
    body.extend(suites);
    body.extend([1, 0]);
    body.extend(length(&extensions));
    body.extend(extensions);
    let mut handshake = vec![1, 0];
    handshake.extend(length(&body));
    handshake.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend(length(&handshake));
    record.extend(handshake);
    record
}

fn extension(out: &mut Vec<u8>, kind: u16, body: &[u8]) {
    out.extend(kind.to_be_bytes());
    out.extend(length(body));
    out.extend(body);
}

/// A length in two bytes; everything here is far shorter than they can tell.
fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_of_the_hello_fit_into_each_other() {
        let hello = hello();
        let at = |from: usize| usize::from(u16::from_be_bytes([hello[from], hello[from + 1]]));
        assert_eq!(at(3), hello.len() - 5);
        assert_eq!(at(7), hello.len() - 9);
        let suites = at(44);
        assert_eq!(suites, SUITES.len() * 2);
        let extensions = 46 + suites + 2;
        assert_eq!(at(extensions), hello.len() - extensions - 2);
    }

    #[test]
    fn only_a_server_hello_is_life() {
        assert!(told(&[22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3]).is_ok());
        assert!(told(&[22, 3, 3, 0, 80, 1, 0, 0, 76, 3, 3]).is_err());
        assert!(told(&[21, 3, 1, 0, 2, 2, 70]).unwrap_err().contains("protocol_version"));
        assert!(told(b"HTTP/1.1 40").is_err());
        assert!(told(&[]).is_err());
    }
}
