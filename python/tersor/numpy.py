"""Loads and saves numpy arrays. The functions are those of `safetensors.numpy`."""

import sys

import numpy

from ._frameworks import NUMPY_NAMES
from ._open import safe_open
from ._save import options, save_bytes, save_path
from .errors import TersorError

_DTYPES = {name: dtype for dtype, name in NUMPY_NAMES.items()}


def save(tensor_dict, metadata=None, *, level=6, threads=None, profile="default", progress=None):
    """Encodes a dictionary of arrays to bytes.

    `metadata` is a dictionary of strings. `level` is from 1 (fast) to 9 (small). `threads` is the number of threads, by
    default one a core. `profile` is `"default"` or `"gpu"`. `progress` is called with the number of bytes that were
    encoded since its last call, from any thread; an exception of it stops the work.
    """
    return save_bytes(_views(tensor_dict), metadata, options(level, threads, profile, progress))


def save_file(tensor_dict, filename, metadata=None, *, level=6, threads=None, profile="default", progress=None):
    """Encodes a dictionary of arrays to the file `filename`, which appears when it is complete. See `save`."""
    save_path(_views(tensor_dict), metadata, filename, options(level, threads, profile, progress))


def load(data, *, threads=None):
    """Returns the arrays of a container, or of a safetensors file, in the bytes `data`."""
    with safe_open(bytes(data), framework="np", threads=threads) as file:
        return file.get_tensors()


def load_file(filename, *, backend="mmap", threads=None):
    """Returns the arrays of a file as a dictionary. See `tersor.safe_open` for the kinds of `filename`."""
    with safe_open(filename, framework="np", backend=backend, threads=threads) as file:
        return file.get_tensors()


def _views(tensor_dict):
    return {name: _view(name, array) for name, array in tensor_dict.items()}


def _view(name, array):
    dtype = _DTYPES.get(array.dtype.name)
    if dtype is None:
        raise TersorError(f'Unknown dtype "{array.dtype.name}" of the tensor {name}', "unsupported", tensor=name)
    order = array.dtype.byteorder
    if order == ">" or (order == "=" and sys.byteorder == "big"):
        array = array.byteswap()
    words = numpy.ascontiguousarray(array).reshape(-1)
    return dtype, array.shape, words.view(numpy.uint8).data if words.size else b""
