//! Arrays of `ndarray` come in and go out as they are, whatever their layout.

use latentia_tensor::{Matrix, MatrixMut, Rows};
use latentia_testing::numbers;
use ndarray::{Array2, ArrayView2, s};

fn array(rows: usize, cols: usize) -> Array2<f32> {
    Array2::from_shape_vec((rows, cols), numbers(1, rows * cols)).expect("as many elements")
}

/// Reads the last row and the first.
fn ends(examples: &dyn Rows) -> Matrix {
    let mut read = Matrix::from_vec(2, examples.cols(), vec![f32::NAN; 2 * examples.cols()]);
    let last = examples.rows() as u32 - 1;
    examples.read(&[last, 0], read.view_mut()).expect("memory");
    read
}

#[test]
fn rows_of_an_array_are_examples_whatever_its_layout() {
    let array = array(7, 5);
    let check = |examples: ArrayView2<'_, f32>| {
        let last = examples.nrows() - 1;
        let expected = [examples.row(last).to_vec(), examples.row(0).to_vec()].concat();
        assert_eq!((examples.rows(), examples.full_scale()), (last + 1, 1.0));
        assert_eq!(ends(&examples).as_slice(), expected);
        assert_eq!(ends(&examples.to_owned()).as_slice(), expected);
    };
    check(array.view());
    check(array.t());
    check(array.slice(s![1..;2, 2..4]));
    check(array.slice(s![..;-1, ..;-1]));
}

#[test]
fn bytes_are_examples_of_full_scale_255() {
    let bytes = Array2::from_shape_fn((3, 4), |(row, col)| (80 * row + 5 * col) as u8);
    assert_eq!(bytes.view().full_scale(), 255.0);
    let expected = [160.0, 165.0, 170.0, 175.0, 0.0, 5.0, 10.0, 15.0];
    assert_eq!(ends(&bytes).as_slice(), expected);
    assert_eq!(
        ends(&bytes.t()).as_slice(),
        [15.0, 95.0, 175.0, 0.0, 80.0, 160.0]
    );
}

#[test]
fn a_matrix_and_an_array_become_each_other_without_a_copy() {
    let array = array(7, 5);
    let (expected, address) = (array.clone(), array.as_ptr());
    let matrix = Matrix::from(array);
    assert_eq!((matrix.rows(), matrix.cols()), (7, 5));
    let array = Array2::from(matrix);
    assert_eq!((&array, array.as_ptr()), (&expected, address));
}

#[test]
fn an_array_of_another_layout_becomes_a_matrix_of_its_rows() {
    let whole = array(7, 5);
    let check = |array: Array2<f32>| {
        let expected: Vec<f32> = array.iter().copied().collect();
        let (rows, cols) = array.dim();
        assert_eq!(Matrix::from(array), Matrix::from_vec(rows, cols, expected));
    };
    check(whole.t().to_owned());
    check(whole.clone().reversed_axes());
    let sliced = |rows, cols| {
        let mut array = whole.clone();
        array.slice_collapse(s![rows, cols]);
        array
    };
    check(sliced(2..4, 0..5));
    check(sliced(1..7, 2..4));
    check(sliced(3..3, 0..5));
}

#[test]
fn a_view_shows_a_matrix_where_it_lies() {
    let matrix = Matrix::from_vec(4, 5, numbers(1, 20));
    let view = ArrayView2::from(&matrix);
    assert_eq!(
        (view.dim(), view.as_ptr()),
        ((4, 5), matrix.as_slice().as_ptr())
    );
    assert_eq!(view[[2, 3]], matrix.row(2)[3]);
    let columns = ArrayView2::from(matrix.view().columns(1..3));
    assert_eq!(columns, view.slice(s![.., 1..3]));
    for empty in [Matrix::zeros(0, 5), Matrix::zeros(4, 0), Matrix::default()] {
        let dim = (empty.rows(), empty.cols());
        assert_eq!(ArrayView2::from(&empty).dim(), dim);
    }
    assert_eq!(ArrayView2::from(matrix.view().columns(5..5)).dim(), (4, 0));
}

#[test]
fn an_array_is_written_as_a_matrix_where_its_rows_lie_one_after_another() {
    let mut array = array(4, 5);
    let mut rows = MatrixMut::try_from(array.slice_mut(s![1..3, ..])).expect("whole rows");
    rows.row_mut(1).fill(2.0);
    assert_eq!(array.row(2).to_vec(), [2.0; 5]);
    let columns = MatrixMut::try_from(array.slice_mut(s![.., 1..3]));
    assert!(columns.is_err());
}
