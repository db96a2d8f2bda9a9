"""Nu_H2 of a rectangular duct: the same heat flux on every point of its walls and along them.

Source: Shah & London, Laminar Flow Forced Convection in Ducts, Academic Press 1978, ch. II.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg as linalg

from twin.fe.duct import Duct
from twin.fe.section import conduction, line_load, weighted


def nusselt_h2(duct: Duct) -> float:
    """Return D_h q / k over the mean of the walls' temperature above the bulk's, all four walls heated.

    lap T = (P/A)(u/u_m), dT/dn = 1 on the walls, for unit q / k.
    """
    section = duct.section
    trial, test = section.trial_and_test()
    stiffness = section.matrix(conduction(1.0, 1.0, trial, test, section.measure)).tocsc()
    velocity = section.function(duct.relative_velocity)
    flow = section.matrix(weighted(velocity, trial, test, section.measure)) @ np.ones(section.size)
    walls = np.zeros(section.shape)
    walls[:, 0] += line_load(section.nodes_up)
    walls[0] += line_load(section.nodes_across)
    walls[-1] += line_load(section.nodes_across)
    perimeter = walls.sum()
    load = walls.ravel() - perimeter * flow / flow.sum()
    # Temperatures are known up to a constant: one node is held, the balance of the load does the rest.
    field = np.zeros(section.size)
    field[1:] = linalg.splu(stiffness[1:, 1:].tocsc()).solve(load[1:])
    above = walls.ravel() @ field / perimeter - flow @ field / flow.sum()
    return float(duct.hydraulic_diameter / above)
