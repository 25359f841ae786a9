"""Tables of the label language: which commands exist, which are the same sign, which leave no ink."""

from __future__ import annotations

import string


def _commands(names: str) -> frozenset[str]:
    return frozenset("\\" + name for name in names.split())


CHARACTERS = frozenset(string.ascii_letters + string.digits + "+-=*/<>()[]|!?,.:;@") | {
    "\\%",
    "\\#",
    "\\$",
    "\\&",
    "\\_",
}

GREEK = _commands(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho "
    "sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
    "varkappa digamma"
)
CAPITAL_GREEK = frozenset(name for name in GREEK if name[1].isupper())
OPERATORS = _commands(
    "pm mp times div cdot circ bullet star cap cup sqcap sqcup uplus wedge vee setminus wr diamond bigtriangleup "
    "bigtriangledown triangleleft triangleright oplus ominus otimes oslash odot bigcirc dagger ddagger amalg ltimes "
    "rtimes boxtimes boxplus dotplus ast"
)
RELATIONS = _commands(
    "leq geq neq equiv sim simeq approx cong propto prec succ preceq succeq ll gg subset supset subseteq supseteq "
    "subsetneq supsetneq sqsubset sqsubseteq sqsupseteq in ni notin perp mid parallel nmid asymp doteq models vdash "
    "dashv bowtie smile frown lesssim gtrsim leqslant geqslant triangleq lll ggg approxeq preccurlyeq succcurlyeq "
    "gtrless lessgtr nleq ngeq nsubseteq ncong Vdash vDash"
)
ARROWS = _commands(
    "leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow longleftarrow longrightarrow "
    "longleftrightarrow Longleftarrow Longrightarrow Longleftrightarrow mapsto longmapsto hookrightarrow hookleftarrow "
    "uparrow downarrow updownarrow Uparrow Downarrow nearrow searrow swarrow nwarrow rightharpoonup rightharpoondown "
    "leftharpoonup leftharpoondown rightleftharpoons twoheadrightarrow rightsquigarrow circlearrowleft "
    "circlearrowright nrightarrow upharpoonright"
)
MISCELLANEOUS = _commands(
    "infty partial nabla forall exists nexists neg emptyset varnothing ell hbar imath jmath Re Im aleph beth wp angle "
    "measuredangle triangle square blacksquare Box Diamond lozenge bigstar top bot flat natural sharp ldots "
    "cdots vdots "
    "ddots therefore because clubsuit diamondsuit heartsuit spadesuit S P surd backslash complement intercal "
    "mho eth hslash checkmark copyright pounds degree"
) - {"\\degree"}
SYMBOLS = GREEK | OPERATORS | RELATIONS | ARROWS | MISCELLANEOUS

BIG_OPERATORS = _commands(
    "sum prod coprod int iint iiint oint bigcap bigcup bigsqcup bigvee bigwedge bigoplus bigotimes bigodot biguplus"
)
FUNCTIONS = _commands(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log "
    "max min "
    "Pr sec sin sinh sup tan tanh bmod"
)
ACCENTS = _commands(
    "hat bar tilde vec dot ddot dddot check breve acute grave mathring widehat widetilde overline underline "
    "overrightarrow overleftarrow overbrace underbrace boxed cancel xrightarrow"
) - {"\\cancel"}
HATS = _commands("hat check tilde acute grave dot ddot breve bar vec mathring")
"""Accents that amsmath sets by itself, to move them together where one stands over another."""
WIDER = {"\\hat": "\\widehat", "\\tilde": "\\widetilde", "\\bar": "\\overline", "\\vec": "\\overrightarrow"}
"""Those of them that have a like over anything."""
ALPHABETS = _commands("mathrm mathbf mathcal mathbb mathfrak mathscr mathsf mathtt boldsymbol")
TWO_ARGUMENTS = _commands("frac binom overset underset")
DELIMITERS = frozenset("()[]|/<>") | _commands(
    "{ } | langle rangle lfloor rfloor lceil rceil backslash uparrow downarrow updownarrow Uparrow Downarrow"
)

# After \\dots, these show it at the height of a minus (as amsmath has it), all else on the baseline.
RAISING_DOTS = (OPERATORS | RELATIONS | ARROWS | BIG_OPERATORS | frozenset("+-=*<>:") | _commands(
    "cdots intercal because therefore not")) - _commands(
    "bigtriangledown bigtriangleup bowtie cong models neq notin uparrow downarrow updownarrow Uparrow Downarrow"
)  # fmt: skip

# What makes delimiters around it grow.
TALL = (
    BIG_OPERATORS
    | _commands("frac binom sqrt overset underset overbrace underbrace boxed")
    | frozenset("\\begin{" + name + "}" for name in ("matrix", "cases", "aligned"))
)

# Alphabets that \\boldsymbol makes bold; upright letters become those of \\mathbf.
HAS_BOLD = _commands("mathcal mathfrak mathsf")

# What LaTeX cannot set in bold: some packages' \boldsymbol stops, others hang.
NEVER_BOLD = (
    _commands("boldsymbol binom overset underset iint iiint Longleftarrow Longrightarrow bowtie models quad")
    | frozenset("~") | frozenset("\\begin{" + name + "}" for name in ("matrix", "cases", "aligned"))
)  # fmt: skip

