//! Deterministic simulator: the product's machines and wiring in a virtual world.
