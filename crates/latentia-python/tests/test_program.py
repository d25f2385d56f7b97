"""What Python does is what the program does, to the bit."""

import hashlib
import subprocess

import numpy as np
import pytest

import latentia


def trained(program, folder, x, arguments):
    """The bytes of the model that the program makes of `x`, and the path that it was given."""
    path = folder / "x.npy"
    np.save(path, x)
    command = [program, "train", "--data", str(path), "--out", str(folder / "run"), *arguments]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "run" / "model.safetensors").read_bytes(), str(path)


@pytest.mark.parametrize(
    ("data", "preset", "seed"),
    [
        ("pictures", "digits", 42),
        ("pictures", "conv", 7),
        ("pictures", None, 42),
        ("rows", "table", 3),
        ("rows", "anomaly", 42),
        ("rows", None, 42),
    ],
)
def test_the_same_data_preset_and_seed_give_the_same_model_file(program, tmp_path, request, data, preset, seed):
    x = request.getfixturevalue(data)
    short = [] if preset == "anomaly" else ["--epochs", "3"]
    named = [] if preset is None else ["--preset", preset]
    theirs, path = trained(program, tmp_path, x, [*named, "--seed", str(seed), *short])
    model = latentia.train(x, preset=preset, epochs=3 if short else None, seed=seed, data=path)
    ours = tmp_path / "ours.safetensors"
    model.save(ours)
    assert hashlib.sha256(ours.read_bytes()).hexdigest() == hashlib.sha256(theirs).hexdigest()


@pytest.mark.parametrize("kind", ["float64", "int64", ">f4", "float16", "fortran", "strided"])
def test_other_types_and_layouts_are_read_as_the_program_reads_them(program, tmp_path, rows, kind):
    if kind == "fortran":
        x = np.asfortranarray(rows)
    elif kind == "strided":
        x = np.repeat(rows, 2, axis=1)[::2, ::2]
    else:
        x = (1000 * rows).astype(kind)
    theirs, path = trained(program, tmp_path, x, ["--epochs", "2"])
    assert latentia.train(x, epochs=2, data=path).to_bytes() == theirs


def test_a_file_of_either_is_read_by_the_other(program, tmp_path, digits, pictures):
    path, x = tmp_path / "model.safetensors", tmp_path / "x.npy"
    digits.save(path)
    np.save(x, pictures)
    codes = tmp_path / "codes.npy"
    subprocess.run([program, "encode", str(path), str(x), "-o", str(codes)], check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(codes), digits.encode(pictures))

    theirs, _ = trained(program, tmp_path, pictures, ["--epochs", "1", "--force"])
    assert latentia.Model.from_bytes(theirs).encode(pictures).shape == (400, 32)


def test_what_is_compressed_by_either_is_decompressed_by_the_other(program, tmp_path, digits, pictures):
    path, x, packed = tmp_path / "model.safetensors", tmp_path / "x.npy", tmp_path / "x.ltc"
    digits.save(path)
    np.save(x, pictures)
    packed.write_bytes(digits.compress(pictures, lossless=True))
    again = tmp_path / "again.npy"
    command = [program, "decompress", str(packed), "--model", str(path), "-o", str(again)]
    subprocess.run(command, check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(again), pictures)


@pytest.mark.parametrize("part", ["reconstruct", "encode", "decode", "score"])
def test_what_is_exported_is_what_the_program_exports(program, tmp_path, table, part):
    path, exported = tmp_path / "model.safetensors", tmp_path / "model.onnx"
    table.save(path)
    command = [program, "export", str(path), "--part", part, "-o", str(exported)]
    subprocess.run(command, check=True, capture_output=True)
    assert table.to_onnx(part) == exported.read_bytes()
    with pytest.raises(latentia.Error, match="`part` is `all`; it must be one of `reconstruct`"):
        table.to_onnx("all")
