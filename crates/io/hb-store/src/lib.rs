//! Durable files: generation, uuid, host cache.
