"""Money is integer micro-dollars; as text it has six decimals."""


def usd(micros: int) -> str:
    """Micro-dollars as `0.001234`."""
    return f"{micros // 1_000_000}.{micros % 1_000_000:06}"
