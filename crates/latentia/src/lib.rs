//! Latentia
