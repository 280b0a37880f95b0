"""Turns a file name, bytes, an open file or a URL into an input for the native module."""

import os
import re
import threading

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")


def is_url(filename):
    """Returns whether `filename` is a URL or a chain of URLs in the sense of fsspec."""
    return isinstance(filename, str) and _URL.match(filename) is not None


def source_of(filename):
    """Returns an input for the native module: bytes, a path, or an object with `size` and `read_at`."""
    if isinstance(filename, (bytes, bytearray, memoryview)):
        return bytes(filename)
    if is_url(filename):
        return RemoteFile(filename)
    if hasattr(filename, "read") and hasattr(filename, "seek"):
        return OpenFile(filename)
    return os.fspath(filename)


def read_start(source, length):
    """Returns the first `length` bytes of a source, or fewer if it is shorter."""
    if isinstance(source, bytes):
        return source[:length]
    if isinstance(source, str):
        with open(source, "rb") as file:
            return file.read(length)
    return source.read_at(0, min(length, source.size()))


class OpenFile:
    """Reads an open binary file at offsets. A lock keeps `seek` and `read` together."""

    def __init__(self, file):
        self._file = file
        self._lock = threading.Lock()

    def size(self):
        """Returns the size in bytes."""
        with self._lock:
            return self._file.seek(0, os.SEEK_END)

    def read_at(self, offset, length):
        """Returns up to `length` bytes from `offset` on. They are fewer only at the end of the file."""
        with self._lock:
            self._file.seek(offset)
            found = self._file.read(length)
            # a raw file may return fewer bytes than it has
            while len(found) < length and (more := self._file.read(length - len(found))):
                found += more
            return found


class RemoteFile:
    """Reads a file of any storage that fsspec knows."""

    def __init__(self, url):
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise ImportError(f"{url} needs the package fsspec: pip install 'tersor[remote]'") from error
        self._system, self._path = url_to_fs(url)

    def size(self):
        """Returns the size in bytes."""
        size = self._system.info(self._path)["size"]
        if size is None:
            raise OSError(f"the storage does not tell the size of {self._path}")
        return size

    def read_at(self, offset, length):
        """Returns the bytes from `offset` on."""
        found = self._system.cat_file(self._path, start=offset, end=offset + length)
        if len(found) > length:
            raise OSError(f"the storage of {self._path} sends more than the range that was asked for")
        return found


class Parts:
    """Presents several buffers as one file."""

    def __init__(self, parts):
        self._parts = [memoryview(part).cast("B") for part in parts if memoryview(part).nbytes]
        self._starts = []
        self._size = 0
        for part in self._parts:
            self._starts.append(self._size)
            self._size += part.nbytes

    def size(self):
        """Returns the size in bytes."""
        return self._size

    def read_at(self, offset, length):
        """Returns the bytes from `offset` on."""
        from bisect import bisect_right

        end = offset + length
        number = max(bisect_right(self._starts, offset) - 1, 0)
        found = []
        while number < len(self._parts) and self._starts[number] < end:
            start = self._starts[number]
            found.append(self._parts[number][max(offset - start, 0) : end - start])
            number += 1
        return b"".join(found)
