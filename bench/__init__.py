"""Figures that the project promises, measured. A module here has `measure()`, which yields `Figure`s; `python -m bench` runs them all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `limit` is what was promised; `at_least` says on which side of it the value must be."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the promise holds; a figure without a limit is only shown."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit
