"""Texts written for these tests, in many languages: with headings and without, with Markdown's signs and without."""

BREAD = """\
---
title: "Sourdough at home"
---
# Sourdough at home

![A loaf](loaf.jpg)

Sourdough bread rises with wild yeast instead of baker's yeast. A starter made of flour and water holds this yeast,
together with bacteria that make the dough sour. Keeping the starter alive takes about five minutes a day.

## Feeding the starter

A starter is fed with equal weights of flour and water. At 24 degrees it doubles in about six hours, and at 18 degrees
it needs twice as long. A starter that smells of nail varnish is **hungry**, not spoiled. Feed it twice within a day and
the smell goes away.

```python
def feed(starter):
    return starter * 3
```

See <https://example.org/starter> for pictures. Subscribe to our newsletter for more recipes.

## The long rise

Time does most of the work in a sourdough. During the long rise the bacteria break down part of the gluten and build the
acids that give the bread its taste. A dough that rests for 12 hours in the refrigerator tastes stronger than one that
rests for four hours on the table. The cold slows the yeast more than the bacteria.

| flour | water |
| --- | --- |
| 500 g | 350 g |

## Baking

Bread needs a very hot oven at the beginning. At 250 degrees the dough springs up within the first ten minutes, before
the crust sets. Steam keeps the crust soft for long enough. A closed iron pot holds the steam of the dough itself, which
is why home bakers like it. The loaf is done when its inside has reached 96 degrees.
"""

YEAST = """\
Bakers have argued about sourdough and baker's yeast for more than a century. Baker's yeast was sold in cakes from the
1860s on, and it made bread quick, mild and predictable. Sourdough stayed in the villages, where nobody bought yeast.

A sourdough culture is a community. Researchers who compared 500 starters from many countries found that most of them
held only a handful of species, and that the flour mattered more than the place. Feeding habits shape the community more
than the air of a bakery does.

Sourdough bread keeps longer than bread made with baker's yeast. Its acids slow the growth of mould, and the crumb stays
moist for three or four days. Some people also find it easier to digest, but the evidence for that is thin.

Sourdough bread keeps longer than bread that is made with baker's yeast. Its acids slow the growth of mould.
"""

GERMAN = """\
# Das Moor

Ein Moor entsteht dort, wo mehr Wasser ankommt, als abfließen kann. Abgestorbene Pflanzen verrotten im nassen Boden
kaum, und so wächst Jahr für Jahr eine dünne Schicht Torf. In tausend Jahren wird ein Hochmoor etwa einen Meter dick.

## Der Torf als Speicher

Moore bedecken nur etwa 3 Prozent der Landfläche der Erde. In ihrem Torf liegt trotzdem mehr Kohlenstoff als in allen
Wäldern zusammen. Wird ein Moor entwässert, kommt Luft an den Torf, und er zersetzt sich. Der Kohlenstoff entweicht dann
als Kohlendioxid, z. B. aus Äckern auf ehemaligem Moorboden. Trockener Torf brennt außerdem leicht und lange.

## Die Wiedervernässung

Ein entwässertes Moor lässt sich wieder vernässen, indem man die Gräben schließt. Nach wenigen Wochen steht das Wasser
wieder knapp unter der Oberfläche. Die Torfmoose kehren nach einigen Jahren zurück, wenn in der Nähe noch welche
wachsen. Auf nassem Boden können Landwirte Schilf und Rohrkolben ernten. „Nasse Landwirtschaft“ heißt diese Form der
Nutzung. Sie bringt weniger Ertrag als ein Maisfeld, doch der Boden bleibt erhalten.

## Tiere im Moor

Im Moor leben Tiere, die sonst nirgends zurechtkommen. Der Moorfrosch färbt sich im Frühling für wenige Tage blau.
Viele Libellen brauchen für ihre Larven das saure, nährstoffarme Wasser der Moortümpel. Der Große Brachvogel brütet am
Boden und verliert sein Nest, wenn die Wiesen früh gemäht werden.
"""

