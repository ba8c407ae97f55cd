"""A verdict claims what was found and no more: which findings have which standing, and the words that people read."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from optimize.files.words import placeholders
from optimize.results.verdict import NO_POLICY, Curvature, Findings, Looked, Standing, Verdict, Verification, judge
from optimize.results.violations import Violation
from optimize.results.voice import Voice
from optimize.results.words import WORDS
from optimize.runs.comparison import Gap
from optimize.solvers.solver import Ending

NUMBER, WORD = re.compile(r"\d+(?:\.\d+)?(?:e[+-]\d+)?"), re.compile(r"[A-Za-z]+")
LOOKED = Looked(Curvature.HOLDS, 0.5, 3, 0, 100, 0.0, 1.0)
GOOD = Findings(Ending.OPTIMAL, 1e-8, 1e-9, "x", looked=LOOKED)
HELD = Violation("floor", 0.0, "floor[north]", 3.0, 1.0, 1.0)
AGREES = Verification(Gap(2e-12, "welfare", 2.5, 4), 7.0, (HELD,), 0.1)
FLAT = replace(LOOKED, directions=3, flat_directions=2, kinks=("MAX in joy", "table of joy"))
IDLE = replace(LOOKED, idle=("spending", "saving"), is_idle=True)

# Findings before a replay in PySD, and all that people read of them.
VERDICTS = {
    "optimum": (
        GOOD,
        "Local optimum, not replayed yet. No policy near is better (KKT residual 1.0e-08, largest violation of a limit "
        "1.0e-09); PySD has not replayed it. Second order: least curvature 0.5. None of 100 other policies is better. "
        "`prosperity verify RUN` or `opt.verify(result)` does, unless a note says that nothing is compared.",
    ),
    "optimum that flat directions and kinks go through": (
        replace(GOOD, looked=FLAT),
        "Local optimum, not replayed yet. No policy near is better (KKT residual 1.0e-08, largest violation of a limit "
        "1.0e-09); PySD has not replayed it. Second order: least curvature 0.5; 2 directions have none: to second "
        "order, policies along them are as good. It stands on kinks: MAX in joy, table of joy; no branch is better. "
        "None of 100 other policies is better. `prosperity verify RUN` or `opt.verify(result)` does, unless a note "
        "says that nothing is compared.",
    ),
    "optimum with one flat direction": (
        replace(GOOD, looked=replace(LOOKED, flat_directions=1)),
        "Local optimum, not replayed yet. No policy near is better (KKT residual 1.0e-08, largest violation of a limit "
        "1.0e-09); PySD has not replayed it. Second order: least curvature 0.5; 1 direction has none: to second order, "
        "policies along it are as good. None of 100 other policies is better. `prosperity verify RUN` or "
        "`opt.verify(result)` does, unless a note says that nothing is compared.",
    ),
    "optimum in a corner": (
        replace(GOOD, looked=replace(LOOKED, least_curvature=math.inf, directions=0)),
        "Local optimum, not replayed yet. No policy near is better (KKT residual 1.0e-08, largest violation of a limit "
        "1.0e-09); PySD has not replayed it. Second order: no direction is left. None of 100 other policies is better. "
        "`prosperity verify RUN` or `opt.verify(result)` does, unless a note says that nothing is compared.",
    ),
    "the only policy, which is given and not found": (
        replace(GOOD, looked=replace(LOOKED, least_curvature=math.inf, directions=0, probes=0, is_only=True)),
        "Nothing is left to decide in this plan. Bounds and limits leave no other policy (largest violation of a limit "
        "1.0e-09); PySD has not replayed it. `prosperity verify RUN` or `opt.verify(result)` does, unless a note says "
        "that nothing is compared.",
    ),
    "optimum without a look around": (
        replace(GOOD, looked=replace(LOOKED, probes=0)),
        "Local optimum, not replayed yet. No policy near is better (KKT residual 1.0e-08, largest violation of a limit "
        "1.0e-09); PySD has not replayed it. Second order: least curvature 0.5. No other policy was tried. "
        "`prosperity verify RUN` or `opt.verify(result)` does, unless a note says that nothing is compared.",
    ),
    "convex, so nothing else is looked at": (
        replace(GOOD, looked=None, convex=True),
        "Local optimum, not replayed yet. No policy near is better (KKT residual 1.0e-08, largest violation of a limit "
        "1.0e-09); PySD has not replayed it. `prosperity verify RUN` or `opt.verify(result)` does, unless a note says "
        "that nothing is compared.",
    ),
    "first order alone": (
        replace(GOOD, looked=None),
        "Stationary point. First order holds (KKT residual 1.0e-08); nothing else was looked at. Let it come to its "
        "end.",
    ),
    "a better policy near by": (
        replace(GOOD, looked=replace(LOOKED, better=0.01234)),
        "Stationary point. First order holds (KKT residual 1.0e-08), but a policy near by is better by 0.0123, from "
        "which the search did not go on. Give it more time, or other starts (--starts 5).",
    ),
    "negative curvature": (
        replace(GOOD, looked=replace(LOOKED, curvature=Curvature.NEGATIVE, least_curvature=-0.123)),
        "Stationary point. First order holds (KKT residual 1.0e-08), but along a direction the objective curves "
        "upwards (-0.12). Try other starts (--starts 5).",
    ),
    "curvature that is not known": (
        replace(GOOD, looked=replace(LOOKED, curvature=Curvature.UNKNOWN)),
        "Stationary point. First order holds (KKT residual 1.0e-08); whether curvature of a higher order, or a kink, "
        "makes another policy better is not known. Try --solver ipopt too.",
    ),
    "levers that move nothing": (
        replace(GOOD, looked=IDLE),
        "No gradient. The objective does not move with any lever here: spending, saving. None of 100 other policies is "
        "better. Start elsewhere (--starts 20).",
    ),
    "what makes it flat": (
        replace(GOOD, looked=replace(IDLE, kinks=("MAX in joy", "table of joy"))),
        "No gradient. The objective does not move with any lever here: spending, saving; flat: MAX in joy, table of "
        "joy. None of 100 other policies is better. Start elsewhere (--starts 20).",
    ),
    "no usable run": (
        Findings(Ending.FAILED, math.inf, math.inf),
        "Failed. There is no usable run. Look at the notes.",
    ),
    "no usable run, and why": (
        Findings(Ending.FAILED, math.inf, math.inf, failure="welfare is NaN at 3."),
        "Failed. welfare is NaN at 3. Look at the notes.",
    ),
    "the solver failed, with a policy": (
        Findings(Ending.FAILED, 1e-3, 0.0),
        "Failed. The solver failed; where it ended keeps all limits, its KKT residual is 1.0e-03, and is not told as a "
        "policy. Look at the notes.",
    ),
    "a limit that no lever moves": (
        Findings(Ending.INFEASIBLE, 0.0, 0.0, failure="No lever moves the floor."),
        "Infeasible. No lever moves the floor. Change the limit, or make something that it follows from a lever.",
    ),
    "limits that conflict": (
        Findings(Ending.INFEASIBLE, 1.0, 0.5, "floor[north]"),
        "Infeasible. No policy near fulfils all limits; where the search came nearest, floor[north] is missed by "
        "50.00% of its size. See which limits conflict, and relax one of them.",
    ),
    "levers that go on without end": (
        Findings(Ending.UNBOUNDED, math.inf, 0.0, failure="spending[north]"),
        "Unbounded. Nothing holds it: the objective goes on growing with spending[north]. Give these levers bounds, or "
        "a limit on what they cost.",
    ),
    "time": (
        Findings(Ending.TIME_LIMIT, 1e-3, 0.0),
        "Best found, limit reached. The time limit was reached; this is the best policy so far that keeps all limits, "
        "its KKT residual is 1.0e-03. Give it more time (--time-limit).",
    ),
    "iterations": (
        Findings(Ending.ITERATION_LIMIT, math.inf, 0.0),
        "Best found, limit reached. The limit of iterations was reached; this is the best policy so far that keeps all "
        "limits, no optimum yet. Allow more (iterations in [solver]).",
    ),
    "a tolerance at which nothing counts as an optimum": (
        Findings(Ending.OPTIMAL, 1e-3, 0.0),
        "Best found, limit reached. The solver reached its tolerance, but an optimum has residuals of 1e-06 at most; "
        "this is the best policy so far that keeps all limits, its KKT residual is 1.0e-03. Set a smaller tolerance in "
        "[solver].",
    ),
    "interruption": (
        Findings(Ending.INTERRUPTED, math.inf, 2e-4, "floor[north]"),
        "Best found, interrupted. It was interrupted; no policy that keeps all limits was found: this one misses "
        "floor[north] by 2.0e-04 of its size. Start again from this policy or from scratch.",
    ),
    "no progress": (
        Findings(Ending.STALLED, 1e-4, 1e-3, "floor[north]"),
        "Best found, stalled. No step makes progress; no policy that keeps all limits was found: this one misses "
        "floor[north] by 0.10% of its size. Try --solver ipopt or other starts, or look for kinks.",
    ),
    "a contradiction that the policy does not show": (
        Findings(Ending.INFEASIBLE, 1e-3, 0.0),
        "Best found, stalled. No step makes progress; this is the best policy so far that keeps all limits, its KKT "
        "residual is 1.0e-03. Try --solver ipopt or other starts, or look for kinks.",
    ),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_a_verdict_says_what_was_found_and_what_to_do(case: str) -> None:
    """Standing, sentence, advice; nothing is an optimum before PySD has replayed it."""
    found, said = VERDICTS[case]
    verdict = judge(found)
    assert str(verdict) == said
    assert said.lower().startswith(verdict.word)
    assert not verdict.is_optimal


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        (
            GOOD,
            "Local optimum. No policy near is better (KKT residual 1.0e-08, largest violation of a limit 1.0e-09, gap "
            "to PySD's replay 2.0e-12). Second order: least curvature 0.5. None of 100 other policies is better. Other "
            "starts (--starts 5) look further away.",
        ),
        (
            replace(GOOD, convex=True, looked=replace(LOOKED, curvature=Curvature.NEGATIVE)),
            "Proved optimum. No policy is better (KKT residual 1.0e-08, largest violation of a limit 1.0e-09, gap to "
            "PySD's replay 2.0e-12).",
        ),
        (
            replace(GOOD, looked=replace(LOOKED, directions=0, is_only=True, is_idle=True)),
            "Nothing is left to decide in this plan. Bounds and limits leave no other policy (largest violation of a "
            "limit 1.0e-09, gap to PySD's replay 2.0e-12).",
        ),
    ],
)
def test_a_replay_makes_an_optimum(findings: Findings, said: str) -> None:
    """Local, or proved where the problem is convex or leaves nothing to choose."""
    verdict = judge(findings, AGREES)
    assert str(verdict) == said
    assert verdict.is_optimal


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_was_not_replayed_is_called_no_more_than_what_was(language: str) -> None:
    """The word of a local optimum, and what that word means, with what is missing besides."""
    voice = Voice(language)
    before, after = judge(GOOD), judge(GOOD, AGREES)
    assert before.word.startswith(f"{after.word}, ")
    assert voice.standing(before.called).startswith(voice.standing(after.called))
    assert {"en": "one far away may be", "zh": "更远处可能有"}[language] in voice.meaning(before.called)


@pytest.mark.parametrize(("starts", "told"), [(1, "--starts 5"), (4, "--starts 8"), (5, "--starts 10")])
def test_more_starts_are_advised_than_there_were(starts: int, told: str) -> None:
    """Whoever took the advice is not given it again."""
    for found in (GOOD, replace(GOOD, looked=replace(LOOKED, curvature=Curvature.NEGATIVE))):
        assert f"({told})" in judge(found, AGREES, starts).advice
    assert "(--starts 20)" in judge(replace(GOOD, looked=IDLE), AGREES, starts).advice
    assert "(--starts 40)" in judge(replace(GOOD, looked=IDLE), AGREES, 20).advice


@pytest.mark.parametrize("case", [case for case in VERDICTS if not judge(VERDICTS[case][0], AGREES).is_optimal])
def test_a_replay_makes_no_optimum_of_anything_else(case: str) -> None:
    """The verdict stays what it was."""
    found, said = VERDICTS[case]
    assert str(judge(found, AGREES)) == said


@pytest.mark.parametrize("standing", Standing)
def test_a_standing_tells_whether_there_is_a_policy_and_an_optimum(standing: Standing) -> None:
    """A search that ended early has a policy; one that found limits in conflict, or no run, has none."""
    verdict = Verdict(standing, "Fine.", "Go on.")
    assert str(verdict) == f"{str(standing).capitalize()}. Fine. Go on."
    assert str(replace(verdict, advice="")) == f"{str(standing).capitalize()}. Fine."
    assert verdict.is_optimal == (standing in ("proved optimum", "proved within a gap", "local optimum"))
    assert verdict.is_policy == (standing not in ("refuted", "infeasible", "unbounded", "failed"))
    assert (standing in NO_POLICY) != verdict.is_policy


@pytest.mark.parametrize("change", [{"kkt_residual": 1e-6}, {"violation": 1e-6}])
def test_a_millionth_is_an_optimum_and_more_is_none(change: dict[str, float]) -> None:
    """Whatever the solver says; no number is none either."""
    (name, most), *_ = change.items()
    assert judge(replace(GOOD, **change), AGREES).is_optimal  # type: ignore[arg-type]
    for more in (1.01 * most, math.nan):
        verdict = judge(replace(GOOD, **{name: more}), AGREES)  # type: ignore[arg-type]
        assert verdict.standing is Standing.LIMIT_REACHED


def test_a_limit_that_was_reached_at_the_optimum_is_none() -> None:
    """What counts is where the policy is, not why the solver stopped."""
    for ending in (Ending.ITERATION_LIMIT, Ending.STALLED, Ending.FAILED, Ending.INFEASIBLE):
        assert judge(replace(GOOD, ending=ending)).standing is Standing.UNVERIFIED


@pytest.mark.parametrize("better", [1e-12, 5.0])
def test_any_better_policy_is_told(better: float) -> None:
    """By however little; what counts as better was decided where it was found."""
    assert judge(replace(GOOD, looked=replace(LOOKED, better=better)), AGREES).standing is Standing.STATIONARY


# --- the replay -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, 'agrees with ours: largest gap 2.0e-12 ("welfare" at 2.5)'),
        ({"gap": Gap(0.0, "welfare", 2.5, 4)}, "agrees with ours: largest gap 0.0e+00"),
        ({"gap": Gap(1e-6, "welfare", 2.5, 4)}, 'agrees with ours: largest gap 1.0e-06 ("welfare" at 2.5)'),
        ({"gap": Gap(1.01e-6, "joy", 7.0, 4)}, 'differs from ours: largest gap 1.0e-06 ("joy" at 7)'),
    ],
)
def test_a_replay_says_where_it_differs(changes: dict[str, Gap], sentence: str) -> None:
    """Up to a millionth it agrees."""
    found = replace(AGREES, **changes)  # type: ignore[arg-type]
    assert found.sentence == f"PySD's run of the policy {sentence}; the largest violation of a limit there is 0.0e+00."
    assert found.passed == sentence.startswith("agrees")


def test_a_run_that_pysd_does_not_reproduce_is_refuted() -> None:
    """However good it looked."""
    found = replace(AGREES, gap=Gap(1e-4, "welfare", 2.5, 4))
    verdict = judge(replace(GOOD, convex=True), found)
    assert verdict.standing is Standing.REFUTED
    assert str(verdict) == f"Refuted. {found.sentence} Trust PySD's run; report the model, please."


def test_what_a_folder_says_and_is_not_so_refutes_it() -> None:
    """Also where PySD agrees."""
    found = replace(AGREES, doubts=("the objective is 8", "the floor is missed"))
    verdict = judge(GOOD, found)
    assert not found.passed
    assert verdict.standing is Standing.REFUTED
    assert str(verdict) == (
        "Refuted. What the folder says is not so: the objective is 8; the floor is missed. PySD's run of the policy "
        'agrees with ours: largest gap 2.0e-12 ("welfare" at 2.5); the largest violation of a limit there is 0.0e+00. '
        "Optimize again."
    )


def test_limits_have_to_hold_in_pysds_run_too() -> None:
    """A gap too small to be one may still exceed a limit: the worst one is named."""
    missed = (HELD, replace(HELD, size=3e-6, place="floor[south]"), replace(HELD, size=2e-6, place="budget"))
    found = replace(AGREES, violations=missed)
    assert found.largest_limit_violation == 3e-6
    for findings in (GOOD, replace(GOOD, violation=1e-6), replace(GOOD, violation=2.5e-6, violated="ours")):
        verdict = judge(findings, found)
        assert not verdict.is_optimal
        assert "misses floor[south] in PySD's run by 3.0e-06 of its size" in verdict.sentence
    assert "misses ours by 4.0e-06" in judge(replace(GOOD, violation=4e-6, violated="ours"), found).sentence
    within = replace(AGREES, violations=(replace(HELD, size=1e-6),))
    assert "largest violation of a limit 1.0e-09" in judge(GOOD, within).sentence


# --- in Chinese -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VERDICTS)
@pytest.mark.parametrize(
    "replayed", [None, AGREES, replace(AGREES, doubts=("x",)), replace(AGREES, gap=Gap(1.0, "y", 2.0, 1))]
)
def test_every_verdict_is_said_in_chinese(case: str, replayed: Verification | None) -> None:
    """With the same numbers, and no English but names, options and commands."""
    found, _ = VERDICTS[case]
    english, chinese = (judge(found, replayed, voice=Voice(language)) for language in ("en", "zh"))
    told = chinese.told(Voice("zh"))
    assert chinese.standing is english.standing
    assert sorted(NUMBER.findall(str(english))) == sorted(NUMBER.findall(told))
    kept = (
        "spending",
        "saving",
        "floor",
        "north",
        "MAX in joy",
        "table of joy",
        "welfare is NaN at",
        "welfare",
        "No lever moves the",
    )
    for text in (*kept, "KKT", "PySD", "prosperity verify RUN", "opt.verify(result)", "--starts", "--solver ipopt"):
        told = told.replace(text, "")
    told = told.replace("--time-limit", "").replace("iterations", "").replace("[solver]", "")
    assert not [word for word in WORD.findall(told) if len(word) > 1]


def test_every_text_has_both_languages_and_the_same_values() -> None:
    """So that nothing is left out in one of them."""
    for key, both in WORDS.texts.items():
        assert both["en"]
        assert both["zh"], key
        assert sorted(placeholders(both["en"])) == sorted(placeholders(both["zh"])), key
