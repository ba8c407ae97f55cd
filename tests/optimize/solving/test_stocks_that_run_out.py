"""No policy takes from a stock that cannot be negative what is not there: an optimizer would find it out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import optimize as opt
import sd_models as sd

MODEL = """<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header><vendor>x</vendor>
<product version="1">y</product></header><sim_specs><start>0</start><stop>10</stop><dt>1</dt></sim_specs><model>
<variables><stock name="treasury"><eqn>100</eqn><outflow>spending</outflow><non_negative/></stock>
<stock name="roads"><eqn>0</eqn><inflow>spending</inflow></stock>
<flow name="spending"><eqn>wish</eqn><non_negative/></flow><aux name="wish"><eqn>5</eqn></aux>
</variables></model></xmile>"""


@pytest.mark.parametrize("lever", ["wish", "spending"])
def test_a_treasury_is_spent_once(tmp_path: Path, lever: str) -> None:
    """Roads are worth what the treasury held, whether the wish or the flow itself is decided; PySD's replay agrees."""
    path = tmp_path / "case.xmile"
    path.write_text(MODEL, encoding="utf-8")
    content = {
        "model": str(path),
        "horizon": [0, 9],
        "objective": {"maximize": "roads", "measure": "final"},
        "lever": [{"variable": lever, "lower": 0, "upper": 50}],
    }
    result = opt.verify(opt.solve(opt.Problem(sd.load(path), opt.read_plan(content))))
    assert result.objective == pytest.approx(100, abs=1e-9)
    assert result.verification is not None
    assert result.verification.gap.size <= 1e-12
    notes = " ".join((*result.notes, *result.verification.notes))
    assert "given the cut outflows: spending" in notes
    assert ("what treasury cannot give" in notes) is (lever == "spending")
    assert np.isfinite(result.policy[lever]).all()
