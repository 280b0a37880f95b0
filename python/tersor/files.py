"""Whole files: encodes, decodes, inspects and verifies them."""

import os

from . import _tersor
from ._save import options
from ._sources import is_url, source_of
from ._threads import threads_or_default


def encode_file(input, output, *, level=6, threads=None, profile="default", progress=None):
    """Encodes a file, a list of files, or a folder with its subfolders to the file `output`. Returns a summary.

    `tersor.decode_file` recreates the bytes of the input. `output` appears when it is complete. The options are those
    of `tersor.numpy.save`.
    """
    is_folder = isinstance(input, (str, os.PathLike)) and not is_url(input) and os.path.isdir(input)
    if is_folder:
        inputs = _files_of(os.fspath(input))
    else:
        inputs = [(_name(one), source_of(one)) for one in (input if isinstance(input, (list, tuple)) else [input])]
    encoding = options(level, threads, profile, progress, folder=is_folder)
    return _tersor.encode_to_path(inputs, os.fspath(output), encoding)


def decode_file(input, output, *, threads=None):
    """Recreates the file or the folder that a container was made from, at `output`. Returns the names of the files.

    The output appears when it is complete and all checksums and digests of tensors were right.
    """
    return _tersor.decode_files(source_of(input), os.fspath(output), threads=threads_or_default(threads))


def inspect(file):
    """Describes a container: its tensors, how each is stored, and the use of its bytes.

    The keys are those of `tersor inspect --json`. Only the heads of the segments are read.
    """
    return _tersor.Reader(source_of(file), threads=threads_or_default(None)).inspect()


def verify(file, *, threads=None):
    """Decodes everything, and raises `TersorError` if a checksum or the digest of a tensor is wrong.

    Returns the number of decoded bytes.
    """
    return _tersor.verify(source_of(file), threads=threads_or_default(threads))


def _files_of(folder):
    found = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            found.append((os.path.relpath(path, folder).replace(os.sep, "/"), path))
    return found


def _name(one):
    if isinstance(one, (str, os.PathLike)):
        return os.path.basename(os.fspath(one).rstrip("/"))
    name = getattr(one, "name", None)
    return os.path.basename(name) if isinstance(name, str) else "model.safetensors"
