//! Local channels between roles, and to clients.
