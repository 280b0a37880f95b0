"""The loader for vLLM, against a stand-in of vLLM's interfaces."""

import sys
import types

import pytest

from tersor import vllm

torch = pytest.importorskip("torch")


@pytest.fixture
def loaders(monkeypatch):
    registered = {}

    def register_model_loader(name):
        def decorate(loader):
            registered[name] = loader
            return loader

        return decorate

    class DefaultModelLoader:
        class Source:
            def __init__(self, model_or_path, revision=None, prefix=""):
                self.model_or_path, self.revision, self.prefix = model_or_path, revision, prefix

    loader = types.ModuleType("vllm.model_executor.model_loader")
    loader.register_model_loader = register_model_loader
    default = types.ModuleType("vllm.model_executor.model_loader.default_loader")
    default.DefaultModelLoader = DefaultModelLoader
    for name in ("vllm", "vllm.model_executor"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, loader.__name__, loader)
    monkeypatch.setitem(sys.modules, default.__name__, default)
    return registered


def test_the_loader_yields_all_tensors(loaders, tmp_path):
    import tersor.torch as tt

    tt.save_file({"a": torch.arange(4.0)}, tmp_path / "model-1.tersor")
    tt.save_file({"b": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "model-2.tersor")
    vllm.register()
    loader = loaders["tersor"]()
    found = dict(loader._get_weights_iterator(loader.Source(str(tmp_path), prefix="model.")))
    assert list(found) == ["model.a", "model.b"]
    assert torch.equal(found["model.a"], torch.arange(4.0))
    with pytest.raises(RuntimeError):
        next(loader._get_weights_iterator(loader.Source(str(tmp_path / ".."), prefix="")))
