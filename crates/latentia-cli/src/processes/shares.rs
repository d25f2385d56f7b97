//! Each process's share of a command's examples.

use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use anyhow::Context;
use bytemuck::{Pod, Zeroable};
use latentia_data::Dataset;
use latentia_nn::Collective;
use latentia_tensor::Subset;
use sha2::{Digest, Sha256};

use super::agreement::agree_on;
use crate::terminal::tell;

/// Bytes that are handed over at once.
const MESSAGE: usize = 1 << 20;

/// The processes that share a command's examples: each has consecutive ones, in the order of the ranks. The first one reads the other
/// processes' results behind its own, so that they come in the order of the data.
#[derive(Clone, Debug)]
pub struct Shares {
    collective: Arc<dyn Collective>,
}

impl Shares {
    /// The shares of the processes of `collective`.
    pub fn new(collective: Arc<dyn Collective>) -> Self {
        Self { collective }
    }

    /// What the processes do together.
    pub fn collective(&self) -> &Arc<dyn Collective> {
        &self.collective
    }

    /// Whether this process writes and speaks.
    pub fn is_first(&self) -> bool {
        self.collective.rank() == 0
    }

    /// Whether this process does what processes do not share. Where there are others, the first one says that it does all of it.
    pub fn is_first_of_unshared(&self) -> bool {
        if self.is_first() && !self.is_alone() {
            tell("the first process does all of it: it is not shared among processes");
        }
        self.is_first()
    }

    /// Whether there is no other process.
    pub fn is_alone(&self) -> bool {
        self.collective.ranks() == 1
    }

    /// Refuses processes that differ in what they were asked for, in the model's file or in the examples.
    ///
    /// # Errors
    /// In each process that differs from the first, in what; when the file or the examples cannot be read.
    pub fn agree(
        &self,
        arguments: &dyn Debug,
        model: &Path,
        examples: &Dataset,
    ) -> anyhow::Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        let file = fs::read(model).with_context(|| format!("cannot read `{}`", model.display()))?;
        let facts = [
            ("command line", format!("{arguments:?}")),
            ("model", hex::encode(Sha256::digest(file))),
            ("data", examples.fingerprint()?),
        ];
        agree_on(&facts, &*self.collective)
    }

    /// This process's part of `all`, of which `unit` at a time are not cut.
    pub fn own(&self, all: usize, unit: usize) -> Range<usize> {
        let (rank, ranks) = (self.collective.rank(), self.collective.ranks());
        let units = all.div_ceil(unit.max(1));
        let end = |rank: usize| (units * rank / ranks * unit).min(all);
        end(rank)..end(rank + 1)
    }

    /// The examples of this process, of which `unit` at a time are not cut.
    pub fn own_rows<'a>(&self, examples: &'a Dataset, all: usize, unit: usize) -> Subset<'a> {
        let Range { start, end } = self.own(all, unit);
        Subset::new(examples, (start as u32..end as u32).collect())
    }

    /// Hands `own` results to the first process, which [receives](Self::receive) them, as many at a time. Of the first process there is
    /// nothing to hand over.
    pub fn send<T: Pod>(&self, own: &[T], unit: usize) {
        if self.is_first() {
            return;
        }
        self.collective.send(0, &(own.len() as u64).to_ne_bytes());
        for elements in own.chunks(at_once::<T>(unit)) {
            for part in bytemuck::cast_slice(elements).chunks(MESSAGE) {
                self.collective.send(0, part);
            }
        }
    }

    /// In the first process: hands what the others [sent](Self::send) to `see`, in the order of the ranks, a whole number of `unit`
    /// elements at a time.
    ///
    /// # Errors
    /// When `see` fails.
    pub fn receive<T: Pod + Zeroable>(
        &self,
        unit: usize,
        mut see: impl FnMut(&[T]) -> io::Result<()>,
    ) -> io::Result<()> {
        for rank in 1..self.collective.ranks() {
            let mut left = [0; 8];
            self.collective.receive(rank, &mut left);
            let mut left = u64::from_ne_bytes(left) as usize;
            while left > 0 {
                let mut elements = vec![T::zeroed(); left.min(at_once::<T>(unit))];
                for part in bytemuck::cast_slice_mut(&mut elements).chunks_mut(MESSAGE) {
                    self.collective.receive(rank, part);
                }
                left -= elements.len();
                see(&elements)?;
            }
        }
        Ok(())
    }

    /// `own` results and those of the other processes behind them, in the first process; none in the others.
    pub fn gather<T: Pod + Zeroable>(&self, own: Vec<T>) -> Option<Vec<T>> {
        if !self.is_first() {
            self.send(&own, 1);
            return None;
        }
        let mut all = own;
        let gathered = self.receive(1, |others| {
            all.extend_from_slice(others);
            Ok(())
        });
        gathered.is_ok().then_some(all)
    }
}

/// Elements that are handed over at once: whole numbers of `unit`.
fn at_once<T>(unit: usize) -> usize {
    (MESSAGE / size_of::<T>()).next_multiple_of(unit.max(1))
}
