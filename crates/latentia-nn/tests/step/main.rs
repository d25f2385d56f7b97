//! The promises of the training step: true gradients, the same bits for any number of threads, and nothing half done.

mod adversary;
mod failures;
mod gradients;
mod noise;
mod parts;
mod pseudo_inputs;
mod refusals;
mod rounds;
mod threads;
