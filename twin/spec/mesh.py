"""Mesh recipes: how finely a chip with its cooling is divided; data that scenarios name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from twin.spec.base import Ratio, Spec
from twin.spec.chip import Array


class LayerCells(Spec):
    """Cells through the thickness of each kind of layer."""

    heat: Annotated[int, Field(ge=1)]
    solid: Annotated[int, Field(ge=1)]
    channels: Annotated[int, Field(ge=1)]


class MeshRecipe(Spec):
    """Cells of a tile, graded towards its edges, and of the layers.

    cells_per_tile : cells of one tile along x and y
    edge_share : size of a tile's outermost cells over that of equal cells (1: equal cells)
    layers : cells through the thickness by kind of layer
    named_layers : the same for single layers by name, where they need other numbers
    """

    title: str = ""
    cells_per_tile: Array
    edge_share: Annotated[Ratio, Field(gt=0, le=1)]
    layers: LayerCells
    named_layers: dict[str, Annotated[int, Field(ge=1)]] = {}

    @model_validator(mode="after")
    def _gradable(self) -> MeshRecipe:
        if self.edge_share < 1 and min(self.cells_per_tile.x, self.cells_per_tile.y) < 3:
            raise ValueError("edge_share below 1 needs at least 3 cells_per_tile along x and y")
        return self
