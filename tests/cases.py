"""Many small cases in one test: all are tried, and all that fail are reported together, each with its name.

A test of its own for each of thousands of requests would take longer to begin and to report than to run.
"""

from contextlib import contextmanager


class Cases:
    """Collect the failures of named cases; leave the context with all of them as one group of errors."""

    def __init__(self):
        self._failures = []
        self._n_tried = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert self._n_tried, "no case was tried"
            if self._failures:
                names, errors = zip(*self._failures, strict=True)
                raise ExceptionGroup(f"{len(errors)} of {self._n_tried} cases failed: {', '.join(names)}", errors)

    @contextmanager
    def case(self, name):
        self._n_tried += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised at the end, with all others
            error.add_note(f"in the case {name}")
            self._failures.append((name, error))
