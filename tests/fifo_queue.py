"""The rules of an SQS FIFO queue that feeds a function, as AWS documents them, with a clock of its own.

- A received message is in flight until it is deleted or its visibility time-out ends. Meanwhile its group gives no other.
- A receive returns up to `batch_size` messages, in the order in which they were sent, also several of one group.
- Each receive of a message counts. One that was received `max_receive_count` times becomes a dead letter instead.
- The function reports the failed messages of its batch. The others are deleted.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class FifoQueue:
    batch_size: int
    max_receive_count: int
    visibility_seconds: int
    now: int = 0
    dead_letters: list[str] = field(default_factory=list)
    delivered_at: dict[str, int] = field(default_factory=dict)
    _waiting: list[dict[str, Any]] = field(default_factory=list)
    _visible_at: dict[str, int] = field(default_factory=dict)
    _receives: Counter[str] = field(default_factory=Counter)

    def send(self, *messages):
        self._waiting.extend(messages)

    def run(self, handler):
        """Deliver until no message is left; wait for the next visibility time-out whenever none can be received."""
        while self._waiting:
            batch = self._receive()
            if not batch:
                self.now = min((time for time in self._visible_at.values() if time > self.now), default=self.now)
                continue
            failed = {failure["itemIdentifier"] for failure in handler({"Records": batch}, None)["batchItemFailures"]}
            for message in batch:
                if message["messageId"] not in failed:
                    self._waiting.remove(message)
                    self.delivered_at[message["messageId"]] = self.now

    def _receive(self):
        """Return the next batch, and move messages that were received too often to the dead letters."""
        batch, groups_in_flight = [], set()
        for message in list(self._waiting):
            identifier, group = message["messageId"], message["attributes"]["MessageGroupId"]
            if group in groups_in_flight or len(batch) == self.batch_size:
                continue
            if self._visible_at.get(identifier, 0) > self.now:
                groups_in_flight.add(group)
            elif self._receives[identifier] == self.max_receive_count:
                self._waiting.remove(message)
                self.dead_letters.append(identifier)
            else:
                self._receives[identifier] += 1
                self._visible_at[identifier] = self.now + self.visibility_seconds
                batch.append(message)
        return batch
