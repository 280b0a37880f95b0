"""`tersor.safe_open` behaves as `safetensors.safe_open`."""

import io
import random
import threading

import numpy as np
import pytest

import tersor
import tersor.numpy


def test_names_and_metadata(arrays, container):
    with tersor.safe_open(container, "np") as file:
        assert file.keys() == sorted(arrays)
        assert sorted(file.offset_keys()) == sorted(arrays)
        assert file.metadata() == {"format": "np"}
        assert list(file.get_tensors()) == file.offset_keys()
        part = file.get_slice("weight")
        assert (part.get_shape(), part.get_dtype()) == ([17, 5, 9], "F32")


def test_order_of_safetensors(arrays, container, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    safetensors.save_file(arrays, tmp_path / "plain.safetensors")
    with tersor.safe_open(container, "np") as coded, tersor.safe_open(tmp_path / "plain.safetensors", "np") as plain:
        assert coded.offset_keys() == plain.offset_keys()
        assert coded.keys() == plain.keys()
    with tersor.safe_open(tersor.numpy.save(arrays), "np") as file:
        assert file.metadata() is None


def test_missing_names_and_closed_files(container):
    with tersor.safe_open(container, framework="np") as file:
        for method in (file.get_tensor, file.get_slice):
            with pytest.raises(tersor.TersorError, match="does not contain tensor other"):
                method("other")
    for use in (file.keys, file.metadata, file.get_tensors, lambda: file.get_tensor("weight")):
        with pytest.raises(tersor.TersorError, match="closed"):
            use()


def test_wrong_arguments(container, tmp_path):
    with pytest.raises(FileNotFoundError):
        tersor.safe_open(tmp_path / "none.tersor", "np")
    for arguments, options in ((("xx",), {}), (("np",), {"backend": "other"})):
        with pytest.raises(tersor.TersorError, match="is invalid"):
            tersor.safe_open(container, *arguments, **options)


def test_errors_are_errors_of_safetensors(container):
    safetensors = pytest.importorskip("safetensors")
    with pytest.raises(safetensors.SafetensorError):
        tersor.safe_open(container, "np").get_tensor("other")


def random_index(generator, shape):
    def of_axis(size):
        kind = generator.randrange(4)
        if kind == 0 and size:
            return generator.randrange(-size, size)
        if kind == 1:
            return slice(None)
        ends = [None, *range(-size - 2, size + 3)]
        return slice(generator.choice(ends), generator.choice(ends), generator.choice([None, 1, 2, 3, -1, -2, 7]))

    first = generator.randrange(len(shape) + 1)
    axes = [of_axis(size) for size in shape[:first]]
    if generator.randrange(3) == 0:
        axes += [..., *[of_axis(size) for size in shape[generator.randrange(first, len(shape) + 1) :]]]
    return tuple(axes)


@pytest.mark.parametrize("seed", range(8))
def test_random_slices(arrays, container, seed):
    generator = random.Random(seed)
    with tersor.safe_open(container, "np") as file:
        for _ in range(60):
            name = generator.choice(list(arrays))
            index = random_index(generator, arrays[name].shape)
            expected = arrays[name][index]
            found = file.get_slice(name)[index]
            assert found.shape == expected.shape and found.dtype == expected.dtype, (name, index)
            assert found.tobytes() == expected.tobytes(), (name, index)


def test_single_indices(arrays, container):
    with tersor.safe_open(container, "np") as file:
        weight = file.get_slice("weight")
        assert (weight[3] == arrays["weight"][3]).all()
        assert (weight[...] == arrays["weight"]).all()
        assert (weight[np.int64(-1)] == arrays["weight"][-1]).all()
        assert weight[1, 2, 3] == arrays["weight"][1, 2, 3]
        for wrong in (17, -18, (0, 0, 0, 0), (0, 5), (..., ...)):
            with pytest.raises(IndexError):
                weight[wrong]
        for wrong in ("x", None, [0, 1], 1.5):
            with pytest.raises(tersor.TersorError):
                weight[wrong]


def test_rows_read_only_their_chunks(tmp_path):
    class Counting(io.BytesIO):
        count = 0

        def read(self, size=-1):
            found = super().read(size)
            self.count += len(found)
            return found

    array = np.random.default_rng(2).normal(size=(200_000, 16)).astype(np.float32)
    data = tersor.numpy.save({"x": array}, level=1)
    source = Counting(data)
    with tersor.safe_open(source, "np") as file:
        opened = source.count
        assert (file.get_slice("x")[100_000:100_010] == array[100_000:100_010]).all()
    assert source.count - opened < len(data) / 4


def test_kinds_of_sources(arrays, container):
    data = container.read_bytes()
    for source in (str(container), container, data, bytearray(data), io.BytesIO(data), container.open("rb", 0)):
        with tersor.safe_open(source, "np") as file:
            for name, array in file.get_tensors().items():
                assert array.tobytes() == arrays[name].tobytes()


def test_errors_of_a_source_are_the_cause(container):
    class Failing(io.BytesIO):
        fail = False

        def read(self, size=-1):
            if self.fail:
                raise ConnectionError("no network")
            return super().read(size)

    source = Failing(container.read_bytes())
    source.fail = True
    with pytest.raises((tersor.TersorError, ConnectionError)):
        tersor.safe_open(source, "np")


def test_fsspec(arrays, container):
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe_file("/models/model.tersor", container.read_bytes())
    with tersor.safe_open("memory://models/model.tersor", "np") as file:
        assert file.get_tensor("weight").tobytes() == arrays["weight"].tobytes()
        assert file.get_slice("half")[7:9].tobytes() == arrays["half"][7:9].tobytes()
    assert tersor.verify("memory://models/model.tersor") > 0
    with pytest.raises(FileNotFoundError):
        tersor.safe_open("memory://models/none.tersor", "np")


def test_threads_share_a_file(arrays, container):
    failures = []
    for source in (container, io.BytesIO(container.read_bytes())):
        with tersor.safe_open(source, "np") as file:

            def work(seed, file=file):
                generator = random.Random(seed)
                for _ in range(30):
                    name = generator.choice(list(arrays))
                    if file.get_tensor(name).tobytes() != arrays[name].tobytes():
                        failures.append(name)

            threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
                assert not thread.is_alive()
    assert not failures


def test_damaged_files(container):
    data = container.read_bytes()
    generator = random.Random(3)
    for _ in range(120):
        damaged = bytearray(data)
        damaged[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        with pytest.raises(tersor.TersorError) as caught:
            tersor.verify(bytes(damaged))
        assert caught.value.kind in ("corrupt", "truncated", "unsupported", "limit")
    for end in range(0, len(data), 97):
        with pytest.raises(tersor.TersorError):
            tersor.numpy.load(data[:end])


def test_errors_tell_kind_and_place(container):
    damaged = bytearray(container.read_bytes())
    damaged[-1] ^= 1
    with pytest.raises(tersor.TersorError) as caught:
        tersor.safe_open(bytes(damaged), "np")
    # the end of the file is not the end of a footer
    assert caught.value.kind == "truncated"
    assert caught.value.place.get("section") == "footer"


def test_sharded_models(tmp_path):
    import json

    shards = {"a": {"x": np.arange(6.0)}, "b": {"y": np.arange(4), "z": np.ones((2, 2), np.float32)}}
    for name, arrays in shards.items():
        tersor.numpy.save_file(arrays, tmp_path / f"{name}.tersor")
    index = tmp_path / "model.tersor.index.json"
    places = {"x": "a.tersor", "y": "b.tersor", "z": "b.tersor"}
    index.write_text(json.dumps({"metadata": {"total_size": 96}, "weight_map": places}))
    with tersor.safe_open(index, "np") as file:
        assert file.keys() == ["x", "y", "z"]
        assert file.get_slice("y")[::2].tolist() == [0, 2]
        assert file.metadata() == {"total_size": "96"}
    assert sorted(tersor.numpy.load_file(index)) == ["x", "y", "z"]
    for wrong in ("../a.tersor", "/a.tersor", "", "..", "model.tersor.index.json", 1):
        index.write_text(json.dumps({"weight_map": {"x": wrong}}))
        with pytest.raises(tersor.TersorError):
            tersor.safe_open(index, "np")
