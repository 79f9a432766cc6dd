//! Which addresses a request may reach when its host is somebody's input: public ones, and private
//! ones only where the owner allows it and only those that were asked for themselves. Leaves
//! connecting to the clients; they connect to the very addresses that were checked here, so that a
//! name cannot mean another one a moment later.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use schema::models::Cause;
use tokio::net::lookup_host;

use super::{allowed::Allowed, http::HttpError};

/// Cheap to clone; clones share what is allowed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    allows_private: Arc<AtomicBool>,
    allowed: Arc<RwLock<Allowed>>,
}

impl Guard {
    pub(crate) fn new(allows_private: bool) -> Self {
        let guard = Self::default();
        guard.allow_private(allows_private);
        guard
    }

    /// Whether addresses inside the owner's network may be visited from now on.
    pub(crate) fn allow_private(&self, allows: bool) {
        self.allows_private.store(allows, Ordering::Relaxed);
    }

    /// Which of them may be visited from now on although not all of them may.
    pub(crate) fn allow(&self, allowed: Allowed) {
        *self.allowed.write().unwrap_or_else(PoisonError::into_inner) = allowed;
    }

    fn is_allowed(&self, host: &str, ip: IpAddr) -> bool {
        let allowed = self.allowed.read().unwrap_or_else(PoisonError::into_inner);
        allowed.has(host, meant(ip))
    }

    /// Whether they may be visited now.
    pub(crate) fn allows_private(&self) -> bool {
        self.allows_private.load(Ordering::Relaxed)
    }

    /// The addresses of a host, or of a literal address (brackets or not), that may be connected
    /// to. `own` is the host and port somebody asked for: only that one may be private, and only
    /// where the owner allows it; whatever a page or a redirect leads to is public or not visited.
    ///
    /// # Errors
    /// [`HttpError::Refused`] when there are addresses and none may be visited,
    /// [`HttpError::NoName`] when there are none.
    pub(crate) async fn resolve(
        &self,
        host: &str,
        port: u16,
        own: Option<(&str, u16)>,
    ) -> Result<Vec<SocketAddr>, HttpError> {
        let name = plain(host);
        let is_own = own.is_some_and(|(asked, at)| (plain(asked), at) == (name.clone(), port));
        let found = addresses(&name, port).await?;
        self.permitted(&name, &found, is_own)
    }

    fn permitted(
        &self,
        host: &str,
        found: &[SocketAddr],
        is_own: bool,
    ) -> Result<Vec<SocketAddr>, HttpError> {
        let may_be_private = |ip| self.allows_private() || self.is_allowed(host, ip);
        let may = |ip| is_public(ip) || (is_own && !is_never(ip) && may_be_private(ip));
        let permitted: Vec<_> = found
            .iter()
            .copied()
            .filter(|address| may(address.ip()))
            .collect();
        match (permitted.is_empty(), found.first()) {
            (false, _) => Ok(permitted),
            (true, Some(address)) => Err(self.refusal(host, address.ip(), is_own)),
            (true, None) => Err(no_name(host, std::io::ErrorKind::NotFound.into())),
        }
    }

    fn refusal(&self, host: &str, ip: IpAddr, is_own: bool) -> HttpError {
        let (reason, remedy) = if is_never(ip) {
            (
                format!("{host} is an address that is never visited ({ip})"),
                "Give the address of a page on a server.",
            )
        } else if !is_own && (self.allows_private() || self.is_allowed(host, ip)) {
            (
                format!(
                    "{host} is an address inside your own network ({ip}), where no other page may lead"
                ),
                "If it is your own server, follow its address itself.",
            )
        } else {
            (
                format!(
                    "{host} is an address inside your own network ({ip}), which is not visited"
                ),
                "If it is your own server, add it to `providers.allowed_hosts` (LISTSYNC_ALLOWED_HOSTS), or set `providers.allow_private_addresses` (LISTSYNC_ALLOW_PRIVATE_ADDRESSES) to true for all.",
            )
        };
        HttpError::Refused {
            cause: Cause::Forbidden,
            reason,
            remedy: remedy.into(),
        }
    }
}

/// A host as it is compared: no brackets, no final dot, small letters.
fn plain(host: &str) -> String {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

async fn addresses(name: &str, port: u16) -> Result<Vec<SocketAddr>, HttpError> {
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    // RFC 6761 §6.3: these are this machine, whatever a name server says.
    if name == "localhost" || name.ends_with(".localhost") {
        return Ok(vec![
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port),
        ]);
    }
    let found = lookup_host((name, port)).await;
    Ok(found.map_err(|error| no_name(name, error))?.collect())
}

fn no_name(host: &str, source: std::io::Error) -> HttpError {
    HttpError::NoName {
        host: host.to_owned(),
        source,
    }
}

