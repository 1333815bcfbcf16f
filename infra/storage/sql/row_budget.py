"""How many rows a transaction may still write."""

MAX_ROWS = 1000


class RowBudget:
    """Count rows; the first piece of work always has room, as it could never be done otherwise."""

    def __init__(self) -> None:
        self.n_rows = 0

    def has_room_for(self, n_rows: int) -> bool:
        """Return whether `n_rows` more fit, and count them if so."""
        if self.n_rows and self.n_rows + n_rows > MAX_ROWS:
            return False
        self.n_rows += n_rows
        return True
