"""The model error of a wafer's cooling: its homogenised channel layer against the resolved channel cell."""

from __future__ import annotations

from twin.engine.plant import WaferPlant
from twin.results.model_error import ModelError
from twin.spec.channel import Channel
from twin.spec.cooling import ChannelDesign
from twin.thermal.channel_homogenised import homogenisation_error, layered_resistance

QUANTITY = "thermal resistance of the channel layer"
SOURCE = "homogenised walls with one coefficient, against the resolved cell of one channel; developed flow"


def model_errors(plant: WaferPlant) -> tuple[ModelError, ...]:
    """Return what the thermal model of a wafer is known to miss.

    Empty without channels, and where the heat transfer is given: it may be that of the resolved cell.
    """
    design = plant.design
    if not isinstance(design, ChannelDesign) or design.channels.heat_transfer != "correlation":
        return ()
    channel = wafer_channel(plant, design)
    cell = layered_resistance(channel)
    share = cell / (cell + resistance_below(plant, design))
    return (ModelError(QUANTITY, homogenisation_error(channel), share, SOURCE),)


def wafer_channel(plant: WaferPlant, design: ChannelDesign) -> Channel:
    """Return one channel of a wafer: the layer below it is its base, the one above it its cover.

    Flow and heat flux are the scenario's flow through one piece and 1 W/m2; the developed resistance depends
    on neither.
    """
    channels, place, size = design.channels, design.channel_index, plant.chip.size
    base = design.layers[place - 1] if place else plant.chip.layers[-1]
    cover = None if design.covered else design.layers[place + 1]
    lengths = {
        "width": channels.width, "wall": channels.wall, "height": design.layers[place].thickness,
        "base": base.thickness, "cover": cover.thickness if cover else 0.0,
    }  # fmt: skip
    parallel = channels.pieces * size.x / (channels.width + channels.wall)
    return Channel.model_validate(
        {
            "kind": "channel",
            "channel": {name: f"{length!r} m" for name, length in lengths.items()},
            "wall_material": channels.wall_material,
            "base_material": base.material,
            "cover_material": cover.material if cover else None,
            "coolant": plant.cooling.coolant,
            "inlet_temperature": f"{plant.cooling.inlet_temperature!r} K",
            "heat_flux": "1 W/m^2",
            "flow_rate": f"{plant.cooling.flow_rate / parallel!r} m^3/s",
            "length": f"{size.y / channels.pieces!r} m",
        }
    )


def resistance_below(plant: WaferPlant, design: ChannelDesign) -> float:
    """Return the resistance in m2 K/W between the mean of the heat layer and the base of the channels.

    Heat that a layer releases uniformly leaves its mean t / (3 k) above the face that it leaves by.
    """
    layers = plant.thermal.layers
    heated = next(i for i, layer in enumerate(plant.chip.layers) if layer.heat)
    channels = len(plant.chip.layers) + design.channel_index
    total = sum(layer.contact_resistance_below for layer in layers[heated + 1 : channels + 1])
    for number in range(heated, channels - 1):
        own = layers[number].thickness / layers[number].conductivity[2]
        total += own / 3.0 if number == heated else own
    return total
