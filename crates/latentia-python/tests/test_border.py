"""What comes over the border between Python and Rust: nothing there panics or crashes."""

import io
import multiprocessing
import threading

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import latentia


def test_every_type_of_number_is_taken(digits, pictures):
    floats = digits.encode(pictures.astype(np.float32))
    for kind in ("float64", "float16", "int8", "int16", "uint16", "int32", "uint64", "bool", ">f4", ">i8", "longdouble"):
        x = pictures.astype(kind)
        np.testing.assert_array_equal(digits.encode(x), digits.encode(x.astype(np.float32)), err_msg=kind)
    np.testing.assert_array_equal(digits.encode(pictures.astype(object)), floats)
    np.testing.assert_array_equal(digits.encode(pictures.astype(float).tolist()), floats)


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda x: x[::-1],
        lambda x: np.repeat(x, 3, axis=2)[:, :, ::3],
        lambda x: np.frombuffer(b"\0" + x.tobytes(), dtype=np.uint8)[1:].view(np.float32).reshape(x.shape),
        lambda x: x.view(type("Own", (np.ndarray,), {})),
        lambda x: np.broadcast_to(x[:1], x.shape),
    ],
    ids=["fortran", "reversed", "strided", "unaligned", "subclass", "broadcast"],
)
def test_every_layout_gives_the_bits_of_a_copy_in_order(digits, pictures, layout):
    x = layout(np.ascontiguousarray(pictures, dtype=np.float32) / 255)
    np.testing.assert_array_equal(digits.encode(x), digits.encode(np.array(x, order="C", subok=False)))


def test_arrays_that_may_not_be_written_to_are_read(digits, pictures):
    x = pictures.astype(np.float32)
    x /= 255
    x.flags.writeable = False
    np.testing.assert_array_equal(digits.encode(x), digits.encode(x.copy()))
    learned = [latentia.train(own, preset="conv", epochs=1) for own in (x, x.copy())]
    assert learned[0].to_bytes() == learned[1].to_bytes()


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.zeros((3, 8, 7), np.float32), latentia.Error, "examples of shape 8x7, the model takes 8x8"),
        (np.zeros((3, 63), np.float32), latentia.Error, "the model takes 8x8"),
        (np.zeros(64, np.float32), latentia.Error, "1 dimensions; it must have 2 or more"),
        (np.float32(3), latentia.Error, "0 dimensions"),
        (np.zeros((3, 0), np.float32), latentia.Error, "the model takes"),
        (np.full((3, 64), np.nan, np.float32), latentia.Error, "row 0, column 0 is NaN, which is not finite"),
        (np.full((3, 64), -np.inf), latentia.Error, "not finite"),
        (np.full((3, 64), 1e300), latentia.Error, "inf, which is not finite"),
        (np.zeros((3, 64), complex), TypeError, "complex data is not supported"),
        (np.array([["a"] * 64]), TypeError, "examples are numbers, not <U1"),
        (np.array([[None] * 64]), latentia.Error, "NaN"),
        (np.array([[{}] * 64]), TypeError, "objects that are none"),
        (np.zeros((3, 64), "datetime64[s]"), TypeError, "examples are numbers"),
        (np.zeros(3, dtype=[("a", "f4"), ("b", "f4")]), TypeError, "examples are numbers"),
        ("abc", TypeError, "examples are numbers"),
        (None, latentia.Error, "0 dimensions"),
        ([[1, 2], [3]], ValueError, "inhomogeneous"),
    ],
)
@pytest.mark.parametrize("what", ["encode", "reconstruct", "score", "evaluate", "compress"])
def test_what_does_not_fit_is_refused_in_words(digits, what, x, error, words):
    with pytest.raises(error, match=words):
        getattr(digits, what)(x)


def test_errors_are_value_errors_and_those_of_files_the_systems(tmp_path):
    assert issubclass(latentia.Error, ValueError)
    with pytest.raises(FileNotFoundError, match="cannot read `.*nothing.safetensors`"):
        latentia.load(tmp_path / "nothing.safetensors")
    (tmp_path / "text.safetensors").write_text("no model")
    with pytest.raises(latentia.Error, match="is no model file, or is cut short"):
        latentia.load(tmp_path / "text.safetensors")
    with pytest.raises(OSError):
        latentia.load(tmp_path)


