//! What address is wanted: the parameters of the stock agents and the short form of `haresources`
//! (spec: haresources 2, ha-cf 6).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Longest label the kernel takes, in bytes.
pub const LABEL_BYTES: usize = 15;

/// An address to hold, as configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressSpec {
    /// The address.
    pub ip: IpAddr,
    /// Length of its network's prefix in bits; `None` takes it from the connected route.
    pub prefix: Option<u8>,
    /// Interface; `None` takes it from the connected route.
    pub nic: Option<String>,
    /// What follows the colon in the address's label (IPv4).
    pub label: Option<String>,
    /// Broadcast address (IPv4); `None` computes it from the prefix.
    pub broadcast: Option<Ipv4Addr>,
    /// Seconds for which new connections may use it as their source (IPv6); `None` is for ever.
    pub preferred_secs: Option<u32>,
    /// Do not add the route to the address's network.
    pub no_prefix_route: bool,
    /// Metric of that route.
    pub metric: Option<u32>,
    /// Look for a foreign holder before the start, which then takes [`crate::PROBE_WINDOW`]. Without it the
    /// address is taken at once and a foreign holder is reported afterwards.
    pub probe: bool,
}

/// A parameter that cannot be used. The text names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpecError(pub String);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

fn bad(what: &str, text: &str) -> SpecError {
    SpecError(format!("{what} `{text}`"))
}

impl AddressSpec {
    /// Just this address; everything else from the routing table.
    pub fn new(ip: IpAddr) -> AddressSpec {
        AddressSpec {
            ip,
            prefix: None,
            nic: None,
            label: None,
            broadcast: None,
            preferred_secs: None,
            no_prefix_route: false,
            metric: None,
            probe: false,
        }
    }

