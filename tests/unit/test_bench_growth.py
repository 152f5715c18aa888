"""How a curve grows, as a number and as a picture."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.bench.growth import HEIGHT, LINEAR, WIDTH, Chart, Points, draw, exponent, in_words

SIZES = (1, 10, 100, 1000)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_the_exponent_is_that_of_the_growth_whatever_there_is_before(power: float) -> None:
    points = [(size, 3 + 2 * size**power) for size in SIZES]

    assert exponent(points) == pytest.approx(power, abs=0.1)


def test_what_stays_as_it_is_does_not_grow_noise_or_not() -> None:
    points = [(1, 300.0), (10, 310.0), (100, 295.0), (1000, 320.0)]

    assert exponent(points) == 0
    assert exponent(points, noise=0.01) != 0
    assert in_words(exponent(points)) == "does not grow"


def test_through_one_point_there_is_no_line() -> None:
    points = [(1, 300.0), (10, 310.0), (100, 295.0), (1000, 900.0)]

    assert exponent(points) is None
    assert in_words(exponent(points)) == "grows at one size only"


def test_what_is_worse_than_linear_is_called_so() -> None:
    assert in_words(exponent([(size, size * size) for size in SIZES])).endswith("worse than linear")
    assert "worse" not in in_words(LINEAR)


@pytest.mark.parametrize(
    "points",
    [
        [(size, 3.0 * size) for size in SIZES],
        [(1, 0.0), (2, 0.0)],
        [(1, 0.004), (50, 0.0075)],
        [(16384, 123_456.0), (1 << 24, 999_999.0)],
    ],
)
def test_a_picture_has_every_point_inside_it(points: Points) -> None:
    root = ET.fromstring(draw(Chart(title="t", note="n", size="s", unit="ms", points=points)))

    circles = root.findall(f"{SVG}circle")
    assert len(circles) == len(points)
    for circle in circles:
        assert 0 < float(circle.attrib["cx"]) < WIDTH
        assert 0 < float(circle.attrib["cy"]) < HEIGHT


def test_words_in_a_picture_are_no_markup() -> None:
    drawn = draw(Chart(title="a < b & c", note="", size='"x"', unit="µs", points=[(1, 1.0), (2, 2.0)]))

    root = ET.fromstring(drawn)
    assert "a < b & c" in [text.text for text in root.iter(f"{SVG}text")]


def test_what_is_held_against_is_drawn_and_named_within_the_picture() -> None:
    ours, beside = [(0, 0.3), (200, 1.1)], [(0, 0.4), (200, 5.6)]
    chart = Chart(
        title="t", note="", size="s", unit="s", points=ours, beside=beside, names=("ours", "the recipe")
    )

    root = ET.fromstring(draw(chart))

    assert {"ours", "the recipe"} <= {text.text for text in root.iter(f"{SVG}text")}
    dashed, drawn = (line.attrib["points"] for line in root.iter(f"{SVG}polyline"))
    assert float(dashed.split(",")[-1]) < float(drawn.split(",")[-1])
    assert float(dashed.split(",")[-1]) > 0
