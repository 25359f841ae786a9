"""Reading environments: their options, and rows of no more cells than LaTeX takes."""

from __future__ import annotations

import re

from scanpage.latex_atoms import MOST_COLUMNS, Atom, Rows, fence, one_line, table, without_middle_column
from scanpage.latex_reader import END, Reader
from scanpage.latex_symbols import ENVIRONMENTS, FENCED, ONE_LINE, SPACES

_COLUMNS = re.compile(r"(?:[lcr~]|[@!]\{[~ ]*\}|\*\{\d+\}\{[lcr]*\})*")


class TableReader(Reader):
    """Reads environments, too."""

    def _environment(self, name: str) -> list[Atom]:
        plain = name.rstrip("*")
        environment = ENVIRONMENTS.get(name) or ENVIRONMENTS.get(plain)
        if environment is None or name == "cases*":
            self._problem(f"environment {name}")
            environment = "aligned"
        if not self._lenient:
            self._environment_options(plain)
        rows = self._rows(closed_by_end=True)
        if self._token[:5] == "\\end{":
            if self._token != f"\\end{{{name}}}":
                self._problem(f"\\begin{{{name}}} closed by {self._token}")
            self._at += 1
        else:
            self._problem(f"environment {name} is not closed")
        if not rows:
            return []
        if plain in ONE_LINE:
            return one_line(rows)
        rows = without_middle_column(rows) if plain == "eqnarray" else self._within_columns(rows, environment)
        atoms = table(environment, rows)
        return fence(FENCED[plain][0], atoms, FENCED[plain][1]) if plain in FENCED else atoms

    def _environment_options(self, name: str) -> None:
        """Skip `[t]`, `{2}` and the columns of an `array`, which may not have lines or widths."""
        if self._tokens[self._at : self._at + 3] in (["[", place, "]"] for place in "tcblr"):
            self._at += 3
        if name in ("alignat", "alignedat"):
            self._argument()
        if name != "array":
            return
        if not self._accept("{"):
            self._problem("array without columns")
        depth, start = 1, self._at
        while depth and self._token != END:
            depth += (self._token == "{") - (self._token == "}")
            self._at += 1
        if not _COLUMNS.fullmatch("".join(t for t in self._tokens[start : self._at - 1] if t not in SPACES)):
            self._problem("array with lines or widths")

    def _within_columns(self, rows: Rows, environment: str) -> Rows:
        """Rows with no more cells than the environment takes; what is too much joins the last cell."""
        most = MOST_COLUMNS.get(environment)
        if most is None or max(map(len, rows)) <= most:
            return rows
        self._problem(f"{environment} with more than {most} columns")
        return [row if len(row) <= most else [*row[: most - 1], one_line([row[most - 1 :]])] for row in rows]
