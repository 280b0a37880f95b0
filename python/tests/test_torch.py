"""`tersor.torch` behaves as `safetensors.torch`."""

import random

import pytest

import tersor

torch = pytest.importorskip("torch")
st = pytest.importorskip("safetensors.torch")
tt = pytest.importorskip("tersor.torch")

DTYPES = [name for name in tersor._frameworks.TORCH_NAMES.values() if hasattr(torch, name)]


@pytest.fixture
def tensors():
    torch.manual_seed(1)
    found = {}
    for name in DTYPES:
        dtype = getattr(torch, name)
        if dtype == torch.bool:
            found[name] = torch.randint(0, 2, (5, 8)).bool()
        else:
            found[name] = torch.randint(0, 256, (5, 8 * dtype.itemsize), dtype=torch.uint8).view(dtype)
    found["scalar"] = torch.tensor(2.5, dtype=torch.bfloat16)
    found["empty"] = torch.empty(3, 0, dtype=torch.float16)
    return found


def same(a, b):
    assert list(a) == list(b)
    for name in a:
        assert (a[name].dtype, a[name].shape) == (b[name].dtype, b[name].shape), name
        assert raw(a[name]) == raw(b[name]), name


def raw(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def test_results_are_those_of_safetensors(tensors, tmp_path):
    st.save_file(tensors, tmp_path / "plain.safetensors", metadata={"format": "pt"})
    tt.save_file(tensors, tmp_path / "coded.tersor", metadata={"format": "pt"})
    expected = st.load_file(tmp_path / "plain.safetensors")
    same(tt.load_file(tmp_path / "coded.tersor"), expected)
    same(tt.load_file(tmp_path / "plain.safetensors"), expected)
    same(tt.load(tt.save(tensors)), expected)
    same(tt.load((tmp_path / "plain.safetensors").read_bytes()), expected)
    same(tt.load_file(tmp_path / "coded.tersor", "cpu", backend="pread", threads=1), expected)
    tersor.decode_file(tmp_path / "coded.tersor", tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "plain.safetensors").read_bytes()


def test_slices(tensors, tmp_path):
    tt.save_file(tensors, tmp_path / "coded.tersor")
    generator = random.Random(1)
    with tersor.safe_open(tmp_path / "coded.tersor", "pt", device="cpu") as file:
        for name, tensor in tensors.items():
            if tensor.numel() < 2 or name == "float4_e2m1fn_x2":
                continue
            for index in (0, -1, slice(1, 3), slice(None, None, 2), (..., 1), (slice(2), slice(None, None, 3))):
                found, expected = file.get_slice(name)[index], tensor.view(dtype_of_words(tensor))[index]
                assert found.shape == expected.shape
                assert raw(found) == raw(expected), (name, index)
            start = generator.randrange(4)
            assert raw(file.get_slice(name)[start:]) == raw(tensor[start:])
        reverse = file.get_slice("float32")[::-1]
        assert torch.equal(reverse, tensors["float32"].flip(0)) or reverse.isnan().any()
        rows = file.get_slice("float4_e2m1fn_x2")[1:3]
        assert raw(rows) == raw(tensors["float4_e2m1fn_x2"][1:3])


def dtype_of_words(tensor):
    # floats of a byte have no arithmetic, and some no indexing
    return {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.dtype.itemsize]


def test_wrong_input(tmp_path):
    base = torch.zeros(10)
    for wrong, error in (
        ({"a": [1]}, ValueError),
        ([1], ValueError),
        ({"a": torch.zeros(3, 3).t()[:, :2]}, ValueError),
        ({"a": torch.eye(3).to_sparse()}, ValueError),
        ({"a": base, "b": base}, RuntimeError),
        ({"a": base[:6], "b": base[4:]}, RuntimeError),
        ({"a": torch.zeros(2, dtype=torch.complex128)}, tersor.TersorError),
    ):
        with pytest.raises(error):
            tt.save(wrong)
    tt.save({"a": base[:5], "b": base[5:]})
    with pytest.raises(tersor.TersorError):
        tersor.safe_open(tmp_path / "x.tersor", "pt", device="nowhere")


def test_a_single_element_with_a_stride():
    column = torch.arange(10.0).reshape(2, 5)[:1, 3]
    assert torch.equal(tt.load(tt.save({"a": column}))["a"], torch.tensor([3.0]))


def test_loaded_tensors_are_writable():
    loaded = tt.load(tt.save({"a": torch.arange(10.0)}))
    loaded["a"] += 1
    assert loaded["a"][9] == 10


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 4, bias=False)
        self.second = torch.nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight


def test_models_with_shared_tensors(tmp_path):
    model, again = Tied(), Tied()
    tt.save_model(model, tmp_path / "model.tersor")
    with tersor.safe_open(tmp_path / "model.tersor", "pt") as file:
        assert file.keys() == ["first.weight"]
        assert file.metadata() == {"second.weight": "first.weight"}
    assert tt.load_model(again, tmp_path / "model.tersor") == (set(), [])
    assert torch.equal(again.second.weight, model.first.weight)
    st.save_model(model, str(tmp_path / "model.safetensors"))
    tt.load_model(again, tmp_path / "model.safetensors")
    other = torch.nn.Linear(4, 4)
    with pytest.raises(RuntimeError, match="Missing key"):
        tt.load_model(other, tmp_path / "model.tersor")
    missing, unexpected = tt.load_model(other, tmp_path / "model.tersor", strict=False)
    assert missing == {"weight", "bias"} and unexpected == ["first.weight"]
