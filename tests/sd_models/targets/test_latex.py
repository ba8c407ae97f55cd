"""Equations in LaTeX: a form for every function, balanced text, signs that mathematicians read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.expressions import call

from sd_models.system.equation import MISSING
from sd_models.system.expression import Call, Expr, Number, Reduce, Ref, Subscript
from sd_models.system.functions import FUNCTIONS
from sd_models.system.model import Dimension, Equation, Interpolation, Kind, Series, System, Values, Variable
from sd_models.targets.latex import CALLS, REDUCTIONS, expression_latex, latex, text_latex

A, B, C = Ref("a"), Ref("b"), Ref("c")


def unbalanced(text: str) -> list[str]:
    """What is opened and not closed, or closed and not opened, in a TeX text."""
    tokens = re.findall(r"\\(?:begin|end)\{\w+\*?\}|\\(?:left|right)\\?.|\\[a-zA-Z]+|\\.|[{}]", text, re.DOTALL)
    opened: list[str] = []
    for token in tokens:
        if token == "{" or (token.startswith((r"\begin", r"\left")) and not re.match(r"\\left[a-z]", token)):
            opened.append(token)
        elif token == "}" or token.startswith((r"\end", r"\right")):
            wanted = token.replace("}", "{") if token == "}" else token.replace("end", "begin").replace("right", "left")
            if not opened or (opened[-1] != wanted and not token.startswith(r"\right")):
                return [*opened, token]
            opened.pop()
    return opened


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_catalogue_has_a_form(name: str) -> None:
    """A new function fails here until it is given a sign, or listed among those that keep their name."""
    assert (name in CALLS) != (name in REDUCTIONS)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_every_form_is_balanced(name: str) -> None:
    """With the least and the largest number of arguments that the function takes."""
    for count in FUNCTIONS[name].arguments:
        text = expression_latex(Call(name, tuple(Ref(f"argument {i}") for i in range(min(count, 9)))))
        assert not unbalanced(text)


FORMS = [
    (call("/", call("+", A, B), C), r"\frac{\text{a} + \text{b}}{\text{c}}"),
    (call("*", call("+", A, B), C), r"\left(\text{a} + \text{b}\right) \cdot \text{c}"),
    (call("^", call("+", A, B), Number(2.0)), r"{\left(\text{a} + \text{b}\right)}^{2}"),
    (call("^", call("-", A), Number(2.0)), r"{\left(-\text{a}\right)}^{2}"),
    (call("-", call("+", A, B)), r"-\left(\text{a} + \text{b}\right)"),
    (call("-", A, call("-", B)), r"\text{a} - \left(-\text{b}\right)"),
    (call("SQRT", A), r"\sqrt{\text{a}}"),
    (call("ABS", A), r"\left|\text{a}\right|"),
    (call("MIN", A, B), r"\min\left(\text{a}, \text{b}\right)"),
    (call("LOG", A, Number(10.0)), r"\log_{10}\left(\text{a}\right)"),
    (call("LOOKUP", Ref("effect"), Ref("Time")), r"\text{effect}\left(t\right)"),
    (call("AND", call("<=", A, B), call("<>", B, C)), r"\text{a} \le \text{b} \land \text{b} \neq \text{c}"),
    (call("NOT", call("=", A, B)), r"\lnot \left(\text{a} = \text{b}\right)"),
    (call("PULSE TRAIN", A), r"\operatorname{PULSE\ TRAIN}\left(\text{a}\right)"),
    (call("IF THEN ELSE", call(">", A, B), A, B), None),
    (Number(np.inf), r"\infty"),
    (Number(MISSING), r"\text{:NA:}"),
    (Number(np.nan), r"\text{NaN}"),
    (Number(1e-9), r"1 \times 10^{-9}"),
    (call("^", Number(1e-9), A), r"{\left(1 \times 10^{-9}\right)}^{\text{a}}"),
]


@pytest.mark.parametrize(("expr", "text"), [row for row in FORMS if row[1]])
def test_signs_are_those_of_mathematics(expr: Expr, text: str) -> None:
    """Fractions need no parentheses; products, powers and negatives get those they need."""
    assert expression_latex(expr) == text


def test_a_condition_is_a_brace_with_cases() -> None:
    """The condition stands behind `if`; inside a product the brace stands in parentheses."""
    cases = call("IF THEN ELSE", call(">", A, B), A, B)
    text = r"\begin{cases} \text{a} & \text{if } \text{a} > \text{b} \\ \text{b} & \text{otherwise} \end{cases}"
    assert expression_latex(cases) == text
    assert expression_latex(call("*", cases, C)) == rf"\left({text}\right) \cdot \text{{c}}"


def test_a_sum_over_a_range_has_an_index() -> None:
    """The index moves the references inside; a sum stands free beside a plus, and in parentheses beside a product."""
    total = Reduce("SUM", ("region!",), Ref("x", (Subscript("region", "region!"), Subscript("north"))))
    text = r"\sum_{i \in \text{region}} \text{x}_{i, \text{north}}"
    assert expression_latex(total) == text
    assert expression_latex(call("+", A, total)) == rf"\text{{a}} + {text}"
    assert expression_latex(call("*", total, A)) == rf"\left({text}\right) \cdot \text{{a}}"
    largest = Reduce("VMAX", ("region!",), Ref("x", (Subscript("region", "region!"),)))
    assert expression_latex(largest) == r"\max_{i \in \text{region}}\left(\text{x}_{i}\right)"


def test_a_mapped_range_is_a_function_of_the_index() -> None:
    """The element of one range that corresponds to the element of another."""
    mapped = Ref("x", (Subscript("province", "region"),))
    assert expression_latex(mapped, {"region": "i"}) == r"\text{x}_{\text{province}(i)}"


def test_a_table_has_as_many_letters_as_axes() -> None:
    """Beyond the alphabet, letters get a prime."""
    many = tuple(Subscript(f"d{i}", f"d{i}") for i in range(30))
    assert expression_latex(Ref("x", many)).endswith(
        "i', j', k', l', m', n', p', q', r', s', u', v', w', i'', j'', k'', l''}"
    )


@given(st.text())
def test_any_name_can_stand_in_a_formula(name: str) -> None:
    """Braces stay balanced, and no character of a name is left that TeX would act on."""
    text = text_latex(name)
    assert not unbalanced(text)
    assert not re.search(r"(?<!\\)[$&#_%]", text[len(r"\text{") : -1])


def lines(*variables: Variable) -> list[str]:
    region = Dimension("region", ("north", "south"), "region")
    text = latex(System("model", {v.name: v for v in variables}, {"region": region}))
    assert not unbalanced(text)
    first, *middle, last = text.splitlines()
    assert (first, last) == (r"\begin{align}", r"\end{align}")
    return [line.removesuffix(r" \\") for line in middle]


def test_a_stock_is_a_derivative_and_an_initial_value() -> None:
    """Both hold for the same elements; the rest is said in words."""
    flow, start = Ref("births", (Subscript("region", "region"),)), Number(7.0)
    equation = Equation(("region",), flow, start, excluded=(("south",),))
    where = r" \quad i \in \text{region}, \text{except } (\text{south})"
    assert lines(Variable("x", Kind.STOCK, ("region",), (equation,), non_negative=True)) == [
        rf"\frac{{d}}{{dt}} \text{{x}}_{{i}} &= \text{{births}}_{{i}}{where} \quad \text{{never below 0}}",
        rf"\text{{x}}_{{i}}(t_0) &= 7{where}",
    ]


def test_other_kinds_have_their_own_left_hand_sides() -> None:
    """Samples are at the next time, data functions of time, tables functions of x."""
    x = np.arange(3.0)
    long = np.arange(40.0)
    assert lines(
        Variable("s", Kind.SAMPLE, (), (Equation((), A, B),)),
        Variable("d", Kind.DATA, (), (Equation((), Series(long, long, Interpolation.RAW)),)),
        Variable("f", Kind.TABLE, (), (Equation((), Series(x, x)),)),
        Variable("k", Kind.CONSTANT, ("region",), (Equation(("region",), Values(np.array([1.0, 2.0]))),)),
        Variable("m", Kind.CONSTANT, (), (Equation((), Values(np.array([[1.0, 2.0], [3.0, 4.0]]))),)),
        Variable("n", Kind.CONSTANT, (), (Equation((), Values(long)),)),
        Variable("o", Kind.CONSTANT, (), (Equation((), Values(np.array(-1.0))),)),
    ) == [
        r"\text{s}(t + \Delta t) &= \text{a}",
        r"\text{s}(t_0) &= \text{b}",
        r"\text{d}(t) &= \text{40 points from 0 to 39, values from 0 to 39, nothing between}",
        r"\text{f}(x) &= \text{points }"
        r" (0, 0),\ (1, 1),\ (2, 2)\text{, straight lines between, constant beyond}",
        r"\text{k}_{i} &= \left(1, 2\right) \quad i \in \text{region}",
        r"\text{m} &= \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
        r"\text{n} &= \text{40 values from 0 to 39}",
        r"\text{o} &= -1",
    ]


def test_one_variable_can_be_asked_for() -> None:
    """By its name in any spelling."""
    variables = [Variable(name, Kind.CONSTANT, (), (Equation((), Number(1.0)),)) for name in ("birth rate", "b")]
    system = System("model", {v.name: v for v in variables})
    assert latex(system, "Birth_Rate").splitlines()[1:-1] == [r"\text{birth rate} &= 1"]


def _nested(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    counts = st.sampled_from([(name, count) for name in CALLS for count in FUNCTIONS[name].arguments if count < 9])
    calls = counts.flatmap(lambda row: st.tuples(*[parts] * row[1]).map(lambda arguments: Call(row[0], arguments)))
    sums = st.builds(
        lambda part, operator: Reduce(operator, ("region!",), part), parts, st.sampled_from(list(REDUCTIONS))
    )
    return calls | sums


@given(st.recursive(st.sampled_from([A, B]) | st.floats().map(Number), _nested, max_leaves=12))
def test_any_expression_is_balanced(expr: Expr) -> None:
    """Whatever stands in whatever."""
    assert not unbalanced(expression_latex(expr))
