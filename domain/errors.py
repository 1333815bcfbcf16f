"""What can be wrong, as a tree one level deep; one table in the edge maps it to answers.

ShopError
├── CustomerNotFound      no customer has this id
├── ProductNotFound       an event names a product that the catalogue lacks
├── CustomerExists        the id is taken
├── EmailTaken            another customer has this e-mail, whatever its case
├── EventIdReused         an event_id or order_id that stands for other content already
├── TooManyItems          a list, or what is stored for one customer, would pass its bound
├── InvalidField          a value that is well-formed but not acceptable
├── EventTooOld           an event that the retention would delete at once
├── StoreBusy             the storage did not give its lock in time; the same may be asked again
├── StoreUnavailable      the storage cannot be reached, read or written; the same may be asked again
├── TrainingRunning       another training holds the database's lock
└── ConfigurationError              a setting, file or port that the program cannot start with
"""


class ShopError(Exception):
    """The root: an error that this project raises on purpose."""


class CustomerNotFound(ShopError):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"No customer has the id {customer_id!r}.")
        self.customer_id = customer_id


class ProductNotFound(ShopError):
    def __init__(self, product_id: str) -> None:
        super().__init__(f"No product has the id {product_id!r}.")
        self.product_id = product_id


class CustomerExists(ShopError):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"The customer id {customer_id!r} is taken.")
        self.customer_id = customer_id


class EmailTaken(ShopError):
    def __init__(self) -> None:
        super().__init__("Another customer has this e-mail address.")


class EventIdReused(ShopError):
    """Carry which namespace (`event_id` or `order_id`) and which id; the other content stays untouched."""

    def __init__(self, namespace: str, identifier: str) -> None:
        super().__init__(f"The {namespace} {identifier!r} already stands for other content.")
        self.namespace = namespace
        self.identifier = identifier


class TooManyItems(ShopError):
    pass


class InvalidField(ShopError):
    """Carry the JSON pointer of the field and what is wrong with it."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


class EventTooOld(ShopError):
    """Carry the JSON pointer of the event's instant."""

    def __init__(self, pointer: str, *, days: int) -> None:
        super().__init__(f"Expected an instant of the last {days} days")
        self.pointer = pointer


class StoreBusy(ShopError):
    pass


class StoreUnavailable(ShopError):
    pass


class TrainingRunning(ShopError):
    pass


class ConfigurationError(ShopError):
    pass
