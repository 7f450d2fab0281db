"""The small words of each language: too common to say what a text is about, and so a language's signature."""

STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """a about above across after again against all almost along already also although always am among
            an and
            another any are aren't around as at away back be became because become been before being below
            between both
            but by can can't cannot could did didn't do does doesn't doing don't done down during each either else
            enough even ever every few for from further get gets given gives go goes got had has have having he
            her here
            hers herself him himself his how however i if in instead into is isn't it it's its itself just keep kept
            know less let like made make makes making many may me might mine more most much must my myself need
            needs
            neither never next no none nor not nothing now of off often on once one only onto or other others
            otherwise
            our ours out over own per perhaps put quite rather really same say says see seem seems shall she should
            since so some something still such take takes than that that's the their theirs them themselves then
            there
            therefore these they thing things this those though through thus to together too toward towards two
            under
            until up upon us use used uses using very via want was wasn't way we well were what whatever when where
            whether which while who whole whom whose why will with within without won't would yes yet you your""",
        "de": """ab aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus
            bei beim
            bereits bevor bis bleibt bzw da dabei dadurch dafür dagegen daher damit danach dann daran darauf
            daraus darf
            darin darum das dass davon dazu dein dem den denn dennoch der deren des deshalb dessen die dies
            diese diesem
            diesen dieser dieses doch dort du durch eben ein eine einem einen einer eines einige einmal er erst
            es etwa
            etwas euch für gar geht gegen genau gibt habe haben hat hatte hatten hier hin hinter ich ihm ihn
            ihnen ihr
            ihre ihrem ihren ihrer im immer in indem ins ist ja je jede jedem jeden jeder jedes jedoch kann kein
            keine
            keinem keinen keiner können könnte lassen lässt macht machen man mehr mein meist mich mir mit muss
            müssen
            nach nachdem neben nicht nichts noch nun nur ob oder ohne schon sehr sei sein seine seinem seinen seiner
            seit selbst sich sie sind so sobald solche soll sollen sondern sonst sowie statt über um und uns
            unser unter
            viel viele vom von vor wann war waren warum was weder wegen weil welche welcher wenig wenn wer
            werden wie
            wieder wir wird wo wobei wohl wollen wurde wurden während zu zum zur zwar zwei zwischen""",
        "fr": """a ai ainsi alors après au aucun aucune aujourd'hui auquel aussi autant autre autres aux avaient
            avait
            avant avec avoir bien car ce ceci cela celle celles celui cependant certains ces cet cette ceux chacun
            chaque chez comme comment contre d dans de depuis derrière des deux devant dire dit doit donc dont
            du elle
            elles en encore entre est et étaient était été être eu eux fait faire fois font grâce hors il ils j je
            jamais jusqu jusque l la là laquelle le lequel les lesquels leur leurs lors lorsque lui m ma mais
            malgré me
            même mêmes mes mieux moi moins mon n ne ni non nos notre nous on ont ou où par parce parfois parmi pas
            pendant peu peut peuvent plus plusieurs plutôt pour pourquoi pouvait près presque puis puisque qu
            quand que
            quel quelle quelles quelque quelques quels qui quoi s sa sans sauf se selon sera seront ses seul
            seulement
            si sinon soit son sont sous souvent suis sur surtout t ta tandis tant te tel telle tels tes toi ton
            toujours
            tous tout toute toutes très trop tu un une va vers vos votre vous y""",
        "es": """a adonde ahora al algo algún alguna algunas alguno algunos allí ambos ante antes aquel aquella
            aquello
            aquí así aun aún aunque bajo bastante bien cada casi como cómo con contra cual cuales cualquier cuando
            cuándo cuánto cuya cuyo da de debe deben decir del demás dentro desde después dice donde dónde dos
            durante e
            el él ella ellas ellos embargo en entonces entre era eran eres es esa esas ese eso esos está estaba
            están
            estar este esta estas esto estos fue fueron ha había habían hace hacen hacer hacia han hasta hay he
            hizo la
            las le les lo los luego mas más me mediante menos mi mientras mis mismo misma mismos mucho mucha
            muchos muy
            nada ni ningún ninguna no nos nosotros nuestra nuestro nunca o otra otras otro otros para parte pero
            poco
            por porque pueda puede pueden pues que qué quien quién se sea según ser si sí sido siempre sin sino
            sobre
            solo sólo son su sus tal también tampoco tan tanto te tener tiene tienen toda todas todavía todo
            todos tras
            tu un una unas uno unos usted va van veces vez y ya yo""",
        "pt": """a à ainda algo algum alguma algumas alguns ao aos apenas após aquela aquele aqueles aquilo as
            às assim
            até através bem cada com como contra cuja cujo da das de dela dele deles demais depois desde dessa desse
            desta deste deve devem disso do dois dos durante e é ela elas ele eles em enquanto então entre era eram
            essa essas esse esses esta está estão estar estas estava este estes eu faz fazer foi for foram há
            isso isto
            já la lhe logo mais mas me menos mesma mesmas mesmo mesmos meu minha muita muito muitos na nada não
            nas nem
            nenhum nenhuma nessa nesse nesta neste no nos nós nossa nosso num numa nunca o onde os ou outra
            outras outro
            outros para pela pelas pelo pelos per perante pode podem pois por porém porque pouco qual quais qualquer
            quando quanto que quem se seja sem sempre sendo ser será seu seus si sido só sob sobre sua suas tal
            também
            tanto tão te tem têm tendo ter teve tinha toda todas todo todos tudo um uma umas uns vai vez vezes
                você""",
        "it": """a abbiamo ad agli ai al alcun alcuna alcuni all alla alle allo allora altra altre altri altro anche
            ancora anzi appena assai avere aveva c che chi ci cioè circa ciò come con contro cosa così cui da
            dagli dai
            dal dall dalla dalle dallo degli dei del dell della delle dello dentro deve devono di dopo dove due
            dunque e
            è ed era erano essa esse essere essi esso fa fare fatto fino fino fra gli già ha hanno ho i il in
            infatti
            inoltre invece io l la là le lei li lo loro lui ma mai meglio meno mentre mi mio molta molte molti
            molto ne
            né negli nei nel nell nella nelle nello nessun nessuna niente noi non nostra nostro o od ogni oltre
            oppure
            ora per perché perciò però più piuttosto poco poi poiché possono prima proprio può pure qual quale quali
            qualche quando quanto quasi quel quella quelle quelli quello questa queste questi questo qui quindi
            sé se
            sempre senza si sia siamo siano solo sono sopra sotto sta stata stati stato stesso su sua sue sugli
            sui sul
            sulla sulle suo suoi tal tale tanto te tra troppo tu tutta tutte tutti tutto un un' una uno vengono via
            viene volta volte""",
        "nl": """aan achter al alle alleen als altijd ander andere anders ben beter bij bijna binnen boven
            buiten daar
            daarbij daardoor daarin daarna daarom dan dat de deze die dit doen doet door dus echter een eens
            eerst elk
            elke en enkele er ergens even gaan gaat geen geeft geweest had hadden heb hebben heeft heel hem het
            hier hij
            hoe hun iedere iemand iets ik in is ja je kan komen komt kon kunnen laat laten later liever maar
            maken maakt
            me meer meest men met mijn minder moet moeten mogen na naar nadat nee net niet niets nog nooit nu of om
            omdat onder ons onze ook op over pas per precies samen sinds slechts soms staat steeds tegen ter
            terwijl te
            toch toen tot totdat tussen twee uit van vaak vanaf veel via vooral voor voordat waar waarbij waardoor
            waarin waarom wanneer want waren was wat we weer weinig wel welke werd werden wie wij wil willen
            word worden
            wordt zal ze zeer zelf zelfs zich zij zijn zo zoals zonder zou zouden zowel zulke""",
        "ru": """а без более больше будет будто будут бы был была были было быть в вам вас ведь весь вместо во
            вокруг вот
            впрочем все всегда всего всей всем всех всё вы где да даже два для до другая другие другой других
            ему если
            есть ещё еще её ее ж же за затем здесь и из или им именно иногда их к кажется как какая какие какой
            когда
            кого которая которого которое которой котором которую которые который которых кто куда ли либо лишь
            между
            меня мне много может можно мой моя мы на над надо нас наш не него нее ней нельзя несколько нет ни
            никогда
            ним них ничего но ну о об обычно один одна однако он она они оно от очень перед по под пока после потом
            потому почти при про раз разве с сам сами самый свой своей своего своих себе себя сейчас со совсем
            так также
            такая такие такой там твой те тебя тем теперь то тогда того тоже той только том тот точно три тут ты
            у уж
            уже хоть хотя чего чем через что чтоб чтобы эта эти этим этих это этого этой этом этот я""",
        "hi": """अगर अत अथवा अधिक अन्य अपना अपनी अपने अब आदि आप इतना इतनी इन इनका इनकी इनके इन्हें इस इसका इसकी
            इसके इसमें
            इसलिए इसे इसी उन उनका उनकी उनके उन्हें उन्होंने उस उसका उसकी उसके उसने उसमें उसे एक एवं ऐसा ऐसी ऐसे
            और कई कर
            करके करता करती करते करना करने कहा का काफी कि कितना किन्तु किया किस किसी की कुछ के केवल को कोई कौन
            क्या क्योंकि
            क्यों गई गए गया चाहिए जब जहाँ जा जाता जाती जाते जाना जाने जितना जिन जिस जिसका जिसकी जिसके जिसमें
            जिसे जैसा जैसे
            जो तक तथा तब तरह तो था थी थे दिया दी दूसरा दूसरे दो द्वारा न नहीं ना नीचे ने पर परन्तु पहले पास फिर
            बल्कि बहुत
            बाद बार बिना बीच भी मगर मुझे में मेरा मेरी मैं यदि यह यहाँ या ये रहा रही रहे लिए लिया लेकिन लेता व
            वह वहाँ वाला
            वाली वाले वे वो सकता सकती सकते सब सबसे सभी साथ सिर्फ से ही हुआ हुई हुए हूँ हैं है हो होगा होता होती
            होते होना होने
            हम हमारे हर""",
        "ar": """أ أحد أخرى أصبح أكثر ألا أما أمام أن أنا أنت أنه أنها أو أول أي أيضا أيضًا إذ إذا إلا إلى إما
            إن إنه إنها
            التي الذي الذين اللذان اللذين الى الآن ان او بأن بعد بعض بل بها به بهذا بهذه بين بينما تحت تكون تلك
            تم ثم جدا
            جميع حتى حسب حول حيث حين حينما خلال دون ذات ذلك ذا رغم سوف سوى ضد ضمن عبر عدم عدة على عليه عليها عن
            عنه عنها
            عند عندما غير فإن فقد فقط فهو فهي في فيه فيها قبل قد كان كانت كانوا كل كلا كما كم كي كيف لا لأن لأنه
            لدى لذلك
            لقد لكن لكنه للتي لم لماذا لن له لها لهذا لهم لو ليس ليست ما مازال ماذا متى مثل مع معه معها من منذ
            منه منها
            مهما نحن نحو نفس نفسه نفسها هذا هذه هكذا هل هم هن هنا هناك هو هي وأن وإن وفي وقد وكان وكانت ولا ولكن
            ولم ومن
            وهذا وهذه وهو وهي يتم يجب يكون يمكن""",
    }.items()
}