/// The IPv4 address that an IPv6 one stands for, or itself.
fn meant(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => embedded(v6).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// Whether an address belongs to the internet that everybody sees.
///
/// Source: IANA's registries of special-purpose addresses for IPv4 and IPv6.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    !is_never(ip)
        && match ip {
            IpAddr::V4(v4) => is_public_v4(v4),
            IpAddr::V6(v6) => match embedded(v6) {
                Some(v4) => is_public_v4(v4),
                None => is_public_v6(v6),
            },
        }
}

/// Whether an address is out of bounds even where private ones are allowed: it is nobody's server.
/// Link-local ones are, which hold the metadata services of cloud machines, and the other addresses
/// such services have.
pub(crate) fn is_never(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_never_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_never_v4(v4),
            None => is_never_v6(v6),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_shared = a == 100 && (64..128).contains(&b); // carriers' own
    let is_protocol = (a, b, c) == (192, 0, 0);
    let is_old_relay = (a, b, c) == (192, 88, 99);
    let is_benchmark = a == 198 && (18..20).contains(&b);
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_documentation()
        || is_shared
        || is_protocol
        || is_old_relay
        || is_benchmark)
}

/// Metadata services outside of 169.254.0.0/16: Alibaba's, Oracle's, Azure's.
const METADATA: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];

fn is_never_v4(ip: Ipv4Addr) -> bool {
    let [first, ..] = ip.octets();
    // "This host" reaches what listens on this machine; from 224 on are groups and nothing.
    first == 0 || first >= 224 || ip.is_link_local() || METADATA.contains(&ip)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let is_unicast = first & 0xe000 == 0x2000; // the only block given out so far
    let is_protocol = first == 0x2001 && second < 0x0200; // Teredo among them
    let is_documentation =
        (first, second) == (0x2001, 0x0db8) || (first == 0x3fff && second < 0x1000);
    is_unicast && !is_protocol && !is_documentation
}

/// Amazon's metadata service.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

fn is_never_v6(ip: Ipv6Addr) -> bool {
    let [first, ..] = ip.segments();
    if local_nat64(ip).is_some_and(is_never_v4) {
        return true;
    }
    let is_site_local = first & 0xffc0 == 0xfec0; // once
    ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unicast_link_local()
        || is_site_local
        || ip == METADATA_V6
}

/// The IPv4 address behind the NAT64 of a network's own (RFC 8215), whose prefix is 96 bits long
/// nearly everywhere. It stays private, because nobody else sees it.
fn local_nat64(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 1, .., high, low] = ip.segments() else {
        return None;
    };
    Some(Ipv4Addr::from_bits(
        (u32::from(high) << 16) | u32::from(low),
    ))
}

