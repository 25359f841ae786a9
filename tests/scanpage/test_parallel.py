"""One process alone; `tests/recognizer/test_train_processes.py` has two."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from scanpage.parallel import Processes  # noqa: E402 - torch may be absent


def test_without_a_launcher_one_process_does_everything() -> None:
    processes = Processes()
    assert (processes.index, processes.count, processes.is_main) == (0, 1, True)
    assert processes.device.type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_alone_every_exchange_gives_back_what_it_got() -> None:
    processes = Processes()
    layer = torch.nn.Linear(2, 2)
    layer.weight.grad = torch.full((2, 2), 3.0)
    before = layer.weight.detach().clone()
    processes.share_weights(layer)
    processes.average_gradients(layer.parameters())
    assert torch.equal(layer.weight, before)
    assert torch.equal(layer.weight.grad, torch.full((2, 2), 3.0))
    assert layer.bias.grad is None
    assert processes.sums([1.0, 2.0]) == processes.largest([1.0, 2.0]) == [1.0, 2.0]
    processes.close()
