"""The few fixed phrases that a post made without a model adds to its sources' words, in each language."""

from typing import NamedTuple

from blogen.writing.words import base_language


class Phrases(NamedTuple):
    """`{source}` is one source's title, `{sources}` a list of them, `{count}` a number, `{title}` the post's title."""

    notice: str
    key_points: str
    from_one: str
    from_several: str
    from_many: str
    conjunction: str
    cover: str
    untitled: str


def phrases(language: str) -> Phrases:
    """The phrases of a language; English where there are none."""
    return _PHRASES.get(base_language(language), _PHRASES["en"])


_PHRASES = {
    "en": Phrases(
        "No language model wrote this post: a program chose its sentences, word for word, from the sources and put "
        "them in order.",
        "Key points",
        "What follows is taken word for word from {source}; the notes lead to each passage.",
        "What follows is taken word for word from {sources}; the notes lead to each passage.",
        "What follows is taken word for word from {count} sources; the notes lead to each passage.",
        " and ",
        "Abstract cover picture for “{title}”",
        "the given text",
    ),
    "de": Phrases(
        "Diesen Beitrag hat kein Sprachmodell geschrieben: Ein Programm hat seine Sätze wörtlich aus den Quellen "
        "ausgewählt und geordnet.",
        "Das Wichtigste",
        "Alles Folgende ist wörtlich aus {source} entnommen; die Fußnoten führen zu den Stellen.",
        "Alles Folgende ist wörtlich aus {sources} entnommen; die Fußnoten führen zu den Stellen.",
        "Alles Folgende ist wörtlich aus {count} Quellen entnommen; die Fußnoten führen zu den Stellen.",
        " und ",
        "Abstraktes Titelbild zu „{title}“",
        "dem gegebenen Text",
    ),
    "fr": Phrases(
        "Aucun modèle de langue n’a écrit ce billet : un programme en a choisi les phrases, mot pour mot, dans les "
        "sources et les a mises en ordre.",
        "L’essentiel",
        "Ce qui suit est repris mot pour mot de cette source : {source} ; les notes mènent à chaque passage.",
        "Ce qui suit est repris mot pour mot de ces sources : {sources} ; les notes mènent à chaque passage.",
        "Ce qui suit est repris mot pour mot de {count} sources ; les notes mènent à chaque passage.",
        " et ",
        "Image de couverture abstraite pour « {title} »",
        "le texte fourni",
    ),
    "es": Phrases(
        "Ningún modelo de lenguaje escribió esta entrada: un programa eligió sus frases, palabra por palabra, de las "
        "fuentes y las ordenó.",
        "Lo esencial",
        "Lo que sigue procede, palabra por palabra, de {source}; las notas llevan a cada pasaje.",
        "Lo que sigue procede, palabra por palabra, de {sources}; las notas llevan a cada pasaje.",
        "Lo que sigue procede, palabra por palabra, de {count} fuentes; las notas llevan a cada pasaje.",
        " y ",
        "Imagen de portada abstracta para «{title}»",
        "el texto dado",
    ),
    "pt": Phrases(
        "Nenhum modelo de linguagem escreveu este texto: um programa escolheu as suas frases, palavra por palavra, nas "
        "fontes e ordenou-as.",
        "O essencial",
        "O que se segue vem, palavra por palavra, desta fonte: {source}; as notas levam a cada passagem.",
        "O que se segue vem, palavra por palavra, destas fontes: {sources}; as notas levam a cada passagem.",
        "O que se segue vem, palavra por palavra, de {count} fontes; as notas levam a cada passagem.",
        " e ",
        "Imagem de capa abstrata para “{title}”",
        "o texto dado",
    ),
    "it": Phrases(
        "Nessun modello linguistico ha scritto questo testo: un programma ne ha scelto le frasi, parola per parola, "
        "dalle fonti e le ha ordinate.",
        "In breve",
        "Quanto segue è ripreso parola per parola da questa fonte: {source}; le note portano ai singoli passi.",
        "Quanto segue è ripreso parola per parola da queste fonti: {sources}; le note portano ai singoli passi.",
        "Quanto segue è ripreso parola per parola da {count} fonti; le note portano ai singoli passi.",
        " e ",
        "Immagine di copertina astratta per «{title}»",
        "il testo fornito",
    ),
    "nl": Phrases(
        "Geen taalmodel schreef deze tekst: een programma koos de zinnen woord voor woord uit de bronnen en zette ze "
        "op volgorde.",
        "In het kort",
        "Wat volgt, is woord voor woord overgenomen uit {source}; de noten leiden naar elke passage.",
        "Wat volgt, is woord voor woord overgenomen uit {sources}; de noten leiden naar elke passage.",
        "Wat volgt, is woord voor woord overgenomen uit {count} bronnen; de noten leiden naar elke passage.",
        " en ",
        "Abstracte omslagafbeelding bij “{title}”",
        "de gegeven tekst",
    ),
    "ru": Phrases(
        "Этот текст написан без языковой модели: программа дословно выбрала предложения из источников и расположила "
        "их по порядку.",
        "Главное",
        "Всё, что следует ниже, дословно взято из этого источника: {source}; сноски ведут к каждому месту.",
        "Всё, что следует ниже, дословно взято из этих источников: {sources}; сноски ведут к каждому месту.",
        "Всё, что следует ниже, дословно взято из источников (всего {count}); сноски ведут к каждому месту.",
        " и ",
        "Абстрактная обложка к тексту «{title}»",
        "данный текст",
    ),
    "zh": Phrases(
        "本文不是由语言模型写成的：句子由程序从资料中逐字选出并排列。",
        "要点",
        "以下内容逐字摘自{source}，注释指向每一处原文。",
        "以下内容逐字摘自{sources}，注释指向每一处原文。",
        "以下内容逐字摘自{count}份资料，注释指向每一处原文。",
        "和",
        "“{title}”的抽象封面图",
        "所给文本",
    ),
    "ja": Phrases(
        "この記事は言語モデルが書いたものではありません。プログラムが資料から文をそのまま選び、並べたものです。",
        "要点",
        "以下は{source}からそのまま引いたものです。注から元の箇所をたどれます。",
        "以下は{sources}からそのまま引いたものです。注から元の箇所をたどれます。",
        "以下は{count}件の資料からそのまま引いたものです。注から元の箇所をたどれます。",
        "と",
        "「{title}」の抽象的な表紙画像",
        "与えられたテキスト",
    ),
    "hi": Phrases(
        "यह लेख किसी भाषा मॉडल ने नहीं लिखा: एक प्रोग्राम ने स्रोतों से वाक्य शब्दशः चुनकर क्रम में रखे हैं।",
        "मुख्य बातें",
        "आगे का पाठ इस स्रोत से शब्दशः लिया गया है: {source}; टिप्पणियाँ हर अंश तक ले जाती हैं।",
        "आगे का पाठ इन स्रोतों से शब्दशः लिया गया है: {sources}; टिप्पणियाँ हर अंश तक ले जाती हैं।",
        "आगे का पाठ {count} स्रोतों से शब्दशः लिया गया है; टिप्पणियाँ हर अंश तक ले जाती हैं।",
        " और ",
        "“{title}” के लिए अमूर्त आवरण चित्र",
        "दिया गया पाठ",
    ),
    "ar": Phrases(
        "لم يكتب أي نموذج لغوي هذا النص: اختار برنامج جمله حرفيًا من المصادر ورتّبها.",
        "أهم النقاط",
        "ما يلي منقول حرفيًا من هذا المصدر: {source}؛ وتقود الحواشي إلى كل مقطع.",
        "ما يلي منقول حرفيًا من هذه المصادر: {sources}؛ وتقود الحواشي إلى كل مقطع.",
        "ما يلي منقول حرفيًا من {count} من المصادر؛ وتقود الحواشي إلى كل مقطع.",
        " و",
        "صورة غلاف تجريدية لـ«{title}»",
        "النص المعطى",
    ),
}
