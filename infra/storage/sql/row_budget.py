"""How many rows a transaction may still write."""

MAX_ROWS = 1000


class RowBudget:
    """Count rows, of which some are reserved for small changes.

    The first piece of work always has room, as it could never be done otherwise.
    """

    def __init__(self, *, n_reserved: int = 0) -> None:
        self._max_rows = MAX_ROWS - n_reserved
        self._n_rows = 0

    def has_room_for(self, n_rows: int) -> bool:
        """Return whether `n_rows` more fit, and count them if so."""
        if self._n_rows and self._n_rows + n_rows > self._max_rows:
            return False
        self._n_rows += n_rows
        return True
