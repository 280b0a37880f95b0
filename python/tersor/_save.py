"""Saves tensors: lays them out as safetensors does, and encodes that file without making it."""

import json
import os
from pathlib import Path

from ._frameworks import BITS
from ._sources import Parts
from ._tersor import encode_to_bytes, encode_to_path
from ._threads import threads_or_default
from .errors import TersorError

#: The order of dtypes in a safetensors file: the reverse of this one. The package safetensors writes tensors with large
#: elements first, so that all are aligned.
_ORDER = [
    "BOOL",
    "F4",
    "F6_E2M3",
    "F6_E3M2",
    "U8",
    "I8",
    "F8_E5M2",
    "F8_E4M3",
    "F8_E8M0",
    "F8_E4M3FNUZ",
    "F8_E5M2FNUZ",
    "I16",
    "U16",
    "F16",
    "BF16",
    "I32",
    "U32",
    "F32",
    "C64",
    "F64",
    "I64",
    "U64",
]


def options(level, threads, profile, progress, folder=False):
    """Returns the options of the native encoder."""
    threads = threads_or_default(threads)
    return {"level": level, "threads": threads, "profile": profile, "progress": progress, "folder": folder}


def save_bytes(tensors, metadata, encoding):
    """Encodes `tensors`, a dictionary of names and (dtype, shape, buffer), to bytes."""
    return encode_to_bytes([("model.safetensors", layout(tensors, metadata))], encoding)


def save_path(tensors, metadata, filename, encoding):
    """Encodes `tensors` to a file."""
    path = os.fspath(filename)
    name = Path(path).stem.removesuffix(".safetensors") + ".safetensors"
    encode_to_path([(name, layout(tensors, metadata))], path, encoding)


def layout(tensors, metadata):
    """Returns the safetensors file of these tensors, as a source."""
    header = {}
    if metadata is not None:
        for key, value in metadata.items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise TypeError("the keys and values of metadata are of type str")
        header["__metadata__"] = metadata
    parts = []
    end = 0
    for name, (dtype, shape, buffer) in sorted(tensors.items(), key=_sort_key):
        size = memoryview(buffer).nbytes
        if size * 8 != _count(shape) * BITS[dtype]:
            raise TersorError(f"the size of the tensor {name} does not follow from its shape")
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + size]}
        parts.append(buffer)
        end += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return Parts([len(text).to_bytes(8, "little") + text, *parts])


def _sort_key(item):
    name, (dtype, _, _) = item
    return -_ORDER.index(dtype), name.encode()


def _count(shape):
    count = 1
    for size in shape:
        count *= size
    return count
