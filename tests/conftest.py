"""What all tests share."""

import signal


def pytest_configure() -> None:
    """Take Ctrl-C as a terminal has it: where a shell started the tests in the background, children would ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
