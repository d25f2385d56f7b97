//! Labels beside codes.

use latentia_nn::layers::Condition;
use latentia_nn::penalties::Perturb;
use latentia_nn::{Chain, Layer, Mode, Position, Tape};
use latentia_tensor::{Matrix, MatrixMut, Rows};

#[test]
fn a_condition_is_appended_to_every_row_of_its_example() {
    struct Classes(Matrix);
    impl Rows for Classes {
        fn rows(&self) -> usize {
            self.0.rows()
        }
        fn cols(&self) -> usize {
            self.0.cols()
        }
        fn label(&self, index: u32) -> Option<u32> {
            Some(index % 3)
        }
        fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> std::io::Result<()> {
            self.0.read(indices, out)
        }
    }
    let layers: Vec<Box<dyn Layer>> =
        vec![Box::new(Perturb::new(1)), Box::new(Condition::new(1, 3))];
    let chain = Chain::new(layers, 1).expect("layers that fit");
    let x = Classes(Matrix::from_vec(3, 1, vec![5.0, 6.0, 7.0]));
    let mut tape = Tape::forward_only(&chain, 0..2, Mode::Train, 3);
    tape.read(&x, &[2, 0]).expect("in memory");
    tape.forward(&chain, Position::default());
    let rows: Vec<&[f32]> = tape.output().iter_rows().collect();
    assert_eq!(rows.len(), 4);
    for (row, class) in rows.iter().zip([2, 2, 0, 0]) {
        let one: Vec<f32> = (0..3).map(|c| f32::from(c == class)).collect();
        assert_eq!(row[1..], one);
    }
}
