"""The shop's own sources: the one file to edit. `docs/extending.md` has an example and the rules."""

from domain.ranking.extension import OwnSource

OWN_SOURCES: tuple[OwnSource, ...] = ()