/// The IPv4 address that an IPv6 one leads to: mapped (`::ffff:a.b.c.d`), translated
/// (`::ffff:0:a.b.c.d`), compatible (`::a.b.c.d`), by NAT64 (`64:ff9b::/96`) or by 6to4 (`2002::/16`).
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match ip.segments() {
        // `::` and `::1` are no IPv4.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2600::1",
            "2001:200::1",
            "2a00:1450:4001::200e",
            "2002:101:101::1",  // 1.1.1.1 by 6to4
            "64:ff9b::101:101", // by NAT64
            "::ffff:1.1.1.1",   // mapped
            "3fff:1000::1",
        ] {
            assert!(is_public(ip(text)) && !is_never(ip(text)), "{text}");
        }
    }

    #[test]
    fn addresses_inside_a_network_are_private_and_may_be_allowed() {
        for text in [
            "10.0.0.5",
            "10.255.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "::ffff:10.0.0.5",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:5", // 10.0.0.5 by NAT64
            "64:ff9b:1::a00:5",
            "2002:a00:5::1", // by 6to4
            "2002:7f00:1::",
            "2001::1", // Teredo
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(!is_public(ip(text)) && !is_never(ip(text)), "{text}");
        }
    }

    #[test]
    fn some_addresses_are_never_visited() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "::ffff:0:169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:7::6464:64c8", // 100.100.100.200 behind a NAT64 of its own
        ] {
            assert!(is_never(ip(text)) && !is_public(ip(text)), "{text}");
        }
    }

    fn words(error: HttpError) -> (String, String) {
        match error {
            HttpError::Refused {
                cause: Cause::Forbidden,
                reason,
                remedy,
            } => (reason, remedy),
            other => panic!("{other:?}"),
        }
    }

    #[actix_rt::test]
    async fn private_addresses_need_the_owners_leave_and_be_what_was_asked_for() {
        let guard = Guard::new(false);
        let own = Some(("10.0.0.5", 8080));
        let (reason, remedy) = words(guard.resolve("10.0.0.5", 8080, own).await.unwrap_err());
        assert_eq!(
            reason,
            "10.0.0.5 is an address inside your own network (10.0.0.5), which is not visited"
        );
        assert!(
            remedy.contains("`providers.allow_private_addresses`"),
            "{remedy}"
        );

        guard.clone().allow_private(true);
        let found = guard.resolve("10.0.0.5", 8080, own).await.unwrap();
        assert_eq!(found, ["10.0.0.5:8080".parse().unwrap()]);
        for (host, port, own) in [
            ("10.0.0.5", 9090, own),
            ("10.0.0.6", 8080, own),
            ("10.0.0.5", 8080, None),
            ("10.0.0.5", 8080, Some(("a.example", 8080))),
        ] {
            let (reason, _) = words(guard.resolve(host, port, own).await.unwrap_err());
            assert!(reason.contains("where no other page may lead"), "{reason}");
        }
        let metadata = Some(("169.254.169.254", 80));
        let (reason, _) = words(
            guard
                .resolve("169.254.169.254", 80, metadata)
                .await
                .unwrap_err(),
        );
        assert!(reason.contains("never visited"), "{reason}");
        // Public ones need no leave.
        guard.allow_private(false);
        for host in ["1.1.1.1", "[2600::1]"] {
            assert_eq!(guard.resolve(host, 443, None).await.unwrap().len(), 1);
        }
    }

    #[actix_rt::test]
    async fn names_of_this_machine_are_private_however_they_are_written() {
        let guard = Guard::new(false);
        for name in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "[::1]",
            "127.0.0.1",
        ] {
            let (reason, _) = words(guard.resolve(name, 80, None).await.unwrap_err());
            assert!(reason.contains("inside your own network"), "{reason}");
        }
        guard.allow_private(true);
        let own = Some(("localhost", 80));
        assert!(guard.resolve("Localhost.", 80, own).await.is_ok());
        let own = Some(("[::1]", 80));
        assert!(guard.resolve("::1", 80, own).await.is_ok());
    }

    fn allowing(entries: &[&str]) -> Guard {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        let (allowed, problems) = Allowed::read(&entries);
        assert!(problems.is_empty(), "{problems:?}");
        let guard = Guard::new(false);
        guard.allow(allowed);
        guard
    }

    #[actix_rt::test]
    async fn what_the_owner_allows_is_visited_and_nothing_beside_it() {
        let guard = allowing(&["10.0.0.5", "192.168.1.0/24", "nas.lan"]);
        for host in [
            "10.0.0.5",
            "192.168.1.7",
            "[::ffff:10.0.0.5]",
            "[64:ff9b::c0a8:107]",
        ] {
            let own = Some((host, 80));
            assert!(guard.resolve(host, 80, own).await.is_ok(), "{host}");
            // Neither from a page of somebody else, nor another port.
            for own in [None, Some(("1.1.1.1", 80)), Some((host, 81))] {
                let (reason, _) = words(guard.resolve(host, 80, own).await.unwrap_err());
                assert!(reason.contains("where no other page may lead"), "{reason}");
            }
        }
        for host in ["10.0.0.6", "192.168.2.1", "127.0.0.1", "[::1]"] {
            let (reason, remedy) =
                words(guard.resolve(host, 80, Some((host, 80))).await.unwrap_err());
            assert!(reason.ends_with("which is not visited"), "{reason}");
            assert!(remedy.contains("`providers.allowed_hosts`"), "{remedy}");
        }
    }

    #[test]
    fn an_allowed_name_may_be_a_private_address_and_nothing_that_is_never_visited() {
        let guard = allowing(&["nas.lan", "0.0.0.0/0", "::/0"]);
        let at = |ip: &str| vec![SocketAddr::new(ip.parse().unwrap(), 80)];
        assert!(guard.permitted("nas.lan", &at("10.0.0.5"), true).is_ok());
        assert!(guard.permitted("nas.lan", &at("10.0.0.5"), false).is_err());
        for never in [
            "169.254.169.254",
            "0.0.0.0",
            "100.100.100.200",
            "fd00:ec2::254",
            "fe80::1",
        ] {
            let (reason, _) = words(guard.permitted("nas.lan", &at(never), true).unwrap_err());
            assert!(reason.contains("never visited"), "{reason}");
        }
    }

    #[actix_rt::test]
    async fn an_address_is_the_same_however_its_numbers_are_written() {
        let guard = Guard::new(false);
        for text in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://%31%32%37.0.0.1/",
            "http://１２７.0.0.1/",
            "http://[::ffff:7f00:1]/",
        ] {
            let url = url::Url::parse(text).unwrap();
            let host = url.host_str().unwrap();
            let (reason, _) = words(guard.resolve(host, 80, Some((host, 80))).await.unwrap_err());
            assert!(
                reason.contains("inside your own network"),
                "{text}: {reason}"
            );
        }
    }

    #[test]
    fn of_a_name_with_both_kinds_of_addresses_only_the_public_ones_are_used() {
        let found: Vec<SocketAddr> = ["10.0.0.5:80", "1.1.1.1:80", "[fd00::5]:80"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let guard = Guard::new(false);
        let permitted = guard.permitted("a.example", &found, true).unwrap();
        assert_eq!(permitted, ["1.1.1.1:80".parse().unwrap()]);
        guard.allow_private(true);
        assert_eq!(guard.permitted("a.example", &found, true).unwrap().len(), 3);
        assert!(matches!(
            guard.permitted("a.example", &[], true),
            Err(HttpError::NoName { .. })
        ));
    }
}
