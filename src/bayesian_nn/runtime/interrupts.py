"""Ctrl-C that comes between two steps, and not within one."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["interrupts_held_back"]


@contextmanager
def interrupts_held_back() -> Iterator[Callable[[], None]]:
    """Gives a function that lets through a Ctrl-C that came before it is called; the block's end lets it
    through, too. Pressed once more, it is not held back.

    Raised within TensorFlow, a KeyboardInterrupt is now and then lost in a destructor, or crashes Python.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        # It comes to the main thread alone, or to none.
        yield lambda: None
        return
    pressed = []

    def hold_back(number, frame):
        pressed.append(number)
        signal.signal(signal.SIGINT, handler)

    def let_through():
        if pressed:
            handler(pressed.pop(), None)

    signal.signal(signal.SIGINT, hold_back)
    try:
        yield let_through
    finally:
        signal.signal(signal.SIGINT, handler)
    let_through()
