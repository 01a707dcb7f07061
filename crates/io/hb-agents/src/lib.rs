//! Running external programs under a contract: OCF, LSB, heartbeat scripts, fence agents.
