"""DynamicFrame as a thin cover of a DataFrame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class DynamicFrame:
    """Holds a DataFrame with a fixed schema; choice types do not exist here."""

    def __init__(self, frame: Any, glue_ctx: Any, name: str = "") -> None:
        self._frame = frame
        self.glue_ctx = glue_ctx
        self.name = name

    @classmethod
    def fromDF(cls, dataframe: Any, glue_ctx: Any, name: str) -> DynamicFrame:
        """Covers a DataFrame."""
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options: Any = None) -> Any:
        """Returns the DataFrame."""
        return self._frame

    def count(self) -> int:
        """Counts the rows."""
        return self._frame.count()

    def printSchema(self) -> None:
        """Prints the DataFrame's schema."""
        self._frame.printSchema()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(
            f"local Glue has no DynamicFrame.{name}: use toDF() and Spark's own"
        )
