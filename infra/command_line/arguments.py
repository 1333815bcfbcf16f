"""Values that commands take, each refused with one sentence."""

import argparse


def whole_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("expected 0 or more, as a whole number")
    return int(text)


def list_length(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("expected a whole number from 1 to 100")
    return int(text)


def days(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 36_500:
        raise argparse.ArgumentTypeError("expected more than 0 days")
    return number
