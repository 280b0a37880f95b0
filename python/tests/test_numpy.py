"""`tersor.numpy` behaves as `safetensors.numpy`."""

import numpy as np
import pytest

import tersor
import tersor.numpy as tn

sn = pytest.importorskip("safetensors.numpy")


def same(a, b):
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype and a[name].shape == b[name].shape, name
        assert a[name].tobytes() == b[name].tobytes(), name


def test_results_are_those_of_safetensors(arrays, tmp_path, container):
    plain = tmp_path / "plain.safetensors"
    sn.save_file(arrays, plain)
    same(tn.load_file(container), sn.load_file(plain))
    same(tn.load(tn.save(arrays)), sn.load_file(plain))
    same(tn.load_file(container, backend="pread", threads=1), sn.load_file(plain))


def test_plain_files_open_too(arrays, tmp_path):
    plain = tmp_path / "plain.safetensors"
    sn.save_file(arrays, plain)
    same(tn.load_file(plain), sn.load_file(plain))
    same(tn.load(plain.read_bytes()), sn.load_file(plain))


def test_a_saved_file_decodes_to_the_file_of_safetensors(arrays, tmp_path, container):
    plain = tmp_path / "plain.safetensors"
    sn.save_file(arrays, plain, metadata={"format": "np"})
    assert tersor.decode_file(container, tmp_path / "decoded.safetensors") == ["model.safetensors"]
    assert (tmp_path / "decoded.safetensors").read_bytes() == plain.read_bytes()


def test_arrays_are_writable(container):
    loaded = tn.load_file(container)
    loaded["weight"][0] = 1
    assert (loaded["weight"][0] == 1).all()


def test_not_contiguous_and_big_endian_arrays():
    array = np.arange(24, dtype=np.int32).reshape(4, 6)
    found = tn.load(tn.save({"t": array.T, "step": array[::2, ::3], "big": array.astype(">i4")}))
    assert (found["t"] == array.T).all()
    assert (found["step"] == array[::2, ::3]).all()
    assert (found["big"] == array).all()


@pytest.mark.parametrize(
    "name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz"]
)
def test_dtypes_of_ml_dtypes(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.arange(200, dtype=np.uint8).view(getattr(ml_dtypes, name))
    same(tn.load(tn.save({"x": array})), {"x": array})


def test_unknown_dtypes_are_errors():
    for array in (np.array(["text"]), np.zeros(2, np.complex128)):
        with pytest.raises(tersor.TersorError) as caught:
            tn.save({"x": array})
        assert caught.value.kind == "unsupported"
    with pytest.raises(TypeError):
        tn.save({"x": np.zeros(2)}, metadata={"a": 1})


def test_options(arrays):
    sizes = [len(tn.save(arrays, level=level, threads=1)) for level in (1, 9)]
    assert sizes[1] <= sizes[0]
    same(tn.load(tn.save(arrays, profile="gpu")), tn.load(tn.save(arrays)))
    assert tn.save(arrays, threads=1) == tn.save(arrays, threads=2)
    for wrong in ({"level": 0}, {"level": 10}, {"profile": "other"}):
        with pytest.raises(tersor.TersorError):
            tn.save(arrays, **wrong)


def test_progress(arrays):
    calls = []
    tn.save(arrays, progress=calls.append)
    assert sum(calls) == sum(array.nbytes for array in arrays.values())

    def stop(_):
        raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"):
        tn.save(arrays, progress=stop)


def test_an_interrupted_output_leaves_no_file(arrays, tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tn.save_file(arrays, tmp_path / "x.tersor", progress=stop)
    assert list(tmp_path.iterdir()) == []
