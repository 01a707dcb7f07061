//! Rendering notices to text and JSON; log sinks.
