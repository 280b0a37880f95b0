"""Measures how long a model takes to load into torch: `load_times.py MODEL.safetensors [RUNS]`.

Compares safetensors, Tersor, and ZipNN if it is installed (`pip install zipnn==0.5.4`). All files lie in the page cache.
Prints medians in milliseconds, and compares every tensor with the original. For one core, run it under `taskset -c 0`.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import safetensors.torch
import torch

import tersor.torch


def main():
    """Measures all loaders in turn, so that all of them meet the same load of the machine."""
    path = Path(sys.argv[1])
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    threads = len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        coded = Path(folder) / "model.tersor"
        tersor.encode_file(path, coded)
        loaders = {
            "safetensors": lambda: safetensors.torch.load_file(path),
            "safetensors, copied": lambda: {name: t.clone() for name, t in safetensors.torch.load_file(path).items()},
            "Tersor": lambda: tersor.torch.load_file(coded, threads=threads),
        }
        add_zipnn(loaders, path, Path(folder) / "zipnn.safetensors")
        expected = safetensors.torch.load_file(path)
        for name, load in loaders.items():
            found = load()
            assert all(torch.equal(bits(found[key]), bits(expected[key])) for key in expected), name
        times = {name: [] for name in loaders}
        for _ in range(runs):
            for name, load in loaders.items():
                start = time.perf_counter()
                result = load()
                times[name].append(time.perf_counter() - start)
                del result
    print(f"{path.name}, {path.stat().st_size / 1e6:.1f} MB, {threads} threads, median of {runs}")
    for name, found in times.items():
        print(f"{name:>20} {statistics.median(found) * 1000:8.1f} ms, fastest {min(found) * 1000:8.1f} ms")


def bits(tensor):
    """Returns the tensor as bytes, so that NaNs are compared too."""
    return tensor.reshape(-1).view(torch.uint8)


def add_zipnn(loaders, path, packed):
    """Adds ZipNN's loader of compressed safetensors files."""
    try:
        from zipnn import ZipNN
        from zipnn import util_safetensors as util
        from zipnn.zipnn import SafeOpen
    except ImportError:
        return
    tensors, infos, metadata = {}, {}, {"format": "pt"}
    for name, tensor in safetensors.torch.load_file(path).items():
        if tensor.nbytes >= 1024 and tensor.dtype.is_floating_point:
            codec = ZipNN(input_format="torch", method=util.COMPRESSION_METHOD)
            infos[name] = util.build_compressed_tensor_info(tensor)
            tensor = torch.frombuffer(bytearray(codec.compress(tensor.clone())), dtype=torch.uint8)
        tensors[name] = tensor.clone()
    util.set_compressed_tensors_metadata(infos, metadata)
    safetensors.torch.save_file(tensors, packed, metadata)

    def load():
        with SafeOpen(str(packed), "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}

    loaders["ZipNN"] = load


if __name__ == "__main__":
    main()