FRENCH = """\
# Le sel de mer

Le sel de mer naît de trois choses simples : l'eau, le soleil et le vent. Dans un marais salant, le saunier fait passer
l'eau d'un bassin à l'autre pendant tout l'été. À chaque étape, l'eau devient plus salée, jusqu'au moment où le sel se
dépose.

## Le travail du saunier

Le saunier commence sa journée avant la chaleur. Il règle l'entrée de l'eau avec de petites planches d'ardoise. M. Le
Goff, saunier depuis trente ans, dit qu'il faut dix étés pour comprendre un marais. Un orage suffit à perdre une semaine
de récolte, car la pluie adoucit l'eau des bassins.

## La fleur de sel

La fleur de sel se forme à la surface de l'eau, les soirs de vent sec. Elle est légère et fragile, et on la cueille à la
main avec un outil plat. Un bassin donne environ 3 kilos de fleur de sel par jour quand le temps est beau. Le gros sel
se dépose au fond du même bassin. La fleur de sel coûte dix fois plus cher, parce que sa récolte demande plus de soin.

## Un paysage vivant

Les marais salants nourrissent aussi les oiseaux. L'avocette y trouve de petits crustacés dans la vase. Sans le travail
des sauniers, les bassins se combleraient en quelques années et les oiseaux partiraient.
"""

SPANISH = """\
# El corcho

El corcho es la corteza del alcornoque, un árbol que crece alrededor del Mediterráneo occidental. La corteza se puede
sacar sin talar el árbol, y vuelve a crecer. Un alcornoque vive más de doscientos años y da corcho unas quince veces.

## La saca

La saca se hace en verano, cuando la corteza se separa con facilidad. Dos personas trabajan juntas con hachas muy
afiladas y sin herir la capa que hay debajo. El primer corcho se saca cuando el árbol tiene unos veinticinco años.
Después hay que esperar nueve años entre una saca y la siguiente. ¿Por qué tanto tiempo? La corteza necesita engordar
hasta los tres centímetros.

## Por qué flota y aísla

El corcho está lleno de celdas diminutas con aire. Un centímetro cúbico contiene unos 40 millones de celdas. El aire
encerrado hace que el corcho flote, aísle del calor y recupere su forma. Por eso sirve para tapones, suelos y paredes.

## El bosque

Los alcornocales protegen el suelo de la erosión. Entre los árboles pastan cerdos y ovejas, y anidan águilas. Cuando el
corcho se vende bien, los dueños cuidan el bosque y limpian el matorral. Un bosque cuidado arde con menos fuerza.
"""

JAPANESE = """\
# 和紙

和紙は、楮や三椏などの木の皮から作られる紙である。長い繊維が絡み合うため、薄くても破れにくい。古い寺には千年以上前の和紙が残っている。

## 紙を漉く

職人は冬の冷たい水で紙を漉く。水が冷たいと、繊維をつなぐ粘りが長く保たれるからである。簀を前後に揺らすと、繊維が均一に広がる。一枚の紙を漉く時間は一分ほどだが、その前に皮を煮て、叩き、塵を取る仕事が何日も続く。「紙は水が作る」と職人は言う。

## 和紙の使い道

和紙は障子や提灯に使われ、光をやわらかく通す。博物館では、傷んだ絵や本の修理に和紙が使われている。修理用の和紙は厚さが0.02ミリしかないものもある。薄い和紙は元の紙を隠さず、はがすこともできる。

## これからの和紙

和紙を作る家は百年前の百分の一ほどに減った。若い職人は照明や壁紙など新しい使い道を探している。原料の楮を育てる農家も足りない。楮の畑を守ることが、和紙を守ることにつながる。
"""

CHINESE = """\
# 茶马古道

茶马古道是连接云南、四川和西藏的古老商路。马帮把茶叶运进高原，又把马匹和药材带回山下。这条路翻过许多雪山，最高的山口超过5000米。

## 马帮的一天

马帮天不亮就出发，中午之前走完一天里最难的路。一匹马驮大约60公斤茶叶。赶马人走在马的旁边，用歌声和铃声互相招呼。遇到塌方的时候，马帮要等上好几天。从普洱到拉萨，往返一次需要一年左右。

## 茶为什么重要

高原上很少有蔬菜，人们用茶补充营养。酥油茶由砖茶、酥油和盐打成，喝了身体暖和。砖茶压得很紧，不怕潮湿，适合长途运输。茶叶在路上慢慢发酵，味道变得醇厚。“宁可三日无粮，不可一日无茶”是高原上的老话。

## 今天的古道

公路修通以后，马帮渐渐消失了。一些石板路保留了下来，石头上还有深深的马蹄印。古道旁的小镇靠旅游生活，老赶马人给客人讲过去的故事。研究者正在记录他们的歌和他们走过的路线。
"""

