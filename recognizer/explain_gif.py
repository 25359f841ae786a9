"""The animation of an explanation: token by token, the LaTeX growing below the crop."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from recognizer.explain import END, Explanation, Look
from recognizer.explain_draw import (
    DOUBT,
    FAINT,
    GAP_PX,
    INK,
    LINE_STEP,
    MARGIN_PX,
    MARK,
    PAPER,
    SMALL_PX,
    TITLE_TEXT_PX,
    UNSURE,
    Seen,
    face,
    flow,
    percent,
    text_height,
    tints,
    write_note,
    write_text,
)

FRAME_PX = 860
PICTURE_PX = 300
STEP_MS, FASTEST_MS, WHOLE_MS = 450, 120, 18_000
"""How long a token is shown; in long formulas shorter, so that all of them together stay within `WHOLE_MS`."""
FIRST_MS, LAST_MS = 900, 3000
HEATS, GREYS = 14, 16
"""Steps of the GIF's palette."""


def draw_frames(explanation: Explanation) -> list[Image.Image]:
    """The crop without heat, then for each token what was looked at, with the LaTeX so far below, then all of it."""
    seen = Seen(explanation)
    inner = FRAME_PX - 2 * MARGIN_PX
    size = seen.fitted(inner, PICTURE_PX)
    tokens = [look.token for look in explanation.looks if look.token != END]
    words = flow(tokens, face(TITLE_TEXT_PX), inner)
    height = round(2 * MARGIN_PX + size[1] + 2 * GAP_PX + text_height(words, TITLE_TEXT_PX) + SMALL_PX * LINE_STEP)

    def frame(picture: Image.Image, count: int, new: Look | None) -> Image.Image:
        canvas = Image.new("RGB", (FRAME_PX, height), PAPER)
        draw = ImageDraw.Draw(canvas)
        canvas.paste(picture, ((FRAME_PX - size[0]) // 2, MARGIN_PX))
        top = MARGIN_PX + size[1] + 2 * GAP_PX
        marked = None if new is None or new.token == END else count - 1
        write_text(draw, words[:count], explanation.looks, (MARGIN_PX, top), TITLE_TEXT_PX, marked=marked)
        note = f"probability that all of it is right: {explanation.reading.score:.0%}"
        if new is not None:
            note = f"{min(count, len(explanation.looks))} of {len(explanation.looks)}   {new.token}   {percent(new)}"
        write_note(draw, (MARGIN_PX, height - MARGIN_PX - SMALL_PX), note if count else "")
        return canvas

    plain = seen.evened(*size)
    frames = [frame(plain, 0, None)]
    frames += [frame(seen.heated(look, *size), i + 1, look) for i, look in enumerate(explanation.looks)]
    return [*frames, frame(plain, len(explanation.looks), None)]


def animate(explanation: Explanation) -> bytes:
    """The frames as a GIF that begins again after a rest."""
    frames = draw_frames(explanation)
    between = len(frames) - 2
    # GIF counts hundredths of a second.
    step = round(min(STEP_MS, max(FASTEST_MS, WHOLE_MS / max(between, 1))), -1)
    # One palette for all frames: so what does not change between two of them is not stored again.
    palette = _palette()
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    out = BytesIO()
    drawn[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=drawn[1:],
        duration=[FIRST_MS, *[step] * between, LAST_MS],
        loop=0,
        optimize=False,
    )
    return out.getvalue()


def _palette() -> Image.Image:
    """Every shade of ink on every heat, and the colours of the text."""
    shades = tints(np.linspace(0.0, 1.0, HEATS, dtype=np.float32))[:, None] * np.linspace(0.0, 1.0, GREYS)[:, None]
    colours = [
        (255.0 * shades).round().astype(np.uint8).tobytes(),
        *map(bytes, (PAPER, INK, FAINT, MARK, UNSURE, DOUBT)),
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette(b"".join(colours))
    return palette
