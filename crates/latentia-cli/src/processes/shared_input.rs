//! Standard input that several processes read.

use std::io::{self, Read};
use std::sync::Arc;

use latentia_nn::Collective;

/// Standard input of the first process, which launchers give to it alone, as all processes read it: to its end, and the same number of
/// bytes at most at a time.
#[derive(Clone, Debug)]
pub struct SharedInput(pub Arc<dyn Collective>);

impl Read for SharedInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = [0; 8];
        if self.0.rank() == 0 {
            count = (io::stdin().read(buffer)? as u64).to_ne_bytes();
        }
        self.0.broadcast(0, &mut count);
        let count = u64::from_ne_bytes(count) as usize;
        self.0.broadcast(0, &mut buffer[..count]);
        Ok(count)
    }
}
