"""`tersor.flax` and `tersor.mlx`, if their frameworks are installed."""

import numpy as np
import pytest

import tersor


def test_flax(tmp_path):
    jnp = pytest.importorskip("jax.numpy")
    import tersor.flax

    arrays = {"a": jnp.arange(6.0).reshape(2, 3), "b": jnp.ones(4, jnp.bfloat16)}
    tersor.flax.save_file(arrays, tmp_path / "x.tersor")
    found = tersor.flax.load_file(tmp_path / "x.tersor")
    assert all((found[name] == arrays[name]).all() and found[name].dtype == arrays[name].dtype for name in arrays)


def test_mlx(tmp_path):
    mx = pytest.importorskip("mlx.core")
    import tersor.mlx

    arrays = {"a": mx.arange(6.0).reshape(2, 3), "b": mx.ones(4, mx.bfloat16)}
    tersor.mlx.save_file(arrays, tmp_path / "x.tersor")
    found = tersor.mlx.load_file(tmp_path / "x.tersor")
    assert all(mx.array_equal(found[name], arrays[name]) and found[name].dtype == arrays[name].dtype for name in arrays)


def test_unknown_frameworks():
    with pytest.raises(tersor.TersorError):
        tersor.safe_open(tersor.numpy.save({"a": np.zeros(2)}), "other")
