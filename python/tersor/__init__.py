"""Tersor compresses the weights of neural networks without loss, and loads them back, whole or in part.

`safe_open`, `tersor.numpy`, `tersor.torch`, `tersor.flax` and `tersor.mlx` have the functions of safetensors.
`encode_file` and `decode_file` convert whole files. `patch_safetensors` lets programs that load safetensors files load
containers.
"""

from ._open import TensorSlice, safe_open
from ._tersor import VERSION as __version__
from .errors import TersorError
from .files import decode_file, encode_file, inspect, verify
from .patching import patch_safetensors

__all__ = [
    "TensorSlice",
    "TersorError",
    "decode_file",
    "encode_file",
    "inspect",
    "patch_safetensors",
    "safe_open",
    "verify",
    "__version__",
]
