//! Opens a connection and nothing more.

use super::Look;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

pub(super) struct Tcp {
    /// `HOST:PORT`
    pub place: String,
}

impl Look for Tcp {
    fn look(&mut self, limit: Duration) -> Result<String, String> {
        connect(&self.place, limit).map(|_| "accepts connections".into())
    }
}

/// Connects to the first address of a place that answers.
pub(super) fn connect(place: &str, limit: Duration) -> Result<TcpStream, String> {
    let start = Instant::now();
    let addresses = place.to_socket_addrs().map_err(|error| error.to_string())?;
    let mut why = "the host has no address".to_owned();
    for address in addresses {
        let left = limit.saturating_sub(start.elapsed()).max(Duration::from_millis(100));
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                why = "connection refused".into();
            }
            Err(error) => why = error.to_string(),
        }
        if start.elapsed() >= limit {
            break;
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_port_accepts_and_a_closed_one_does_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut tcp = Tcp { place: listener.local_addr().unwrap().to_string() };
        assert!(tcp.look(Duration::from_secs(1)).is_ok());
        drop(listener);
        assert_eq!(tcp.look(Duration::from_secs(1)), Err("connection refused".into()));
        let mut nowhere = Tcp { place: "no such host:1".into() };
        assert!(nowhere.look(Duration::from_secs(1)).is_err());
    }
}
