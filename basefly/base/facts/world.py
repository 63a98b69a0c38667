"""A dotted map of the world, drawn by ourselves from coarse outlines: enough to see on which coast a region lies.

The outlines are our own, a few dozen corners for each landmass, read off a graticule; no border is drawn.
The projection is equirectangular: longitude is x, latitude is y, in units of a degree.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec

WEST, EAST, NORTH, SOUTH = -170, 180, 74, -56
STEP = 2.5  # degrees between dots
WIDTH, HEIGHT = EAST - WEST, NORTH - SOUTH

# Corners as longitude and latitude, around each landmass; a semicolon ends one.
_LAND = """
-168 66, -156 71, -128 70, -115 69, -95 72, -82 73, -82 67, -94 60, -92 57, -82 55, -79 52, -77 56, -78 62, -70 61,
-64 59, -56 52, -66 50, -60 46, -66 44, -70 42, -74 40, -76 35, -81 31, -80 26, -82 28, -84 30, -90 29, -97 28, -97
22, -94 18, -91 19, -87 21, -88 16, -83 15, -83 10, -79 9, -80 7, -85 10, -92 14, -97 16, -105 20, -109 26, -113 31,
-110 23, -115 28, -118 34, -124 40, -124 47, -130 54, -140 60, -152 59, -162 55, -158 58, -165 61 ; -55 60, -45 60,
-38 65, -22 70, -20 74, -60 74, -54 69 ; -24 65, -18 66, -14 65, -19 63 ; -85 22, -80 23, -74 20, -78 20 ; -74 20,
-68 19, -72 18 ; -80 9, -72 12, -62 10, -52 5, -50 0, -44 -3, -35 -6, -39 -15, -41 -22, -48 -26, -53 -34, -58 -35,
-57 -38, -62 -39, -65 -43, -66 -48, -69 -54, -74 -52, -74 -44, -72 -35, -70 -20, -76 -14, -81 -6, -80 0, -77 4 ; -9
37, -9 43, -2 43, -1 46, -5 48, 2 51, 8 54, 8 57, 11 58, 12 55, 20 54, 24 58, 22 60, 29 60, 22 63, 25 65, 21 65, 17
61, 19 59, 16 56, 12 56, 11 59, 6 58, 5 61, 14 68, 25 71, 32 70, 41 67, 34 66, 38 64, 44 66, 54 68, 60 69, 68 69, 73
72, 81 72, 100 75, 113 74, 130 71, 140 72, 160 70, 178 69, 178 64, 170 60, 163 60, 162 56, 157 51, 156 57, 162 62,
155 59, 143 59, 135 54, 141 52, 140 47, 135 43, 130 42, 128 39, 129 36, 126 35, 126 38, 122 40, 118 39, 122 37, 119
35, 122 31, 120 26, 113 22, 108 21, 106 18, 109 13, 106 9, 103 12, 101 13, 100 10, 103 5, 104 1, 101 3, 98 8, 97 16,
94 17, 92 22, 88 22, 82 17, 80 13, 78 8, 74 14, 73 20, 70 22, 67 25, 57 26, 52 28, 48 30, 50 27, 52 24, 57 24, 60
22, 55 17, 45 13, 43 16, 39 21, 35 28, 34 31, 36 36, 30 36, 27 37, 27 40, 35 42, 42 42, 38 45, 35 46, 31 46, 28 43,
29 41, 23 40, 23 37, 20 40, 14 45, 13 44, 18 40, 16 38, 12 42, 8 44, 3 43, 0 39, -5 36 ; -10 52, -6 55, -6 52 ; -5
50, -4 53, -5 58, -2 58, 0 53, 1 51 ; -17 15, -16 22, -10 30, -6 36, 10 37, 11 33, 20 31, 25 32, 33 31, 37 22, 43
12, 51 12, 47 4, 40 -4, 40 -15, 35 -20, 33 -27, 27 -34, 19 -35, 15 -27, 12 -17, 13 -8, 9 0, 9 4, 4 6, -8 4, -14 9 ;
44 -17, 49 -12, 50 -17, 47 -25, 44 -24 ; 130 31, 131 34, 136 36, 140 41, 142 39, 140 35 ; 140 42, 142 45, 145 43,
143 42 ; 120 23, 121 25, 122 25, 121 22 ; 95 5, 104 -2, 106 -6, 102 -4 ; 105 -6, 114 -7, 114 -8, 106 -7 ; 109 1, 113
3, 117 7, 119 5, 117 -1, 116 -4, 110 -3 ; 119 -5, 120 1, 125 1, 121 -1, 123 -5 ; 120 18, 122 18, 124 13, 120 14 ;
122 10, 126 9, 126 6, 122 7 ; 131 -1, 138 -2, 146 -6, 150 -10, 143 -9, 138 -8, 133 -4 ; 114 -22, 122 -18, 129 -15,
132 -11, 136 -12, 136 -15, 140 -17, 142 -11, 146 -19, 153 -26, 152 -33, 149 -38, 144 -38, 138 -35, 131 -31, 124 -33,
115 -34 ; 145 -41, 148 -41, 147 -43 ; 173 -35, 178 -38, 175 -41, 174 -38 ; 167 -46, 173 -41, 174 -42, 170 -46 ; 80
9, 82 7, 80 6
"""


class Point(msgspec.Struct, frozen=True):
    """Degrees north and east."""

    latitude: float
    longitude: float


class Spot(msgspec.Struct, frozen=True):
    """A place on the drawing, in its own units from the upper corner of the west."""

    x: float
    y: float


def spot(point: Point) -> Spot:
    """Where a point of the earth is drawn."""
    return Spot(round(point.longitude - WEST, 1), round(NORTH - point.latitude, 1))


@cache
def land() -> str:
    """The land as the path of an SVG: level strokes, which the style draws as dots STEP apart (stroke-dasharray)."""
    shapes = [_corners(outline) for outline in _LAND.split(";")]
    strokes: list[str] = []
    for row in range(int(HEIGHT / STEP)):
        y = (row + 0.5) * STEP
        begun: float | None = None
        for column in range(int(WIDTH / STEP) + 1):
            x = (column + 0.5) * STEP
            on_land = x < WIDTH and any(_inside(x + WEST, NORTH - y, shape) for shape in shapes)
            if on_land and begun is None:
                begun = x
            elif not on_land and begun is not None:
                strokes.append(f"M{begun:g} {y:g}h{x - STEP - begun + 0.1:g}")
                begun = None
    return "".join(strokes)


def _corners(outline: str) -> list[tuple[float, float]]:
    pairs = [pair.split() for pair in outline.split(",")]
    return [(float(longitude), float(latitude)) for longitude, latitude in pairs]


def _inside(x: float, y: float, shape: Sequence[tuple[float, float]]) -> bool:
    """Whether a ray from the point crosses the outline an odd number of times."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(shape, [*shape[1:], shape[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            crossings += 1
    return crossings % 2 == 1
