//! What `--dev` prints: everything it takes to try the daemon, ready to paste.

use core::fmt::{Display, Write as _};
use core::net::SocketAddr;
use std::io::{self, Write};

use super::config::Config;
use super::config::secrets::Use;
use super::http::view;

/// Where the daemon listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    /// Datagrams.
    pub(super) udp: SocketAddr,
    /// HTTP.
    pub(super) http: SocketAddr,
}

/// Writes the commands. The secrets go to standard output only, never to the log.
pub(super) fn print(config: &Config, addresses: Addresses) -> io::Result<()> {
    let secret = |right| {
        let first = config.secrets.iter().find(|s| s.right == right);
        first.map_or("", |s| s.value.as_str())
    };
    let (udp, http) = (reachable(addresses.udp), reachable(addresses.http));
    let mut out = io::stdout().lock();
    write!(
        out,
        "\
logd is ready, with secrets for this run only. In a browser:

  http://{http}{view}#secret={fragment}

In another terminal:

  export LOGD_READ_SECRET={read}
  export LOGD_WRITE_SECRET={write}
  export LOGD_ADDR={udp} LOGD_URL=http://{http}

  logd tail                                        # follow
  logd send --key /dev/me/app 'hello'              # store an event
  my-app 2>&1 | logd send --key /dev/me/my-app     # store each line
  logd query 'hello'                               # search
  logd status                                      # rates, rings, drops
  curl -H \"Authorization: $LOGD_READ_SECRET\" \"http://{http}/api/v1/query?q=hello\"

",
        read = secret(Use::Read),
        write = secret(Use::Write),
        view = view::PATH,
        fragment = encoded(secret(Use::Read)),
    )?;
    out.flush()
}

/// For a URL's fragment, which browsers do not send.
fn encoded(secret: &str) -> impl Display {
    core::fmt::from_fn(move |f| {
        secret.bytes().try_for_each(|b| match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => f.write_char(b.into()),
            b => write!(f, "%{b:02X}"),
        })
    })
}

/// An address that a client on this machine can use.
pub(super) fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = if !addr.ip().is_unspecified() {
        addr.ip()
    } else {
        // A socket of both families answers on both.
        core::net::Ipv4Addr::LOCALHOST.into()
    };
    SocketAddr::new(ip, addr.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_the_fragment() {
        assert_eq!(encoded("aZ9-._~").to_string(), "aZ9-._~");
        assert_eq!(encoded("a b+#&=%ö").to_string(), "a%20b%2B%23%26%3D%25%C3%B6");
    }
}