SIZES = _commands("big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm biggm Biggm")
SPACES = _commands(", ; : ! / > thinspace medspace thickspace negthinspace enspace enskip strut mathstrut null") | {
    "\\ ", "\\-", "\\@"
}  # fmt: skip
# These are not even there: a script behind them belongs to what stands before them.
DROPPED = _commands(
    "limits nolimits displaylimits displaystyle textstyle scriptstyle scriptscriptstyle nonumber notag qedhere "
    "normalsize small large Large footnotesize scriptsize tiny allowbreak nobreak relax protect noindent centering "
    "allowdisplaybreaks upshape normalfont unboldmath smallskip medskip bigskip"
)
DROPPED_WITH_ARGUMENT = _commands("label tag noalign")
UNSEEN_WITH_ARGUMENT = _commands("phantom hphantom vphantom")
TRANSPARENT = _commands("mathrel mathbin mathord mathopen mathclose mathpunct mathinner smash lefteqn")
TEXT_ITALIC = _commands("textit textsl emph")
TEXT_ALPHABETS = TEXT_ITALIC | {"\\textbf", "\\mathsf", "\\mathtt"}
ITALIC = TEXT_ITALIC | _commands("mathit mathnormal ensuremath")
TEXT = _commands("text textrm textnormal textup mbox hbox operatorname operatornamewithlimits roman")
SWITCHES = {
    "\\rm": "\\mathrm", "\\bf": "\\mathbf", "\\bfseries": "\\mathbf", "\\cal": "\\mathcal", "\\sf": "\\mathsf",
    "\\tt": "\\mathtt", "\\boldmath": "\\boldsymbol", "\\it": "\\mathit",
    "\\mit": "\\mathnormal", "\\em": "\\textit", "\\sl": "\\textit", "\\itshape": "\\textit", "\\slshape": "\\textit",
}  # fmt: skip
"""Commands that set the rest of their group in an alphabet."""
NEGATED = {
    "=": "\\neq", "\\in": "\\notin", "\\leq": "\\nleq", "\\geq": "\\ngeq", "\\subseteq": "\\nsubseteq",
    "\\cong": "\\ncong",
    "\\rightarrow": "\\nrightarrow", "\\exists": "\\nexists", "\\mid": "\\nmid", "|": "\\nmid",
}  # fmt: skip
_SAME = r"""
\leq \le
\geq \ge
\neq \ne
\rightarrow \to
\leftarrow \gets
\wedge \land
\vee \lor
\neg \lnot
\ni \owns
\Longleftrightarrow \iff
\Longrightarrow \implies
\Longleftarrow \impliedby
\ldots \dotsc \dotso \hdots \textellipsis \mathellipsis
\cdots \dotsb \dotsm \dotsi
\dagger \dag
\ddagger \ddag
* \ast
\{ \lbrace
\} \rbrace
| \vert \lvert \rvert \mid
\| \Vert \lVert \rVert \parallel
[ \lbrack
] \rbrack
< \lt
> \gt
: \colon
\quad \qquad
\frac \dfrac \tfrac \cfrac \nicefrac
\binom \dbinom \tbinom
\overset \stackrel
\boldsymbol \bm \pmb \mathbold
\mathbf \bold
\mathbb \Bbb \mathds \mathbbm
\mathfrak \frak
\mathsf \textsf
\mathtt \texttt
\bar \Bar \=
\hat \Hat \^
\tilde \Tilde \~
\vec \Vec
\dot \Dot \.
\ddot \Ddot \"
\check \Check
\acute \Acute \'
\grave \Grave \`
\breve \Breve
\overline \overbar
\Box \square
\hbar \hslash
\sim \thicksim
\approx \thickapprox
\operatorname \operatorname*
\int \intop \smallint
\oint \ointop
\upharpoonright \restriction
\bmod \mod
\\ \newline \cr \tabularnewline
_ \sb
^ \sp
\setminus \smallsetminus
\cdot \centerdot \cdotp
. \ldotp
\triangle \bigtriangleup \vartriangle
\triangleleft \vartriangleleft
"""
"""A sign on each line, by its canonical name and then by others that are the same picture or nearly so."""
SYNONYMS = {other: line.split()[0] for line in _SAME.splitlines() for other in line.split()[1:]}

_ALIGNED = (
    "aligned split gathered alignedat multlined align gather multline flalign alignat eqnarray equation displaymath "
    "math dmath"
)
ENVIRONMENTS = {
    **dict.fromkeys(("matrix", "array", "smallmatrix"), "matrix"),
    **dict.fromkeys(("cases", "dcases"), "cases"),
    **dict.fromkeys(_ALIGNED.split(), "aligned"),
}
"""What each environment is; `FENCED` names more of them."""
ONE_LINE = frozenset(("equation", "displaymath", "math", "dmath"))
"""Environments where `\\\\` has no effect."""
FENCED = {
    "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "vmatrix": ("|", "|"), "Bmatrix": ("\\{", "\\}"),
    "Vmatrix": ("\\|", "\\|"), "psmallmatrix": ("(", ")"), "bsmallmatrix": ("[", "]"), "vsmallmatrix": ("|", "|"),
}  # fmt: skip
"""Matrices between delimiters."""
ENVIRONMENTS |= dict.fromkeys(FENCED, "matrix")
