"""The errors that this project raises on purpose: a tree one level deep, mapped to answers by one table in `infra.http`.

ShopError
├── CustomerNotFound      no customer has this id
├── ProductNotFound       an event names a product that the catalogue lacks
├── OrderNotFound         no order of the customer has this id
├── AddressNotFound       no address of the customer has this id
├── RuleNotFound          no rule has this id
├── RuleChanged           the rule is not the one any more that a change expects
├── ExperimentNotFound    no experiment has this id
├── ExperimentRefused     an experiment cannot be saved, removed or reported now
├── CustomerExists        the id is taken
├── EmailTaken            another customer has this e-mail, whatever its case
├── MergeRefused          who shall be merged is no guest, or cannot be merged into this customer
├── TokenRefused          no browser may have a token for this id
├── EventIdReused         the event_id or order_id belongs to other content
├── MoreThanBought        an amended order would keep more of a product than was bought
├── TooManyItems          a list, or the number of items of one customer, of rules or of experiments, exceeds its limit
├── InvalidField          a well-formed value that is not acceptable
├── InvalidFields         several of them
├── EventTooOld           an event older than the retention period
├── StoreBusy             the storage lock was not free in time; the request can be repeated
├── StoreUnavailable      the storage cannot be reached, read or written; the request can be repeated
├── StoreUnreachable      the database does not answer while it is opened; a server can wait for it
├── TrainingRunning       another training holds the lock of the database
├── ModelNotFound         no stored model has this id
└── ConfigurationError    a setting, file, option or port that the program cannot work with
"""


class ShopError(Exception):
    """The root of the tree."""


class CustomerNotFound(ShopError):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"No customer has the id {customer_id!r}.")
        self.customer_id = customer_id


class ProductNotFound(ShopError):
    def __init__(self, product_id: str) -> None:
        super().__init__(f"No product has the id {product_id!r}.")
        self.product_id = product_id


class OrderNotFound(ShopError):
    def __init__(self, order_id: str) -> None:
        super().__init__(f"The customer has no order with the id {order_id!r}.")
        self.order_id = order_id


class AddressNotFound(ShopError):
    def __init__(self, address_id: str) -> None:
        super().__init__(f"The customer has no address with the id {address_id!r}.")
        self.address_id = address_id


class RuleNotFound(ShopError):
    def __init__(self, rule_id: str) -> None:
        super().__init__(f"No rule has the id {rule_id!r}.")
        self.rule_id = rule_id


class RuleChanged(ShopError):
    """Another version of a rule is stored than a change expects, or none."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"The rule {rule_id!r} was changed or removed since this version of it. Read it again.")
        self.rule_id = rule_id


class ExperimentNotFound(ShopError):
    def __init__(self, experiment_id: str) -> None:
        super().__init__(f"No experiment has the id {experiment_id!r}.")
        self.experiment_id = experiment_id


class ExperimentRefused(ShopError):
    pass


class CustomerExists(ShopError):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"The customer id {customer_id!r} is taken.")
        self.customer_id = customer_id


class EmailTaken(ShopError):
    def __init__(self) -> None:
        super().__init__("Another customer has this e-mail address.")


class MergeRefused(ShopError):
    pass


class TokenRefused(ShopError):
    pass


class EventIdReused(ShopError):
    """Carry the namespace (`event_id` or `order_id`) and the id; the stored event stays unchanged."""

    def __init__(self, namespace: str, identifier: str) -> None:
        super().__init__(f"The {namespace} {identifier!r} already belongs to other content.")
        self.namespace = namespace
        self.identifier = identifier


class MoreThanBought(ShopError):
    """Carry the JSON pointer of each item that was not bought in this quantity, and the reason."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        super().__init__("The order did not have all that would be left of it.")
        self.items = items


class TooManyItems(ShopError):
    pass


class InvalidField(ShopError):
    """Carry the JSON pointer of the field and the reason."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail

    @property
    def fields(self) -> "tuple[InvalidField, ...]":
        return (self,)


class InvalidFields(ShopError):
    """Carry an InvalidField for each value."""

    def __init__(self, *fields: InvalidField) -> None:
        super().__init__("; ".join(f"{field.pointer}: {field.detail}" for field in fields))
        self.fields = fields


def pointer_below(pointer: str, name: str) -> str:
    """Return the JSON pointer (RFC 6901) of the member `name` of what `pointer` points to."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


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


class ModelNotFound(ShopError):
    def __init__(self, model_id: str) -> None:
        super().__init__(f"No stored model has the id {model_id!r}; `python main.py models` lists them.")


class ConfigurationError(ShopError):
    pass


class StoreUnreachable(ShopError):
    pass
