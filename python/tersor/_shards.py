"""A sharded model as one file."""

import json
import os
import threading

from ._sources import is_url
from .errors import TersorError


class Shards:
    """Has the interface of `safe_open`. A shard is opened when one of its tensors is first needed.

    The index maps names of tensors to names of files beside it. A shard that is named `.safetensors` may also be there
    as `.tersor`.
    """

    def __init__(self, index, open_shard):
        self._index = os.fspath(index)
        self._open_shard = open_shard
        self._shards = {}
        self._lock = threading.Lock()
        found = json.loads(_read(self._index))
        self._places = found.get("weight_map")
        if not isinstance(self._places, dict):
            raise TersorError(f"{self._index} has no weight_map", "corrupt")
        for place in self._places.values():
            if not _is_shard(place):
                raise TersorError(f"{self._index} names the shard {place!r}, which is no file beside it", "corrupt")
        self._metadata = {key: _text(value) for key, value in (found.get("metadata") or {}).items()}

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        shards, self._shards = self._shards, None
        for shard in shards.values():
            shard.__exit__(exc_type, exc_value, traceback)

    def keys(self):
        """Returns the names of the tensors, sorted."""
        return sorted(self._places)

    def offset_keys(self):
        """Returns the names of the tensors, shard by shard."""
        names = []
        for place in dict.fromkeys(self._places.values()):
            names += [name for name in self._shard(place).offset_keys() if self._places.get(name) == place]
        return names

    def metadata(self):
        """Returns the metadata of the index."""
        return self._metadata or None

    def get_tensor(self, name):
        """Returns a tensor."""
        return self._shard_of(name).get_tensor(name)

    def get_tensors(self):
        """Returns all tensors as a dictionary."""
        tensors = {}
        for place in dict.fromkeys(self._places.values()):
            found = self._shard(place).get_tensors()
            tensors.update({name: found[name] for name in found if self._places.get(name) == place})
        missing = self._places.keys() - tensors.keys()
        if missing:
            raise TersorError(f"the shards do not contain the tensor {min(missing)}", "corrupt")
        return tensors

    def get_slice(self, name):
        """Returns an object that gives parts of a tensor when it is indexed."""
        return self._shard_of(name).get_slice(name)

    def _shard_of(self, name):
        place = self._places.get(name)
        if place is None:
            raise TersorError(f"File does not contain tensor {name}")
        return self._shard(place)

    def _shard(self, place):
        with self._lock:
            if self._shards is None:
                raise TersorError("File is closed")
            if place not in self._shards:
                self._shards[place] = self._open_shard(_beside(self._index, place))
            return self._shards[place]


def _is_shard(place):
    """Returns whether `place` is the name of a file in the folder of the index, and no index itself."""
    if not isinstance(place, str) or place in ("", ".", "..") or place.endswith(".index.json"):
        return False
    return not any(separator in place for separator in "/\\:")


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)


def _read(path):
    if is_url(path):
        import fsspec

        with fsspec.open(path, "rb") as file:
            return file.read()
    with open(path, "rb") as file:
        return file.read()


def _beside(index, place):
    if is_url(index):
        return index.rsplit("/", 1)[0] + "/" + place
    path = os.path.join(os.path.dirname(index), place)
    encoded = path.removesuffix(".safetensors") + ".tersor"
    return encoded if not os.path.exists(path) and os.path.exists(encoded) else path