def test_a_damaged_file_is_refused(digits):
    data = bytearray(digits.to_bytes())
    data[-1] ^= 1
    with pytest.raises(latentia.Error, match="SHA-256"):
        latentia.Model.from_bytes(bytes(data))
    for end in (0, 1, 7, 8, 100, len(data) - 1):
        with pytest.raises(latentia.Error):
            latentia.Model.from_bytes(bytes(data[:end]))


def test_damaged_codes_and_archives_are_refused(digits, pictures):
    with pytest.raises(latentia.Error, match="codes are of 3 values, the model's of 32"):
        digits.decode(np.zeros((2, 3)))
    with pytest.raises(latentia.Error, match="code in row 1, column 0 is inf"):
        codes = np.zeros((2, 32))
        codes[1, 0] = np.inf
        digits.decode(codes)
    packed = digits.compress(pictures)
    for wrong in (b"", packed[:20], packed[:-1], b"x" * 100, packed[:50] + b"\0" * 9 + packed[59:]):
        with pytest.raises(latentia.Error):
            digits.decompress(wrong)
    with pytest.raises(latentia.Error, match="`quality` is 0"):
        digits.compress(pictures, quality=0)
    with pytest.raises((OverflowError, TypeError)):
        digits.compress(pictures, quality=1000)
    with pytest.raises(latentia.Error, match="without loss"):
        digits.compress(pictures.astype(np.float32), lossless=True)


def test_no_examples_give_none_and_cannot_be_learned_from(digits):
    empty = np.zeros((0, 8, 8), np.float32)
    assert digits.encode(empty).shape == (0, 32)
    assert digits.reconstruct(empty).shape == (0, 8, 8)
    assert digits.decode(np.zeros((0, 32))).shape == (0, 8, 8)
    assert digits.score(empty).shape == (0,)
    with pytest.raises(latentia.Error, match="there are no examples to"):
        digits.evaluate(empty)
    for shape in [(0, 5), (5, 0), (0, 0)]:
        with pytest.raises(latentia.Error):
            latentia.train(np.zeros(shape, np.float32))
    with pytest.raises(latentia.Error, match="nothing to learn from one example"):
        latentia.train(np.zeros((1, 5), np.float32))


