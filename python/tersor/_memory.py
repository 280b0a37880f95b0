"""A safetensors file in memory, with the methods of the native `Reader`."""

import json

import numpy

from ._frameworks import BITS
from .errors import TersorError


class MemoryReader:
    """Reads a safetensors file that does not come from a path, which the package safetensors cannot open."""

    def __init__(self, data):
        from safetensors import deserialize

        # checks the header
        found = dict(deserialize(data))
        header_len = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + header_len])
        self._metadata = header.pop("__metadata__", None) or {}
        order = sorted(header, key=lambda name: header[name]["data_offsets"])
        self._found = {name: found[name] for name in order}

    def tensors(self):
        """Returns name, dtype and shape of every tensor."""
        return [(name, tensor["dtype"], tensor["shape"]) for name, tensor in self._found.items()]

    def stored_order(self):
        """Returns the names in the order of the file."""
        return list(self._found)

    def metadata(self):
        """Returns the pairs of the metadata."""
        return list(self._metadata.items())

    def prefetch(self, names):
        """Does nothing: the file is in memory."""

    def decode(self, name):
        """Returns the bytes of a tensor."""
        return numpy.frombuffer(bytearray(self._found[name]["data"]), dtype="u1")

    def decode_slice(self, name, ranges):
        """Returns the bytes of a part of a tensor."""
        tensor = self._found[name]
        bits, shape = BITS[tensor["dtype"]], tensor["shape"]
        if bits < 8:
            raise TersorError("slices of elements of less than a byte need a container or a path", "unsupported")
        words = numpy.frombuffer(tensor["data"], dtype=f"u{bits // 8}").reshape(shape)
        part = numpy.ascontiguousarray(words[tuple(slice(start, end) for start, end in ranges)])
        return numpy.frombuffer(bytearray(part.tobytes()), dtype="u1")

    def decode_rows(self, name, rows):
        """Returns the bytes of single rows of a tensor."""
        tensor = self._found[name]
        rows_of = numpy.frombuffer(tensor["data"], dtype="u1").reshape(tensor["shape"][0], -1)
        return rows_of[rows].reshape(-1)
