"""The examples run."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import tersor.numpy


def test_shards_are_encoded_by_a_cluster(tmp_path):
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("fsspec")
    safetensors = pytest.importorskip("safetensors.numpy")
    path = Path(__file__).parents[1] / "examples" / "encode_shards.py"
    spec = importlib.util.spec_from_file_location("encode_shards", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    places = {}
    expected = {}
    for number in range(3):
        arrays = {f"layer.{number}": np.arange(1000.0) + number}
        name = f"model-{number}.safetensors"
        safetensors.save_file(arrays, tmp_path / name)
        places.update(dict.fromkeys(arrays, name))
        expected.update(arrays)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        result = example.encode_model(client, str(index), str(tmp_path / "coded"))
    found = tersor.numpy.load_file(result)
    assert found.keys() == expected.keys()
    assert all((found[name] == expected[name]).all() for name in expected)
