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
    _commands("binom overset underset iint iiint Longleftarrow Longrightarrow bowtie models quad") | frozenset("~")
    | frozenset("\\begin{" + name + "}" for name in ("matrix", "cases", "aligned"))
)  # fmt: skip

SIZES = _commands("big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm biggm Biggm")
DROPPED = _commands(
    ", ; : ! / > thinspace medspace thickspace negthinspace enspace enskip limits nolimits displaystyle textstyle "
    "scriptstyle scriptscriptstyle nonumber notag normalsize small large Large footnotesize scriptsize tiny "
    "mathstrut strut allowbreak nobreak relax null displaylimits protect noindent qedhere centering allowdisplaybreaks "
    "upshape normalfont"
) | {"\\ ", "\\-", "\\@"}
DROPPED_WITH_ARGUMENT = _commands("label tag hspace vspace phantom hphantom vphantom mspace noalign")
TRANSPARENT = _commands("mathrel mathbin mathord mathopen mathclose mathpunct mathinner ensuremath smash lefteqn")
ITALIC = _commands("mathit mathnormal textit textsl emph")
TEXT = _commands("text textrm textnormal textup mbox hbox operatorname operatornamewithlimits roman")
SWITCHES = {
    "\\rm": "\\mathrm", "\\bf": "\\mathbf", "\\cal": "\\mathcal", "\\sf": "\\mathsf", "\\tt": "\\mathtt",
    "\\it": "", "\\em": "", "\\sl": "", "\\itshape": "", "\\slshape": "", "\\frak": "\\mathfrak", "\\boldmath": "\\boldsymbol", "\\mit": "",
    "\\bfseries": "\\mathbf",
}  # fmt: skip
NEGATED = {
    "=": "\\neq", "\\in": "\\notin", "\\leq": "\\nleq", "\\geq": "\\ngeq", "\\subseteq": "\\nsubseteq",
    "\\cong": "\\ncong",
    "\\rightarrow": "\\nrightarrow", "\\exists": "\\nexists", "\\mid": "\\nmid", "|": "\\nmid",
}  # fmt: skip
SYNONYMS = {
    "\\le": "\\leq", "\\ge": "\\geq", "\\ne": "\\neq", "\\to": "\\rightarrow", "\\gets": "\\leftarrow",
    "\\land": "\\wedge", "\\lor": "\\vee", "\\lnot": "\\neg", "\\owns": "\\ni", "\\iff": "\\Longleftrightarrow",
    "\\implies": "\\Longrightarrow", "\\impliedby": "\\Longleftarrow", "\\dotsc": "\\ldots",
    "\\dotso": "\\ldots", "\\hdots": "\\ldots", "\\textellipsis": "\\ldots", "\\mathellipsis": "\\ldots",
    "\\dotsb": "\\cdots",
    "\\dotsm": "\\cdots", "\\dotsi": "\\cdots", "\\dag": "\\dagger", "\\ddag": "\\ddagger", "\\ast": "*",
    "\\lbrace": "\\{",
    "\\rbrace": "\\}", "\\vert": "|", "\\lvert": "|", "\\rvert": "|", "\\mid": "|", "\\Vert": "\\|", "\\lVert": "\\|",
    "\\rVert": "\\|", "\\parallel": "\\|", "\\lbrack": "[", "\\rbrack": "]", "\\lt": "<", "\\gt": ">", "\\colon": ":",
    "\\qquad": "\\quad", "\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\cfrac": "\\frac", "\\nicefrac": "\\frac",
    "\\dbinom": "\\binom", "\\tbinom": "\\binom", "\\stackrel": "\\overset", "\\bm": "\\boldsymbol",
    "\\pmb": "\\boldsymbol",
    "\\boldsymbol": "\\boldsymbol", "\\bold": "\\mathbf", "\\Bbb": "\\mathbb", "\\mathds": "\\mathbb",
    "\\mathbbm": "\\mathbb",
    "\\textbf": "\\mathbf", "\\textsf": "\\mathsf", "\\texttt": "\\mathtt", "\\Bar": "\\bar", "\\Hat": "\\hat",
    "\\Tilde": "\\tilde", "\\Vec": "\\vec", "\\Dot": "\\dot", "\\Ddot": "\\ddot", "\\Check": "\\check", "\\Acute": "\\acute",
    "\\Grave": "\\grave", "\\Breve": "\\breve", "\\overbar": "\\overline", "\\square": "\\Box",
    "\\hslash": "\\hbar", "\\thicksim": "\\sim", "\\thickapprox": "\\approx",
    "\\operatorname*": "\\operatorname", "\\intop": "\\int", "\\ointop": "\\oint", "\\smallint": "\\int",
    "\\restriction": "\\upharpoonright", "\\longleftrightarrow": "\\longleftrightarrow", "\\mod": "\\bmod",
    "\\newline": "\\\\", "\\cr": "\\\\", "\\tabularnewline": "\\\\", "\\mathbold": "\\boldsymbol",
    "\\emptyset": "\\emptyset",
    "\\rightharpoonup": "\\rightharpoonup", "\\sb": "_", "\\sp": "^",
    "\\smallsetminus": "\\setminus", "\\centerdot": "\\cdot", "\\cdotp": "\\cdot", "\\ldotp": ".",
    "\\bigtriangleup": "\\triangle", "\\vartriangle": "\\triangle", "\\vartriangleleft": "\\triangleleft",
}  # fmt: skip

_ALIGNED = (
    "aligned split gathered alignedat multlined equation align gather multline flalign alignat eqnarray displaymath math "
    "dmath"
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