    /// Reads a resource's positional arguments and named parameters (those of `IPaddr2`: `ip`, `cidr_netmask`,
    /// `nic`, `broadcast`, `iflabel`, `preferred_lft`, `noprefixroute`, `metric`; ours: `probe`). The names of
    /// parameters that mean nothing here come back with the result.
    ///
    /// # Errors
    /// A missing address, or a value that cannot be read.
    pub fn parse<'a>(
        args: &[String],
        params: &'a [(String, String)],
    ) -> Result<(AddressSpec, Vec<&'a str>), SpecError> {
        let short = args.first().map(|text| AddressSpec::parse_short(text)).transpose()?;
        let param = |name: &str| params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let mut spec = match (short, param("ip")) {
            (Some(spec), None) => spec,
            (_, Some(ip)) => AddressSpec::new(ip.trim().parse().map_err(|_| bad("not an address:", ip))?),
            (None, None) => return Err(SpecError("no address is given (parameter `ip`)".into())),
        };
        let mut ignored = Vec::new();
        for (name, value) in params {
            if !spec.set(name, value.trim())? {
                ignored.push(name.as_str());
            }
        }
        spec.check()?;
        Ok((spec, ignored))
    }

    /// Reads `ip[/mask[/nic[:label]][/broadcast]]`. IPv6 addresses take the same form.
    ///
    /// # Errors
    /// A part that cannot be read.
    pub fn parse_short(text: &str) -> Result<AddressSpec, SpecError> {
        let mut parts = text.split('/');
        let ip = parts.next().unwrap_or_default();
        let mut spec = AddressSpec::new(ip.parse().map_err(|_| bad("not an address:", ip))?);
        if let Some(mask) = parts.next().filter(|mask| !mask.is_empty()) {
            spec.prefix = Some(prefix(mask, spec.ip)?);
        }
        for part in parts.filter(|part| !part.is_empty()) {
            // As with the stock wrapper, what begins with a digit is a broadcast address.
            if part.starts_with(|c: char| c.is_ascii_digit()) {
                spec.set("broadcast", part)?;
            } else {
                spec.set("nic", part)?;
            }
        }
        spec.check()?;
        Ok(spec)
    }

    /// Takes one parameter; `false` when it means nothing to us.
    fn set(&mut self, name: &str, value: &str) -> Result<bool, SpecError> {
        if value.is_empty() {
            return Ok(true);
        }
        match name {
            "ip" => {}
            "cidr_netmask" => self.prefix = Some(prefix(value, self.ip)?),
            "nic" => {
                let (nic, label) = value.split_once(':').unwrap_or((value, ""));
                self.nic = Some(nic.to_owned());
                if !label.is_empty() {
                    self.label = Some(label.to_owned());
                }
            }
            "iflabel" => self.label = Some(value.to_owned()),
            "broadcast" => {
                let address = value.parse().map_err(|_| bad("not a broadcast address:", value))?;
                self.broadcast = Some(address);
            }
            "preferred_lft" if value == "forever" => {}
            "preferred_lft" => {
                let secs = value.parse().map_err(|_| bad("not a number of seconds: preferred_lft", value))?;
                self.preferred_secs = Some(secs);
            }
            "metric" => self.metric = Some(value.parse().map_err(|_| bad("not a metric:", value))?),
            "noprefixroute" => self.no_prefix_route = truth(value),
            "probe" => self.probe = truth(value),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn check(&self) -> Result<(), SpecError> {
        if self.ip.is_unspecified() || self.ip.is_multicast() {
            return Err(SpecError(format!("{} cannot be held by a node", self.ip)));
        }
        let link_local = matches!(self.ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        if link_local && self.nic.is_none() {
            return Err(SpecError(format!(
                "{} is link-local: it needs an interface (parameter `nic`)",
                self.ip
            )));
        }
        if let (Some(nic), Some(label)) = (&self.nic, &self.label)
            && nic.len() + 1 + label.len() > LABEL_BYTES
        {
            return Err(SpecError(format!("label `{nic}:{label}` is longer than {LABEL_BYTES} bytes")));
        }
        Ok(())
    }
}

/// Bits in an address of this family.
pub(crate) const fn bits(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// A prefix length, or a dotted mask of IPv4.
fn prefix(text: &str, ip: IpAddr) -> Result<u8, SpecError> {
    if let Ok(length) = text.parse::<u8>()
        && length <= bits(ip)
    {
        return Ok(length);
    }
    let mask = text.parse::<Ipv4Addr>().ok().filter(|_| ip.is_ipv4()).map(u32::from);
    match mask {
        Some(mask) if mask.leading_ones() + mask.trailing_zeros() == 32 => {
            Ok(u8::try_from(mask.leading_ones()).unwrap_or(32))
        }
        _ => Err(bad("not a netmask:", text)),
    }
}

fn truth(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "y" | "on" | "ja")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> AddressSpec {
        AddressSpec::parse_short(text).unwrap()
    }

    fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_short_form_has_all_its_shapes() {
        assert_eq!(short("10.0.0.5"), AddressSpec::new("10.0.0.5".parse().unwrap()));
        let full = short("10.0.0.5/24/eth0:7/10.0.0.255");
        assert_eq!(full.prefix, Some(24));
        assert_eq!(full.nic.as_deref(), Some("eth0"));
        assert_eq!(full.label.as_deref(), Some("7"));
        assert_eq!(full.broadcast, Some(Ipv4Addr::new(10, 0, 0, 255)));
        let without_nic = short("10.0.0.5/255.255.255.0/10.0.0.63");
        assert_eq!((without_nic.prefix, without_nic.nic), (Some(24), None));
        assert_eq!(without_nic.broadcast, Some(Ipv4Addr::new(10, 0, 0, 63)));
        let six = short("fd00::5/64/eth1");
        assert_eq!((six.prefix, six.nic.as_deref()), (Some(64), Some("eth1")));
    }

    #[test]
    fn stock_parameters_are_understood_and_strangers_named() {
        let given = params(&[
            ("ip", "10.0.0.5"),
            ("cidr_netmask", "255.255.254.0"),
            ("nic", "eth0"),
            ("iflabel", "web"),
            ("noprefixroute", "true"),
            ("metric", "7"),
            ("preferred_lft", "forever"),
            ("lvs_support", "false"),
        ]);
        let (spec, ignored) = AddressSpec::parse(&[], &given).unwrap();
        assert_eq!((spec.prefix, spec.label.as_deref(), spec.metric), (Some(23), Some("web"), Some(7)));
        assert!(spec.no_prefix_route && !spec.probe);
        assert_eq!(ignored, ["lvs_support"]);
    }

    #[test]
    fn parameters_add_to_the_short_form() {
        let given = params(&[("iflabel", "x"), ("probe", "yes")]);
        let (spec, _) = AddressSpec::parse(&["10.0.0.5/24/eth0".into()], &given).unwrap();
        assert_eq!((spec.label.as_deref(), spec.prefix, spec.probe), (Some("x"), Some(24), true));
    }

    #[test]
    fn what_cannot_be_held_is_refused_in_words() {
        let refused = |text: &str| AddressSpec::parse_short(text).unwrap_err().0;
        assert!(refused("10.0.0").contains("not an address"));
        assert!(refused("10.0.0.5/33").contains("not a netmask"));
        assert!(refused("10.0.0.5/255.0.255.0").contains("not a netmask"));
        assert!(refused("224.0.0.1/24").contains("cannot be held"));
        assert!(refused("fe80::5/64").contains("needs an interface"));
        assert!(refused("10.0.0.5/24/interface0:longlabel").contains("longer than"));
        assert!(AddressSpec::parse(&[], &[]).unwrap_err().0.contains("no address"));
    }
}
