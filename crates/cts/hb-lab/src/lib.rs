//! Real processes in network namespaces: power switch, probe client, scenarios, audits.
