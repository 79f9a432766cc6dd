//! Hosts and networks of the owner's own that lists may be read from: `providers.allowed_hosts`.
//! Pure; leaves looking names up, and addresses that nobody may allow, to `guard`.

use std::net::IpAddr;

/// What the owner allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// Small letters, no dot at the end.
    names: Vec<String>,
    networks: Vec<Network>,
}

/// An address with the bits of it that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn contains(self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(u32::from(32 - self.bits));
                (own.to_bits() ^ ip.to_bits()) & mask.unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(u32::from(128 - self.bits));
                (own.to_bits() ^ ip.to_bits()) & mask.unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl Allowed {
    /// Reads the setting, and says as sentences what of it is not used.
    pub(crate) fn read(entries: &[String]) -> (Self, Vec<String>) {
        let mut allowed = Self::default();
        let mut problems = Vec::new();
        for entry in entries {
            match parsed(entry.trim()) {
                Ok(Entry::Name(name)) => allowed.names.push(name),
                Ok(Entry::Network(network)) => allowed.networks.push(network),
                Err(what) => problems.push(format!(
                    "`{entry}` in `providers.allowed_hosts` is not used: {what}"
                )),
            }
        }
        (allowed, problems)
    }

    /// Whether this host may be visited at this address of it. `name` is in small letters without a
    /// dot at its end; `ip` is an IPv4 address where an IPv6 one stands for it.
    pub(super) fn has(&self, name: &str, ip: IpAddr) -> bool {
        self.names.iter().any(|own| own == name)
            || self.networks.iter().any(|network| network.contains(ip))
    }
}

enum Entry {
    Name(String),
    Network(Network),
}

fn parsed(entry: &str) -> Result<Entry, String> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(entry);
    if let Some((address, bits)) = bare.split_once('/').filter(|_| !bare.contains("://")) {
        return network(address, bits).map(Entry::Network);
    }
    if let Ok(address) = bare.parse() {
        let bits = longest(address);
        return Ok(Entry::Network(Network { address, bits }));
    }
    let name = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(is_of_name));
    if is_name {
        Ok(Entry::Name(name))
    } else {
        Err("it is no name of a host, no address and no network; write `nas.lan`, `192.168.1.5` or `192.168.1.0/24`".into())
    }
}

fn network(address: &str, bits: &str) -> Result<Network, String> {
    let address: IpAddr = address
        .parse()
        .map_err(|_says_no_more| format!("`{address}` is no address"))?;
    let most = longest(address);
    match bits.parse() {
        Ok(bits) if bits <= most => Ok(Network { address, bits }),
        Ok(_) | Err(_) => Err(format!("after the `/` is a number from 0 to {most}")),
    }
}

fn longest(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '-' || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[&str]) -> (Allowed, Vec<String>) {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        Allowed::read(&entries)
    }

    fn has(entry: &str, name: &str, ip: &str) -> bool {
        let (allowed, problems) = read(&[entry]);
        assert!(problems.is_empty(), "{problems:?}");
        allowed.has(name, ip.parse().unwrap())
    }

    #[test]
    fn names_addresses_and_networks_are_understood() {
        assert!(has("NAS.lan.", "nas.lan", "10.0.0.5"));
        assert!(!has("nas.lan", "x.nas.lan", "10.0.0.5"));
        assert!(has("10.0.0.5", "whatever", "10.0.0.5"));
        assert!(!has("10.0.0.5", "whatever", "10.0.0.6"));
        assert!(has("192.168.1.0/24", "whatever", "192.168.1.255"));
        assert!(!has("192.168.1.0/24", "whatever", "192.168.2.0"));
        assert!(has("192.168.1.77/24", "whatever", "192.168.1.1"));
        assert!(has("0.0.0.0/0", "whatever", "10.1.2.3"));
        assert!(!has("0.0.0.0/0", "whatever", "fd00::1"));
        assert!(has("fd00::/8", "whatever", "fd12:3456::1"));
        assert!(has("[::1]", "whatever", "::1"));
        assert!(!has("::1/128", "whatever", "::2"));
        assert!(has("::/0", "whatever", "fd00::1"));
    }

    #[test]
    fn what_cannot_be_used_is_named_and_the_rest_is_used() {
        let (allowed, problems) = read(&[
            "10.0.0.0/33",
            "10.0.0/8",
            "http://nas.lan/",
            "",
            "fd00::/x",
            "nas.lan",
            "*.lan",
            "nas.lan:8080",
        ]);
        insta::assert_snapshot!(problems.join("\n"), @r"
        `10.0.0.0/33` in `providers.allowed_hosts` is not used: after the `/` is a number from 0 to 32
        `10.0.0/8` in `providers.allowed_hosts` is not used: `10.0.0` is no address
        `http://nas.lan/` in `providers.allowed_hosts` is not used: it is no name of a host, no address and no network; write `nas.lan`, `192.168.1.5` or `192.168.1.0/24`
        `` in `providers.allowed_hosts` is not used: it is no name of a host, no address and no network; write `nas.lan`, `192.168.1.5` or `192.168.1.0/24`
        `fd00::/x` in `providers.allowed_hosts` is not used: after the `/` is a number from 0 to 128
        `*.lan` in `providers.allowed_hosts` is not used: it is no name of a host, no address and no network; write `nas.lan`, `192.168.1.5` or `192.168.1.0/24`
        `nas.lan:8080` in `providers.allowed_hosts` is not used: it is no name of a host, no address and no network; write `nas.lan`, `192.168.1.5` or `192.168.1.0/24`
        ");
        assert!(allowed.has("nas.lan", "10.0.0.5".parse().unwrap()));
        assert!(!allowed.has("other", "10.0.0.5".parse().unwrap()));
    }
}
