"""Fixtures of all tests."""

import numpy as np
import pytest

import tersor.numpy


@pytest.fixture
def arrays():
    """Arrays of several dtypes and ranks, with names that sort in another order than their layout."""
    rng = np.random.default_rng(1)
    return {
        "weight": rng.normal(size=(17, 5, 9)).astype(np.float32),
        "half": rng.normal(size=(300, 40)).astype(np.float16),
        "a.bytes": rng.integers(0, 255, (7, 11), dtype=np.uint8),
        "flags": rng.integers(0, 2, 13).astype(bool),
        "long": rng.integers(-(2**60), 2**60, (4, 3)),
        "double": rng.normal(size=(6,)),
        "complex": (rng.normal(size=8) + 1j).astype(np.complex64),
        "scalar": np.array(3.5, np.float32),
        "empty": np.zeros((0, 3), np.float32),
        "ünïcode 名": np.arange(6, dtype=np.int16),
    }


@pytest.fixture
def container(arrays, tmp_path):
    """The path of a container with `arrays`."""
    path = tmp_path / "model.tersor"
    tersor.numpy.save_file(arrays, path, metadata={"format": "np"})
    return path
