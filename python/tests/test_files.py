"""Whole files."""

import numpy as np
import pytest

import tersor
import tersor.numpy


def test_a_folder_comes_back(tmp_path):
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "tokens.txt").write_text("a\nb\n")
    summary = tersor.encode_file(folder, tmp_path / "model.tersor")
    assert summary["raw_bytes"] == 6 and summary["coded_bytes"] == (tmp_path / "model.tersor").stat().st_size
    tersor.decode_file(tmp_path / "model.tersor", tmp_path / "again")
    assert (tmp_path / "again" / "config.json").read_text() == "{}"
    assert (tmp_path / "again" / "sub" / "tokens.txt").read_text() == "a\nb\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "model", "model.tersor"]


def test_one_file_comes_back(tmp_path):
    plain = tmp_path / "notes.txt"
    plain.write_bytes(bytes(range(256)) * 50)
    tersor.encode_file(plain, tmp_path / "notes.tersor", level=1, threads=1)
    assert tersor.decode_file(tmp_path / "notes.tersor", tmp_path / "again.txt") == ["notes.txt"]
    assert (tmp_path / "again.txt").read_bytes() == plain.read_bytes()
    with pytest.raises(FileNotFoundError):
        tersor.encode_file(tmp_path / "none", tmp_path / "x.tersor")


def test_a_damaged_file_leaves_no_output(container, tmp_path):
    damaged = bytearray(container.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(tersor.TersorError):
        tersor.decode_file(bytes(damaged), tmp_path / "out.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["model.tersor"]


def test_inspect(arrays, container):
    found = tersor.inspect(container)
    assert found["bytes"] == container.stat().st_size == sum(found["ledger"].values())
    assert found["metadata"] == {"format": "np"}
    by_name = {tensor["name"]: tensor for tensor in found["tensors"]}
    assert by_name.keys() == arrays.keys()
    for name, array in arrays.items():
        assert by_name[name]["shape"] == list(array.shape)
        assert by_name[name]["raw_bytes"] == array.nbytes
    assert by_name["half"]["dtype"] == "F16" and by_name["empty"]["representation"] == "none"


def test_an_alias_is_named():
    array = np.arange(1000.0)
    found = tersor.inspect(tersor.numpy.save({"a": array, "b": array}))
    assert [tensor["alias_of"] for tensor in found["tensors"]] == [None, "a"]


def test_verify(arrays, container):
    assert tersor.verify(container) == sum(array.nbytes for array in arrays.values())