ITALIAN = """\
Il Parmigiano si fa con il latte di due mungiture, quella della sera e quella del mattino. Il latte della sera riposa
tutta la notte, e al mattino si toglie la panna. Per una forma servono circa 550 litri di latte. La forma resta in
salamoia per quasi tre settimane e poi matura su tavole di legno. Il casaro batte ogni forma con un martelletto e
ascolta il suono. Un suono pieno vuol dire che la pasta è compatta. La stagionatura dura almeno dodici mesi. Con il
tempo il formaggio diventa più friabile e il sapore più forte.
"""

PORTUGUESE = """\
O azulejo chegou a Portugal no século quinze e nunca mais saiu das paredes. As fábricas de Lisboa pintavam os azulejos à
mão, quase sempre em azul e branco. Um painel grande podia ter mais de mil azulejos. O vidrado protege a parede da chuva
e do sol. As casas do norte usam azulejos na fachada porque o inverno é húmido. Hoje muitos painéis são roubados e
vendidos em feiras. Algumas cidades guardam azulejos antigos para reparar as fachadas.
"""

DUTCH = """\
Een polder is land dat lager ligt dan het water eromheen. Molens pompten het water eeuwenlang omhoog, van sloot naar
vaart en van vaart naar rivier. Tegenwoordig doen elektrische gemalen dat werk. De bodem van een veenpolder daalt elk
jaar ongeveer een centimeter. Boeren willen een laag waterpeil, maar een hoog peil houdt het veen nat. Het waterschap
bepaalt het peil en int een eigen belasting. De oudste waterschappen bestaan al sinds de dertiende eeuw.
"""

RUSSIAN = """\
Русская печь занимает почти четверть избы и греет её целые сутки. Печь топят утром, а днём в ней томятся щи и каша.
Кирпичи набирают тепло за два часа и отдают его до следующего утра. На печи спали старики и дети, потому что там было
теплее всего. Дым выходит через трубу, но в старину избы топили по-чёрному. Хороший печник знал, как сложить дымоход,
чтобы печь не дымила. Сегодня печи кладут в загородных домах, и печников снова не хватает.
"""

HINDI = """\
बावड़ी पानी का वह कुआँ है जिसमें सीढ़ियाँ नीचे तक जाती हैं। राजस्थान और गुजरात में सैकड़ों पुरानी बावड़ियाँ आज भी मौजूद हैं।
बरसात का पानी बावड़ी में जमा होता है और गर्मियों तक चलता है। सीढ़ियों के कारण लोग हर मौसम में पानी तक पहुँच सकते हैं।
बावड़ी के भीतर का तापमान बाहर से 5 डिग्री कम रहता है। यात्री दोपहर में बावड़ी की छाया में आराम करते थे। कई गाँव अब पुरानी
बावड़ियों की सफाई कर रहे हैं। साफ बावड़ी से आसपास के कुओं का जलस्तर भी बढ़ता है।
"""

ARABIC = """\
الفلج قناة تحمل الماء من الجبل إلى القرية دون مضخة. يحفر الناس بئرًا أولى عند سفح الجبل ثم نفقًا طويلًا يميل قليلًا نحو
القرية. تقسم القرية ماء الفلج بالساعات، ولكل عائلة نصيب معروف. كان الناس يقيسون الوقت بظل عمود في النهار وبالنجوم في
الليل. يبلغ طول بعض الأفلاج عشرة كيلومترات. تحتاج القناة إلى تنظيف كل سنة حتى لا يسدها الطين. ما زالت آلاف الأفلاج في
عمان تسقي النخيل حتى اليوم.
"""
