"""Ctrl-C held back: until it is let through or the block ends, and only once."""

import os
import signal
import threading

import pytest

from bayesian_nn.runtime.interrupts import interrupts_held_back


def press():
    os.kill(os.getpid(), signal.SIGINT)


def until_interrupted(block):
    """How far the block came."""
    reached = []
    with pytest.raises(KeyboardInterrupt):
        block(reached.append)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return reached


def test_it_comes_where_it_is_let_through():
    def block(reach):
        with interrupts_held_back() as let_through:
            let_through()
            press()
            reach("after the press")
            let_through()
            reach("too far")

    assert until_interrupted(block) == ["after the press"]


def test_it_comes_at_the_block_s_end_at_the_latest():
    def block(reach):
        with interrupts_held_back():
            press()
            reach("the block's end")
        reach("too far")

    assert until_interrupted(block) == ["the block's end"]


def test_pressed_again_it_comes_at_once():
    def block(reach):
        with interrupts_held_back():
            press()
            reach("after the first")
            press()
            reach("too far")

    assert until_interrupted(block) == ["after the first"]


def test_an_error_is_not_hidden_and_the_handler_is_put_back():
    def fail():
        with interrupts_held_back():
            press()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert until_interrupted(lambda reach: press()) == []


def test_another_handler_is_asked_and_another_thread_left_alone():
    calls = []
    usual = signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    try:
        with interrupts_held_back() as let_through:
            press()
            assert not calls
            let_through()
            assert calls == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, usual)
    done = []

    def elsewhere():
        with interrupts_held_back() as let_through:
            let_through()
            done.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert done
