"""Encodes a sharded model, one task a shard, on a cluster of Dask.

    python encode_shards.py s3://models/big/model.safetensors.index.json s3://models/big-coded [--scheduler ADDRESS]

Reads and writes by fsspec, so both places can be folders or URLs. Each task encodes one shard; the index
`model.tersor.index.json` is written last, when all shards are there. `tersor.safe_open` opens it like one file.
"""

import argparse
import json
import os
import tempfile

import fsspec

import tersor


def encode_shard(source, destination, level=6):
    """Encodes one shard. Runs on a worker. Returns the size of the result in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        # the container names the file that it was made from
        plain = os.path.join(folder, source.rsplit("/", 1)[-1])
        coded = os.path.join(folder, "coded")
        with fsspec.open(source, "rb") as remote, open(plain, "wb") as local:
            while piece := remote.read(8 << 20):
                local.write(piece)
        summary = tersor.encode_file(plain, coded, level=level, threads=1)
        # most storages show an object only when all of it has been written
        with open(coded, "rb") as local, fsspec.open(destination, "wb") as remote:
            while piece := local.read(8 << 20):
                remote.write(piece)
    return summary["coded_bytes"]


def encode_model(client, index, destination, level=6):
    """Encodes all shards of `index` to the folder `destination`. Returns the URL of the new index."""
    with fsspec.open(index, "r") as file:
        found = json.load(file)
    folder = index.rpartition("/")[0] or "."
    names = {name: coded_name(name) for name in found["weight_map"].values()}
    system, path = fsspec.core.url_to_fs(destination)
    system.makedirs(path, exist_ok=True)
    sources = [f"{folder}/{name}" for name in names]
    destinations = [f"{destination}/{name}" for name in names.values()]
    sizes = client.gather(client.map(encode_shard, sources, destinations, level=level, pure=False))
    metadata = {**found.get("metadata", {}), "coded_size": sum(sizes)}
    places = {tensor: names[name] for tensor, name in found["weight_map"].items()}
    result = f"{destination}/model.tersor.index.json"
    with fsspec.open(result, "w") as file:
        json.dump({"metadata": metadata, "weight_map": places}, file, indent=2)
    return result


def coded_name(name):
    """Returns the name of the container for a shard."""
    return name.removesuffix(".safetensors") + ".tersor"


def main():
    """Encodes the model that the command line names."""
    from dask.distributed import Client

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index")
    parser.add_argument("destination")
    parser.add_argument("--scheduler", help="the address of a cluster; by default, processes of this machine")
    parser.add_argument("--level", type=int, default=6)
    options = parser.parse_args()
    with Client(options.scheduler) as client:
        print(encode_model(client, options.index, options.destination.rstrip("/"), options.level))


if __name__ == "__main__":
    main()
