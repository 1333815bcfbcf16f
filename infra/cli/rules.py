"""`python main.py rules`: list, save and remove the rules of the shop."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.errors import ConfigurationError
from domain.records.audit import COMMAND_LINE
from domain.records.rules import ListedRule, RuleList, RulePlaces, RuleSaved, RuleTarget, RuleToSave
from infra.cli.arguments import as_columns
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases import rules

DESCRIPTION = """\
List the rules of the shop: what lists hide, pin, boost or bury. docs/rules.md describes them.

`rules save FILE.json` creates or replaces the rule of a file, and `rules remove RULE_ID` removes one. The audit keeps an
entry.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("rules", help="list, save and remove the rules of lists", description=DESCRIPTION)
    command.add_argument("--json", action="store_true", help="print the rules as JSON")
    command.set_defaults(run=run_list)
    actions = command.add_subparsers(title="actions", metavar="ACTION")
    save = actions.add_parser("save", help="create or replace the rule of a JSON file")
    save.add_argument("file", type=Path, metavar="FILE.json")
    save.set_defaults(run=run_save)
    remove = actions.add_parser("remove", help="remove a rule")
    remove.add_argument("rule_id", metavar="RULE_ID")
    remove.set_defaults(run=run_remove)


def run_list(parsed: argparse.Namespace, settings: Settings) -> int:
    stored = asyncio.run(_read(settings))
    if parsed.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(RuleList(rules=stored))).decode() + "\n")
    elif stored:
        heading = ("rule", "name", "action", "products", "where", "when", "status")
        sys.stdout.write(as_columns(heading, [_line(rule) for rule in stored]))
    else:
        sys.stdout.write("There are no rules.\n")
    return 0


def run_save(parsed: argparse.Namespace, settings: Settings) -> int:
    saved = asyncio.run(_save(settings, _rule_of(parsed.file)))
    verb = "Replaced" if saved.previous else "Created"
    sys.stdout.write(f"{verb} the rule {saved.rule.known_id} ({saved.rule.status}).\n")
    if saved.unknown_products:
        sys.stdout.write(f"No product has the id {', '.join(saved.unknown_products)}.\n")
    return 0


def run_remove(parsed: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_remove(settings, parsed.rule_id))
    sys.stdout.write("The rule is removed.\n")
    return 0


def _rule_of(file: Path) -> RuleToSave:
    """Read the rule of a file; raise ConfigurationError or InvalidFields."""
    try:
        rule = msgspec.json.decode(file.read_bytes(), type=RuleToSave)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not a rule: {error}.") from error
    rule.check()
    return rule


def _line(rule: ListedRule) -> tuple[str, ...]:
    amount = rule.position if rule.action == "pin" else rule.strength
    action = rule.action if rule.action == "hide" else f"{rule.action} {amount}"
    when = " ".join(
        f"{word} {instant.astimezone(UTC):%Y-%m-%d %H:%M}"
        for word, instant in (("from", rule.starts_at), ("until", rule.until))
        if isinstance(instant, datetime)
    )
    where = " ".join(_values_of(rule.where)) or "everywhere"
    return (rule.known_id, rule.name, action, " ".join(_values_of(rule.target)), where, when or "always", rule.status)


def _values_of(members: RuleTarget | RulePlaces) -> Iterator[str]:
    """Yield what a target or the places of a rule name, each as `member=value,value`."""
    for name, value in msgspec.to_builtins(members).items():
        yield f"{name}={','.join(map(str, value)) if isinstance(value, tuple | dict) else value}"


async def _read(settings: Settings) -> list[ListedRule]:
    async with open_repository(settings) as repository:
        return list((await repository.stored_rules()).rules)


async def _save(settings: Settings, rule: RuleToSave) -> RuleSaved:
    async with open_repository(settings) as repository:
        return await rules.save_rule(
            repository, rule.rule, now=datetime.now(UTC), actor=COMMAND_LINE, expected=rule.saved_at
        )


async def _remove(settings: Settings, rule_id: str) -> None:
    async with open_repository(settings) as repository:
        await rules.remove_rule(repository, rule_id, actor=COMMAND_LINE)