DEPENDENT_OPENERS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """this that these those it its they them their he she his her him and but so or yet nor because
            therefore thus hence however moreover furthermore nevertheless nonetheless also instead otherwise then
            such there here both neither either similarly likewise conversely meanwhile finally besides still which
            again too only even consequently accordingly indeed afterwards second secondly third thirdly next""",
        "de": """dies diese dieser dieses diesem das er sie es und aber oder denn doch deshalb daher darum deswegen
            dadurch damit dabei dafür dagegen davon dazu darin daran darauf danach dann jedoch außerdem zudem ferner
            trotzdem dennoch also somit folglich so sonst stattdessen ebenso auch hier dort beide solche ihr
            ihre sein
            seine zweitens drittens schließlich schliesslich nur""",
        "fr": """ce c'est cela ceci ça cette ces celui celle ceux il elle ils elles et mais ou donc or car ainsi
            alors
            aussi cependant pourtant toutefois néanmoins ensuite puis enfin de plus en outre par conséquent
            sinon tel
            telle là ici leur leurs son sa ses y deuxièmement troisièmement""",
        "es": """esto este esta estos estas eso ese esa esos esas aquello él ella ellos ellas y e pero o sino así
            entonces además también sin por tanto luego después finalmente asimismo aun aunque tal ahí allí aquí su
            sus ambos""",
        "pt": """isto isso aquilo este esta estes estas esse essa esses essas ele ela eles elas e mas ou porém assim
            então também além portanto logo depois finalmente contudo todavia entretanto tal ali aqui seu sua seus
            suas ambos""",
        "it": """questo questa questi queste quello quella ciò esso essa essi lui lei loro e ed ma o però quindi
            perciò così allora inoltre anche tuttavia infatti poi infine dunque tale lì qui suo sua suoi
                entrambi""",
        "nl": """dit dat deze die het hij zij ze en maar of dus daarom daardoor daarna daarbij echter toch ook
            verder
            bovendien vervolgens tenslotte zo dan toen hier daar zijn haar hun beide""",
        "ru": """это этот эта эти этого этому он она оно они их его её ее и а но или поэтому однако также тоже тогда
            затем потом кроме таким такой такая такие так зато там здесь тут оба причём наконец следовательно""",
        "hi": """यह ये वह वे इस इसका इसकी इसके इसमें इसलिए इससे इसे उस उसका उसकी उसके उसमें उससे उसे इन उन और
            लेकिन परन्तु
            परंतु या तो फिर तब अतः हालांकि साथ वहाँ यहाँ ऐसा ऐसी ऐसे""",
        "ar": """هذا هذه ذلك تلك هو هي هم وهو وهي وهذا وهذه لكن ولكن لذلك ولذلك ثم كما أيضا أيضًا هكذا وهكذا هنا
            هناك
            فهو فهي بل وقد وكان وكانت""",
    }.items()
}
"""A sentence that opens with one of these leans on the one before it."""

