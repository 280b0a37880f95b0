"""Loads and saves arrays of jax. The functions are those of `safetensors.flax`."""

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
    with safe_open(bytes(data), framework="flax", threads=threads) as file:
        return file.get_tensors()


def load_file(filename, *, backend="mmap", threads=None):
    """Returns the arrays of a file as a dictionary. See `tersor.safe_open` for the kinds of `filename`."""
    with safe_open(filename, framework="flax", backend=backend, threads=threads) as file:
        return file.get_tensors()


def _arrays(tensors):
    return {name: numpy.asarray(array) for name, array in tensors.items()}
