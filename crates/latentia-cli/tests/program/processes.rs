//! Processes that a launcher has started together.
#![cfg(not(feature = "mpi"))]

use crate::harness::{LATENTIA, Ran, TestDir};

#[test]
fn a_program_without_mpi_does_not_do_all_of_the_work_in_each_of_several_processes() {
    for variable in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] {
        let dir = TestDir::new();
        let train = |processes| {
            let mut command = dir.command(LATENTIA);
            command.args(["train", "--epochs", "1", "--out", "run"]);
            command.env(variable, processes);
            Ran::of(command)
        };
        let words = [
            "a launcher has started 4 processes",
            "built without MPI",
            "feature `mpi`",
        ];
        train("4").fails(1, &words);
        assert!(!dir.path("run").exists(), "nothing is written");
        train("1").done();
    }
}