POINTING_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """therefore thus hence however then also too instead likewise otherwise such those these this same
            latter former again itself themselves""",
        "de": """daher deshalb darum deswegen dadurch damit dabei dafür dagegen jedoch dann auch außerdem zudem
            dennoch
            trotzdem somit folglich stattdessen ebenso solche solcher solches dieser diese dieses diesem diesen
            derselbe dieselbe dasselbe letztere erstere""",
        "fr": """donc ainsi alors aussi cependant pourtant toutefois néanmoins ensuite puis enfin également ce
            cet cette
            ces celui celle ceux celles même""",
        "es": """así entonces además también tanto luego después asimismo embargo este esta estos estas ese esa
            esos esas
            aquel aquella dicho dicha mismo misma""",
        "pt": """assim então também portanto logo depois porém contudo todavia este esta estes estas esse essa
            esses essas
            isso isto mesmo mesma""",
        "it": """quindi perciò così allora inoltre anche tuttavia infatti poi dunque questo questa questi queste
            quello
            quella stesso stessa""",
        "nl": """daarom daardoor daarna daarbij echter toch ook verder bovendien vervolgens dan toen dit dat
            deze die
            dergelijke zulke dezelfde hetzelfde""",
        "ru": """поэтому однако также тоже тогда затем потом кроме таким такой такая такие этот эта эти этого
            этой этих
            следовательно же""",
        "hi": "इसलिए फिर तब अतः भी यह ये इस इन उस उन ऐसे ऐसी ऐसा वही",
        "ar": "لذلك لكن ثم أيضا أيضًا هذا هذه ذلك تلك هكذا",
    }.items()
}
"""Words that point back from within a sentence's beginning."""

