//! Fencing devices and the configuration lines that name them (spec: ha-cf 3.3, fencing 1, 2).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hb_base::NodeName;
use hb_lrm::{Class, Resource};

/// A line of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// `stonith TYPE FILE`: parameters are in a file.
    Stonith {
        /// The device type, such as `external/switch`.
        kind: String,
        /// The file.
        file: String,
    },
    /// `stonith_host HOST TYPE value…`: a device that `HOST` can use, `*` for every node.
    Host {
        /// Who can use it.
        host: String,
        /// The device type.
        kind: String,
        /// Values in the order of the type's parameter names.
        values: Vec<String>,
    },
}

/// A device's parameters, as the `stonith` program takes them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parameters {
    /// Option `-F`.
    File(String),
    /// Option `-p`: values in the order of the type's parameter names.
    Values(Vec<String>),
}

/// Something that can make sure that a node is down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// The type, as the `stonith` program lists it.
    pub kind: String,
    /// The parameters.
    pub parameters: Parameters,
}

impl Device {
    /// Every line of `lines` that counts on node `own`, in file order.
    pub fn usable_by(own: &NodeName, lines: &[Line]) -> Vec<Device> {
        let ours = |host: &str| host == "*" || NodeName::new(host).as_ref() == Some(own);
        lines
            .iter()
            .filter_map(|line| match line {
                Line::Stonith { kind, file } => {
                    Some(Device { kind: kind.clone(), parameters: Parameters::File(file.clone()) })
                }
                Line::Host { host, kind, values } if ours(host) => {
                    Some(Device { kind: kind.clone(), parameters: Parameters::Values(values.clone()) })
                }
                Line::Host { .. } => None,
            })
            .collect()
    }

    /// The device as something an executor can run. Values without names travel as parameters without names;
    /// a configuration file as the parameter `-F`.
    pub fn resource(&self) -> Resource {
        let params = match &self.parameters {
            Parameters::File(file) => alloc::vec![("-F".to_string(), file.clone())],
            Parameters::Values(values) => values.iter().map(|value| (String::new(), value.clone())).collect(),
        };
        Resource {
            id: format!("stonith:{}", self.kind),
            class: Class::Stonith,
            agent: self.kind.clone(),
            args: Vec::new(),
            params,
        }
    }
}