def test_huge_strides_are_read_where_they_lie_and_huge_shapes_are_refused(digits):
    base = np.zeros(64 << 20, np.float32)
    x = as_strided(base, shape=(2, 64), strides=(base.nbytes // 2, base.nbytes // 256))
    assert digits.encode(x).shape == (2, 32)
    same = as_strided(base, shape=(5, 64), strides=(0, 4))
    assert digits.encode(same).shape == (5, 32)
    endless = np.broadcast_to(np.float32(0), (1 << 40, 64))
    with pytest.raises((MemoryError, ValueError)):
        digits.encode(endless)


def test_a_run_refuses_what_the_program_refuses(rows):
    for kw, words in [
        ({"epochs": 0}, "`epochs` is 0; it must be 1 to 500000"),
        ({"batch_size": 0}, "`batch-size` is 0"),
        ({"learning_rate": -1.0}, "`learning-rate` is -1"),
        ({"validation": 1.5}, "`validation` is 1.5"),
        ({"latent": 0}, "`latent` is 0; it must be at least 1"),
        ({"members": 0}, "`members` is 0; it must be from 1 to 64"),
        ({"preset": "digts"}, "no preset is called `digts`; did you mean `digits`?"),
        ({"preset": "conv"}, "encoder"),
        ({"spec": {"likelihood": "mse"}}, "missing field `encoder`"),
        ({"spec": {"likelihood": "mse", "encoder": [{"layer": "dens"}], "decoder": []}}, "unknown variant `dens`"),
        ({"training": {"epoch": 3}}, "unknown field `epoch`"),
        ({"axes": "hwn"}, "`axes` is `hwn`; it must be one of `nhw`"),
        ({"axes": "nhw"}, "has 1 dimensions; `nhw` has 2, height x width"),
        ({"preset": "mnist"}, r"needs values in \[0, 1\]"),
        ({"validation": np.zeros((3, 4))}, "4 values an example, the model takes 5"),
        ({"seed": -1}, "seed is -1"),
        ({"keep": ("all",)}, "keep has"),
        ({"preset": "table", "spec": {}}, "preset and spec are both given"),
    ]:
        with pytest.raises(ValueError, match=words):
            latentia.train(rows, **kw)
    for kw in [{"seed": 1.5}, {"epochs": "many"}, {"preset": 3}, {"callback": 3, "epochs": 1}]:
        with pytest.raises((TypeError, ValueError)):
            latentia.train(rows, **kw)


def test_an_array_cannot_be_taken_away_or_resized_while_it_is_learned_from(rows):
    x = rows.copy()
    tried = []

    def take_away(_epoch):
        try:
            x.resize((1, 5), refcheck=False)
        except ValueError as error:
            tried.append(str(error))

    model = latentia.train(x, preset="table", epochs=2, callback=take_away)
    assert len(tried) == 2 and x.shape == (400, 5)
    again = latentia.train(rows, preset="table", epochs=2)
    np.testing.assert_array_equal(model.encode(rows), again.encode(rows))


def test_an_array_that_nobody_else_holds_is_learned_from(rows):
    model = latentia.train(rows.copy(), preset="table", epochs=2, callback=lambda _: np.zeros((1000, 1000)))
    np.testing.assert_array_equal(model.encode(rows), latentia.train(rows, preset="table", epochs=2).encode(rows))


def test_two_threads_train_two_models_at_once_to_the_bits_of_one_after_another(rows, pictures):
    work = [(rows, "table"), (pictures, "digits"), (rows, "anomaly"), (pictures, "conv")]
    epochs = {"table": 5, "digits": 3, "anomaly": None, "conv": 1}
    alone = [latentia.train(x, preset=name, epochs=epochs[name]).to_bytes() for x, name in work]
    together = [None] * len(work)

    def learn(at):
        x, name = work[at]
        together[at] = latentia.train(x, preset=name, epochs=epochs[name]).to_bytes()

    threads = [threading.Thread(target=learn, args=(at,)) for at in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_threads_share_a_model(digits, pictures):
    expected = digits.encode(pictures)
    wrong = []

    def use():
        for _ in range(20):
            if not np.array_equal(digits.encode(pictures), expected):
                wrong.append(1)
            digits.score(pictures[:50])

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _in_a_fork(sender, model, x):
    codes = model.encode(x)
    sender.send((codes, latentia.train(x, preset="table", epochs=3).encode(x)))


def test_a_process_that_is_forked_works_on(table, rows):
    expected = table.encode(rows), latentia.train(rows, preset="table", epochs=3).encode(rows)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe()
    child = context.Process(target=_in_a_fork, args=(sender, table, rows))
    child.start()
    assert receiver.poll(60), "the child waits for threads that it does not have"
    for own, other in zip(expected, receiver.recv(), strict=True):
        np.testing.assert_array_equal(own, other)
    child.join(60)
    assert child.exitcode == 0


def test_a_process_that_is_forked_while_others_train_works_on(table, rows):
    context = multiprocessing.get_context("fork")
    codes = []

    def fork(epoch):
        if epoch.epoch == 1:
            receiver, sender = context.Pipe()
            child = context.Process(target=_in_a_fork, args=(sender, table, rows))
            child.start()
            assert receiver.poll(60)
            codes.append(receiver.recv()[0])
            child.join(60)

    latentia.train(rows, preset="table", epochs=3, callback=fork)
    np.testing.assert_array_equal(codes[0], table.encode(rows))


def test_results_do_not_depend_on_the_number_of_threads(rows, pictures):
    before = latentia.get_num_threads()
    try:
        made = []
        for threads in (1, 2, 5):
            latentia.set_num_threads(threads)
            assert latentia.get_num_threads() == threads
            model = latentia.train(pictures, preset="digits", epochs=2)
            made.append(model.to_bytes() + model.encode(pictures).tobytes())
        assert made[0] == made[1] == made[2]
    finally:
        latentia.set_num_threads(0)
    assert latentia.get_num_threads() == before


def test_the_extension_itself_refuses_what_the_package_never_hands_it(digits):
    core = digits._core
    with pytest.raises(TypeError, match="no NumPy array"):
        core.encode([[0.0] * 64])
    with pytest.raises(TypeError, match="float64"):
        core.encode(np.zeros((2, 64)))
    with pytest.raises(latentia.Error, match="not in C order"):
        core.encode(np.zeros((64, 64), np.float32).T[:, ::1])
    with pytest.raises(latentia.Error, match="not aligned"):
        core.encode(np.frombuffer(bytes(1 + 4 * 64), np.uint8)[1:].view(np.float32).reshape(1, 64))
    with pytest.raises((TypeError, ValueError)):
        latentia.Model(3)
    with pytest.raises(TypeError):
        type(core)()


def test_pickle_of_a_file_like_object_is_the_files_bytes(digits):
    stream = io.BytesIO(digits.to_bytes())
    assert latentia.Model.from_bytes(stream.getvalue()).digest == digits.digest