CONJUNCTIONS = frozenset(
    {
        "and",
        "but",
        "or",
        "so",
        "yet",
        "nor",
        "und",
        "aber",
        "oder",
        "et",
        "mais",
        "ou",
        "y",
        "e",
        "o",
        "pero",
        "sino",
        "mas",
        "ma",
        "ed",
        "en",
        "maar",
        "of",
        "и",
        "а",
        "но",
        "или",
        "और",
        "या",
    }
)
"""Openers that point back only where they open a sentence."""

DEPENDENT_BEGINNINGS: dict[str, tuple[str, ...]] = {
    "zh": (
        "这", "那", "它", "他", "她", "但", "而", "所以", "因此", "因而", "于是", "然而", "不过", "此外",
        "另外", "同时",
        "并且", "而且", "也", "还", "其", "如此", "否则", "然后", "接着", "最后", "們", "從而", "從此", "因為",
        "因为", "可是", "那么", "否則",
    ),
    "ja": (
        "これ", "それ", "あれ", "この", "その", "あの", "ここ", "そこ", "こう", "そう", "しかし", "だが",
        "でも", "また",
        "そして", "さらに", "だから", "したがって", "そのため", "ただし", "なお", "つまり", "ところが",
        "それで", "すると",
        "一方", "同様", "次に", "最後に", "彼", "彼女", "が、", "という",
    ),
}  # fmt: skip
"""The same for scripts without spaces."""

CJK_FUNCTION_CHARACTERS = frozenset(
    "的了是在和与與也都就而及或被把让讓从從到对對为為以其它他她们們这這那哪个個之所将將会會能可要不没沒很更最只还還又再"
    "等上下中里裡后後前时時有没到着過过吗呢吧啊于於由向并並因此如则則但若即使得地一二三两兩些每各种種样樣什么麼谁誰我你您"
)
"""Han characters that rarely stand inside a word that says what a text is about."""
