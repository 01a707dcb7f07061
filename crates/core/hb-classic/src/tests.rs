//! Conversations between machines.
