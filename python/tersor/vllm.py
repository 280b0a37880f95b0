"""A model loader for vLLM: `vllm serve FOLDER --load-format tersor`.

vLLM finds `register` by the entry point group `vllm.general_plugins`. The loader yields the tensors of all containers
of the folder of the model. The tests run it against a small stand-in of vLLM's two interfaces, `register_model_loader`
and `DefaultModelLoader`, and not against vLLM itself.
"""

import glob
import os

from ._open import safe_open


def register():
    """Registers the load format `tersor`."""
    from vllm.model_executor.model_loader import register_model_loader
    from vllm.model_executor.model_loader.default_loader import DefaultModelLoader

    @register_model_loader("tersor")
    class TersorModelLoader(DefaultModelLoader):
        """Loads the weights of a model from containers."""

        def download_model(self, model_config):
            """Downloads the containers of a model, if it is no local folder."""
            _folder(model_config.model, model_config.revision)

        def _get_weights_iterator(self, source):
            return _weights(_folder(source.model_or_path, source.revision), source.prefix)

    return TersorModelLoader


def _folder(model, revision):
    if os.path.isdir(model):
        return model
    from huggingface_hub import snapshot_download

    return snapshot_download(model, revision=revision, allow_patterns=["*.tersor", "*.json"])


def _weights(folder, prefix):
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*.tersor")))
    if not paths:
        raise RuntimeError(f"there is no file *.tersor in {folder}")
    for path in paths:
        with safe_open(path, framework="pt") as file:
            for name in file.offset_keys():
                yield prefix + name, file.get_tensor(name)
