//! Event loop, timers, signals, child supervision, realtime, privileges.
