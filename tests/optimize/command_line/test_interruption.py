"""A signal ends the program until work can keep what it has, then the work, and a second one the program again."""

import signal

import pytest

from optimize.command_line.interruption import Interruption, interruptible
from optimize.command_line.requests import Terminated
from optimize.solvers.solver import Ending

ENDS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]


@pytest.mark.parametrize(("number", "raised"), ENDS)
def test_a_signal_before_work_can_keep_anything_ends_the_program(number: int, raised: type[BaseException]) -> None:
    """While a model is read and compiled there is no policy yet."""
    with pytest.raises(raised), interruptible():
        signal.raise_signal(number)


@pytest.mark.parametrize(("number", "raised"), ENDS)
def test_a_signal_afterwards_is_an_ending(number: int, raised: type[BaseException]) -> None:
    """Work that asks whether to stop is told so, and ends itself; who asks twice is obeyed at once."""
    with interruptible() as interruption:
        assert interruption.ending() is None
        signal.raise_signal(number)
        assert interruption.ending() is Ending.INTERRUPTED
        assert interruption.received == number
        with pytest.raises(raised):
            signal.raise_signal(number)


def test_signals_are_handled_as_before_in_the_end() -> None:
    """Also after one was received."""
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as interruption:
        assert signal.getsignal(signal.SIGINT) == interruption.handle
    assert signal.getsignal(signal.SIGINT) == before
    assert not Interruption().keeping
