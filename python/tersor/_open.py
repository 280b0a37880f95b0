"""`safe_open`: one call for containers, plain safetensors files, and sharded models."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy

from . import _index
from ._frameworks import BITS, maker
from ._sources import read_start, source_of
from ._tersor import Reader
from ._threads import threads_or_default
from .errors import TersorError

_MAGIC = b"\x89TSR\r\n\x1a\n"
_WORDS = {8: numpy.uint8, 16: numpy.uint16, 32: numpy.uint32, 64: numpy.uint64}
#: Tensors that `get_tensors` decodes at the same time, each on all cores.
_TENSORS_AT_ONCE = 4
#: Readers of a process that this one was forked from. They would wait for their threads if they were deleted.
_unusable = []
_BACKENDS = ("mmap", "pread")


def is_container(source):
    """Returns whether a source begins as a container does."""
    return read_start(source, len(_MAGIC)) == _MAGIC


class safe_open:  # noqa: N801 - the name that safetensors uses
    """Opens a file, and returns tensors as asked.

    `filename` is a path, the bytes of a file, an open binary file, or a URL that fsspec knows. The file is a container
    of Tersor, a safetensors file (read by the package safetensors), or the `.index.json` of a sharded model.

    `framework` is `"pt"`, `"np"`, `"flax"` or `"mlx"`. `device` is a device of torch. `backend` is `"mmap"` or
    `"pread"`; it concerns safetensors files alone, since a container is decoded and not mapped. `threads` is the number
    of threads that decode, by default one a core.

        with safe_open("model.tersor", framework="pt") as file:
            weight = file.get_tensor("embedding")
            rows = file.get_slice("embedding")[10:20]
    """

    def __new__(cls, filename, framework, device="cpu", *, backend="mmap", threads=None):
        if backend not in _BACKENDS:
            raise TersorError(f'backend "{backend}" is invalid (expected one of: "mmap", "pread")')
        make = maker(framework, device)
        if _is_index(filename):
            from ._shards import Shards

            return Shards(filename, lambda shard: cls(shard, framework, device, backend=backend, threads=threads))
        source = source_of(filename)
        is_safetensors = not is_container(source) and _is_safetensors(source)
        if is_safetensors and isinstance(source, str):
            return _safetensors().safe_open(source, framework, device, backend=backend)
        self = super().__new__(cls)
        self._make = make
        self._threads = threads
        self._source = source
        self._process = os.getpid()
        self._reader = _memory_reader(source) if is_safetensors else self._new_reader()
        self._tensors = {}
        for name, dtype, shape in self._reader.tensors():
            # of several files with a tensor of this name the first counts
            self._tensors.setdefault(name, (dtype, shape))
        return self

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self._reader = self._source = None

    def keys(self):
        """Returns the names of the tensors, sorted."""
        return sorted(self._open()._tensors)

    def offset_keys(self):
        """Returns the names of the tensors in the order of the safetensors file."""
        return list(self._open()._tensors)

    def metadata(self):
        """Returns the metadata of the model as a dictionary, or `None` if there is none."""
        return dict(self._open()._reader.metadata()) or None

    def get_tensor(self, name):
        """Returns a tensor."""
        dtype, shape = self._declared(name)
        return self._make(self._reader.decode(name), dtype, shape)

    def get_tensors(self):
        """Returns all tensors as a dictionary, in the order of `offset_keys`."""
        self._open()
        order = self._reader.stored_order()
        self._reader.prefetch(order)
        # decoding in the order of the file decodes each chunk once
        if threads_or_default(self._threads) == 1:
            tensors = {name: self.get_tensor(name) for name in order}
        else:
            # small tensors have one chunk: several at a time keep all cores busy
            with ThreadPoolExecutor(_TENSORS_AT_ONCE) as pool:
                tensors = dict(zip(order, pool.map(self.get_tensor, order), strict=True))
        return {name: tensors[name] for name in self._tensors}

    def get_slice(self, name):
        """Returns an object that gives parts of a tensor when it is indexed."""
        return TensorSlice(self, name, *self._declared(name))

    def _open(self):
        if self._reader is None:
            raise TersorError("File is closed")
        if self._process != os.getpid():
            self._reopen()
        return self

    def _new_reader(self):
        return Reader(self._source, threads=threads_or_default(self._threads))

    def _reopen(self):
        """Opens the file again in a forked process, where the threads of the old reader do not exist."""
        self._process = os.getpid()
        if isinstance(self._reader, Reader):
            _unusable.append(self._reader)
            self._threads = 1
            self._reader = self._new_reader()

    def _declared(self, name):
        found = self._open()._tensors.get(name)
        if found is None:
            raise TersorError(f"File does not contain tensor {name}")
        return found

    def _decode_slice(self, name, dtype, shape, index):
        selected = _index.resolve(index, shape)
        result_shape = [len(axis) for axis in selected if not isinstance(axis, int)]
        bits = BITS[dtype]
        reader = self._open()._reader
        if selected and _are_single_rows(selected, shape) and (len(shape) > 1 or bits >= 8):
            return self._make(reader.decode_rows(name, list(selected[0])), dtype, result_shape)
        bounds = [_index.bounds(axis) for axis in selected]
        buffer = reader.decode_slice(name, bounds)
        if any(not isinstance(axis, int) and len(axis) > 1 and axis.step != 1 for axis in selected):
            if bits < 8:
                raise TersorError(f"{dtype} has several elements in a byte: a slice must have step 1", "unsupported")
            box = numpy.frombuffer(buffer, dtype=_WORDS[bits]).reshape([end - start for start, end in bounds])
            chosen = box[tuple(_index.within(axis) for axis in selected)]
            buffer = numpy.ascontiguousarray(chosen).reshape(-1).view("u1")
        return self._make(buffer, dtype, result_shape)


class TensorSlice:
    """A tensor that is decoded when it is indexed: `slice[2:5, ..., ::2]`.

    Each axis takes an integer or a slice, with any step. A part of the first axis decodes only the chunks that hold it.
    """

    def __init__(self, file, name, dtype, shape):
        self._file = file
        self._name = name
        self._dtype = dtype
        self._shape = shape

    def get_shape(self):
        """Returns the dimensions of the whole tensor."""
        return list(self._shape)

    def get_dtype(self):
        """Returns the dtype as safetensors spells it, such as `"BF16"`."""
        return self._dtype

    def __getitem__(self, index):
        return self._file._decode_slice(self._name, self._dtype, self._shape, index)


def _are_single_rows(selected, shape):
    """Returns whether whole rows are selected that do not lie side by side."""
    rows, *others = selected
    is_spread = isinstance(rows, range) and len(rows) > 1 and rows.step != 1
    return is_spread and all(axis == range(size) for axis, size in zip(others, shape[1:], strict=True))


def _is_index(filename):
    return isinstance(filename, (str, os.PathLike)) and os.fspath(filename).endswith(".index.json")


def _is_safetensors(source):
    start = read_start(source, 9)
    return len(start) == 9 and start[8:] == b"{"


def _memory_reader(source):
    from ._memory import MemoryReader

    return MemoryReader(source if isinstance(source, bytes) else source.read_at(0, source.size()))


def _safetensors():
    try:
        import safetensors
    except ImportError as error:
        raise ImportError("a safetensors file needs the package safetensors") from error
    return safetensors
