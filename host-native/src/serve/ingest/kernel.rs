//! How many datagrams the kernel dropped before the daemon could read them.
//!
//! Linux tells in the last column of /proc/net/udp and udp6, by the socket's inode. `SO_RXQ_OVFL` tells only
//! together with the next datagram, so that after a burst nobody would know.

use std::os::fd::AsFd;

/// The socket's counter since it was made; `None` where the system does not tell.
pub fn drops(socket: impl AsFd) -> Option<u64> {
    let inode = nix::sys::stat::fstat(socket).ok()?.st_ino;
    ["/proc/net/udp6", "/proc/net/udp"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find_map(|table| parse(&table, inode))
}

/// Columns: `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode ref pointer drops`.
fn parse(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let own = columns.get(9)?.parse() == Ok(inode);
        own.then(|| columns.get(12)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_line_of_the_inode() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1234: 0100007F:17D6 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 987 2 0000000000000000 3
 1235: 0100007F:17D7 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 988 2 0000000000000000 42
";
        assert_eq!(parse(table, 988), Some(42));
        assert_eq!(parse(table, 3), None);
        assert_eq!(parse("", 988), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn counts_what_a_full_buffer_refused() {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(drops(&receiver), Some(0));
        // Nobody reads, and no receive buffer of a test machine holds a gigabyte: stop at the first drop.
        let gave_up = (0..1_000_000).all(|_| {
            sender.send_to(&[0; 1024], receiver.local_addr().unwrap()).unwrap();
            drops(&receiver) == Some(0)
        });
        assert!(!gave_up, "the kernel never reported a drop");
    }
}
