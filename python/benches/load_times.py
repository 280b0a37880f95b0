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
            assert all(torch.equal(found[key].view(torch.uint8), expected[key].view(torch.uint8)) for key in expected if expected[key].dim()), name
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


def add_zipnn(loaders, path, packed):
    """Adds ZipNN's loader of compressed safetensors files."""
    try:
        from zipnn import ZipNN
        from zipnn.util_safetensors import COMPRESSION_METHOD, build_compressed_tensor_info, set_compressed_tensors_metadata
        from zipnn.zipnn import SafeOpen
    except ImportError:
        return
    tensors, infos, metadata = {}, {}, {"format": "pt"}
    for name, tensor in safetensors.torch.load_file(path).items():
        small = tensor.numel() * tensor.element_size() < 1024 or tensor.dtype not in (torch.bfloat16, torch.float16, torch.float32)
        if not small:
            codec = ZipNN(input_format="torch", method=COMPRESSION_METHOD)
            infos[name] = build_compressed_tensor_info(tensor)
            packed_bytes = bytearray(codec.compress(tensor.clone()))
            tensor = torch.frombuffer(packed_bytes, dtype=torch.uint8)
        tensors[name] = tensor.clone()
    set_compressed_tensors_metadata(infos, metadata)
    safetensors.torch.save_file(tensors, packed, metadata)

    def load():
        with SafeOpen(str(packed), "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}

    loaders["ZipNN"] = load


if __name__ == "__main__":
    main()
