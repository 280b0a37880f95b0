"""Forked processes, such as workers that load data."""

import io
import multiprocessing

import pytest

import tersor
import tersor.numpy


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("kind", ["path", "object"])
def test_a_file_that_was_opened_before_a_fork(arrays, container, kind):
    source = container if kind == "path" else io.BytesIO(container.read_bytes())
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    with tersor.safe_open(source, "np") as file:
        file.get_tensors()

        def work():
            found = file.get_tensors()
            again = tersor.numpy.load(tersor.numpy.save(found))
            results.put({name: array.tobytes() for name, array in again.items()})

        process = context.Process(target=work)
        process.start()
        found = results.get(timeout=60)
        process.join(60)
        assert process.exitcode == 0
        assert found == {name: array.tobytes() for name, array in arrays.items()}
        assert file.get_tensor("weight").tobytes() == arrays["weight"].tobytes()
