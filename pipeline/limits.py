"""What a file may cost before it is given up."""

from __future__ import annotations

from dataclasses import dataclass

from scanpage.errors import UsageError

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run; what goes over them fails, alone, with a message that names the option.

    Attributes:
        max_pages: how many pages are read of one input.
        max_pixels: the largest picture that is decoded. PDF pages are drawn at a lower resolution to keep to it.
        timeout_s: how long opening a file, or drawing one page of it, may take.
    """

    max_pages: int = 5000
    max_pixels: int = 100_000_000
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if self.max_pages < 1:
            raise UsageError(f"--max-pages must be 1 or more, got {self.max_pages}")
        if not 100_000 <= self.max_pixels <= 10_000_000_000:
            raise UsageError(f"--max-pixels must lie between 0.1 and 10000, got {self.max_pixels / 1e6:g}")
        if not 1.0 <= self.timeout_s <= _DAY_S:
            raise UsageError(f"--timeout must lie between 1 and {_DAY_S:.0f} seconds, got {self.timeout_s:g}")

    @property
    def memory(self) -> int:
        """Bytes to open a file with: one and a half of the largest picture, at four bytes a pixel, and room."""
        return 6 * self.max_pixels + (128 << 20)


DEFAULT_LIMITS = Limits()
