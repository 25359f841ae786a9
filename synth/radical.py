"""Radical signs as people write them: the hook keeps its width, the bar is drawn as long as what stands under it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from synth.bank import Form

_CORNERS = np.array([[0.0, 0.55], [0.25, 0.45], [0.55, 1.0], [1.0, 0.0], [2.0, 0.0]])
PLAIN = Form.of([_CORNERS])
"""Tick, down, up and along the bar."""

_DIP = 0.07
"""How far below the sign's top its bar may sag, as a share of the height: further would strike out what is under it."""


@lru_cache(maxsize=20_000)
def corner(form: Form) -> int | None:
    """The point where a written radical sign turns into its bar; None if it is not written in one stroke that does."""
    if len(form.counts) != 1 or len(form.points) < 5:
        return None
    x, y = form.points[:, 0] + form.width / 2, form.points[:, 1] + form.height / 2
    lowest = int(y[: 1 + int(np.argmax(x > 0.8 * form.width))].argmax())
    high = np.flatnonzero(y[lowest:] < 0.15 * form.height)
    if not len(high):
        return None
    turn = lowest + int(high[0])
    rightwards = x[-1] > 0.85 * form.width and x[turn] < 0.75 * form.width
    along = y[turn:].max() < 0.4 * form.height and np.diff(x[turn:], prepend=x[turn]).min() > -0.05 * form.width
    return turn if rightwards and along else None


def fitted(form: Form, width: float, height: float, hook: float) -> Form:
    """A radical sign with `hook` of its `width` before the bar."""
    turn = corner(form)
    if turn is None:
        form, turn = PLAIN, 3
    points = form.points + np.array([form.width, form.height]) / 2
    knee = max(float(points[turn, 0]), 1e-6)
    rest = max(form.width - knee, 1e-6)
    x = np.where(
        points[:, 0] <= knee, points[:, 0] * (hook / knee), hook + (points[:, 0] - knee) * (width - hook) / rest
    )
    y = points[:, 1] / max(form.height, 1e-6)
    bar = y[turn:]
    y = np.concatenate([y[:turn], bar * min(1.0, _DIP / max(float(bar.max()), 1e-6))])
    moved = np.stack([x - width / 2, (y - 0.5) * height], axis=1)
    return Form(moved, form.counts, width, height)
