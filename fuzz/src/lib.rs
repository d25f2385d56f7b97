//! What the targets share: input as a file, and digests that fit.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use safetensors::{SafeTensors, serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// A file of this content, in memory where the system has a folder there.
pub fn file(name: &str, content: &[u8]) -> PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() {
            memory
        } else {
            env::temp_dir()
        };
        let target = env::current_exe().expect("it has a name");
        let target = target.file_name().expect("it has a name");
        parent.join("latentia-fuzz").join(target)
    });
    let path = FOLDER.join(name);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
    fs::write(&path, content).expect("a file");
    path
}

/// A safetensors file whose content under `key` has the digest that it says, which no fuzzer would find; or the bytes as
/// they are.
pub fn with_digest(bytes: &[u8], key: &str) -> Vec<u8> {
    repaired(bytes, key).unwrap_or_else(|| bytes.to_vec())
}

fn repaired(bytes: &[u8], key: &str) -> Option<Vec<u8>> {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Metadata {
        sha256: String,
        content: Box<RawValue>,
    }
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let metadata = header.metadata().as_ref()?.get(key)?;
    let mut metadata: Metadata = serde_json::from_str(metadata).ok()?;
    let mut named: Vec<_> = tensors.iter().collect();
    named.sort_unstable_by_key(|(name, _)| *name);
    let mut hash = Sha256::new_with_prefix(metadata.content.get());
    for (name, tensor) in &named {
        hash.update(name);
        hash.update(tensor.data());
    }
    metadata.sha256 = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let metadata = serde_json::to_string(&metadata).ok()?;
    serialize(named, Some(HashMap::from([(key.to_string(), metadata)]))).ok()
}
