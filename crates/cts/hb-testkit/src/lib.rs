//! Builders, generators and contract suites for tests.
