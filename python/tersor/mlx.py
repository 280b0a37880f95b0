"""Loads and saves arrays of mlx. The functions are those of `safetensors.mlx`."""

import mlx.core
import numpy

from . import numpy as _numpy
from ._open import safe_open


def save(tensors, metadata=None, **encoding):
    """Encodes a dictionary of arrays to bytes. The options are those of `tersor.numpy.save`."""
    return _numpy.save(_arrays(tensors), metadata=metadata, **encoding)


def save_file(tensors, filename, metadata=None, **encoding):
    """Encodes a dictionary of arrays to the file `filename`. The options are those of `tersor.numpy.save`."""
    _numpy.save_file(_arrays(tensors), filename, metadata=metadata, **encoding)


def load(data, *, threads=None):
    """Returns the arrays of a container, or of a safetensors file, in the bytes `data`."""
    with safe_open(bytes(data), framework="mlx", threads=threads) as file:
        return file.get_tensors()


def load_file(filename, *, backend="mmap", threads=None):
    """Returns the arrays of a file as a dictionary. See `tersor.safe_open` for the kinds of `filename`."""
    with safe_open(filename, framework="mlx", backend=backend, threads=threads) as file:
        return file.get_tensors()


def _arrays(tensors):
    return {name: _to_numpy(array) for name, array in tensors.items()}


def _to_numpy(array):
    if array.dtype == mlx.core.bfloat16:
        import ml_dtypes

        # the buffer protocol has no bfloat16
        return numpy.array(array.view(mlx.core.uint16)).view(ml_dtypes.bfloat16)
    return numpy.array(array)
