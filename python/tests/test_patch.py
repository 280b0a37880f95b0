"""Programs that load safetensors files load containers."""

import os
import subprocess
import sys

import numpy as np
import pytest

import tersor
import tersor.numpy

safetensors = pytest.importorskip("safetensors")


@pytest.fixture
def folder(tmp_path):
    tersor.numpy.save_file({"x": np.arange(5.0)}, tmp_path / "model.tersor", metadata={"format": "np"})
    return tmp_path


def test_functions_are_replaced_and_put_back(folder):
    import safetensors.numpy as sn

    name = str(folder / "model.safetensors")
    originals = safetensors.safe_open, sn.load_file, os.path.isfile, os.path.exists
    with tersor.patch_safetensors():
        assert os.path.isfile(name) and os.path.exists(name)
        assert not os.path.isfile(str(folder / "other.safetensors"))
        with safetensors.safe_open(name, framework="np") as file:
            assert file.get_slice("x")[1:3].tolist() == [1, 2]
        assert sn.load_file(name)["x"].tolist() == list(range(5))
        assert sn.load_file(folder / "model.tersor")["x"].tolist() == list(range(5))
        sn.save_file({"y": np.zeros(1)}, name)
        assert list(sn.load_file(name)) == ["y"]
        os.remove(name)
    assert (safetensors.safe_open, sn.load_file, os.path.isfile, os.path.exists) == originals
    assert not os.path.isfile(name)


def test_a_script_runs_with_the_patch(folder):
    script = folder / "script.py"
    script.write_text(
        "import sys\nfrom safetensors.numpy import load_file\n"
        "assert __name__ == '__main__'\nprint(sys.argv[1:], load_file(sys.argv[1])['x'].sum())\n"
    )
    command = [sys.executable, "-m", "tersor.patch", str(script), "model.safetensors"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment())
    assert ran.stdout == "['model.safetensors'] 10.0\n", ran.stderr


def environment():
    # the package may lie in the folder of the tests
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_transformers_loads_a_container(tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    model = transformers.BertModel(transformers.BertConfig(vocab_size=50, **sizes)).eval()
    model.save_pretrained(tmp_path)
    words = torch.arange(10)[None]
    with torch.no_grad():
        expected = model(words).last_hidden_state
        tersor.encode_file(tmp_path / "model.safetensors", tmp_path / "model.tersor")
        os.remove(tmp_path / "model.safetensors")
        with pytest.raises(OSError):
            transformers.BertModel.from_pretrained(tmp_path)
        with tersor.patch_safetensors():
            again = transformers.BertModel.from_pretrained(tmp_path).eval()
        assert torch.equal(again(words).last_hidden_state, expected)
