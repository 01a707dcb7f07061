//! The built-in address agent: netlink, announcements, verified takeover.
