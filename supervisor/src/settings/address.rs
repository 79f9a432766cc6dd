//! Which addresses a program can be asked at whether it is ready. Leaves asking to [`crate::program`].

/// An address that the supervisor can ask: plain HTTP, a host, a port that exists.
pub(super) fn check(address: &str) -> Result<(), String> {
    const FORM: &str = "write it as http://127.0.0.1:8080/health";
    if address.starts_with("https://") {
        return Err(
            "begins with https://, and the supervisor asks without encryption; give an address of this \
             machine that begins with http://"
                .to_owned(),
        );
    }
    let Some(rest) = address.strip_prefix("http://") else {
        return Err(format!("does not begin with http://; {FORM}"));
    };
    if address.contains(|c: char| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
        return Err(format!("has a character that no address can have; {FORM}"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(format!(
            "has a name or password in it, which is not sent; {FORM}"
        ));
    }
    // An address of version 6 has colons of its own, within brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if host.is_empty() || !is_port {
        return Err(format!("has no host or an impossible port; {FORM}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_asked_are_told_from_others() {
        for address in [
            "http://127.0.0.1:8080/health",
            "http://localhost",
            "http://[::1]:80/",
            "http://[::1]",
            "http://a?b=c:d",
        ] {
            assert_eq!(check(address), Ok(()), "{address}");
        }
        for (address, problem) in [
            ("https://x/", "without encryption"),
            ("x:80", "does not begin"),
            ("http://", "no host"),
            ("http://:80", "no host"),
            ("http://x:0", "impossible port"),
            ("http://x:99999", "impossible port"),
            ("http://me:hush@x/", "not sent"),
            ("http://x/ HTTP/1.1\r\nX: y", "no address can have"),
        ] {
            let told = check(address).unwrap_err();
            assert!(told.contains(problem), "{address}: {told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
