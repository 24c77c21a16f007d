"""What the report says of a number that has a bound and an aim: nothing, or that it missed one of them."""


def at_least(value: float, bound: float, aim: float) -> str:
    """`value`, marked where it is too low."""
    return _marked(f"{value:.2f}", missed=value < bound, short=value < aim)


def at_most(value: float, bound: float, aim: float | None = None) -> str:
    """`value`, marked where it is too high."""
    return _marked(f"{value:.1f}", missed=value > bound, short=aim is not None and value > aim)


def _marked(text: str, *, missed: bool, short: bool) -> str:
    if missed:
        return f"{text} **missed**"
    return f"{text} *below the aim*" if short else text
