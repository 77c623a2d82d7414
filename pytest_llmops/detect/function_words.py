"""Words that carry no subject of their own, by language: what is left out where the words of two texts are compared."""

from __future__ import annotations

_ENGLISH = """a an the this that these those it its he she his her they their them we our you your i my me of in on at to for from by
with without as and or but nor so than then if when while where which who whom whose what how why is are was were be been being am
do does did doing done has have had having will would shall should can could may might must not no there here also too very just only
over under about around above below into out up down off between during before after again more most some any each both all such
own same per via because since until although though however therefore thus yet still already even rather either neither get gets got
'd 'll 're 've 's s t ca wo let us anymore one ones no-one other another others else everyone someone non whether upon
among across along within throughout toward towards like unlike instead whose himself herself itself themselves always usually often
sometimes""".split()
_GERMAN = """der die das den dem des ein eine einen einem einer eines dieser diese dieses diesen diesem jener und oder aber denn sondern doch
nicht kein keine keinen keiner ist sind war waren sein wird werden wurde wurden worden hat haben hatte hatten habe kann können konnte
darf dürfen soll sollen muss müssen will wollen mag er sie es ich du wir ihr ihre ihren ihrem ihrer seine seinen seiner seinem man sich
mich mir uns ihnen ihm in im an am auf aus bei beim mit nach von vom vor zu zum zur für gegen ohne um über unter durch zwischen bis seit
während wegen als wie wenn ob dass weil da damit so auch noch nur schon sehr mehr dabei dazu davon daran darauf hier dort also jedoch
ab je pro etwa rund laut lassen lässt bitte diesem alle allen aller alles könnt könnten könnte dürft dürfte sollte sollten müsst müsste würde würden wäre wären hätte hätten
möchte möchten innerhalb außerhalb anhand aufgrund trotz samt habt hast bist seid wirst darfst kannst musst jede jeder jedes jeden jedem wer wen wem wessen dessen deren welche welcher welches welchen ihres seines meines unser
unsere unserer eurer solche solcher etwa beide beiden andere anderen anderer anderes sonst wo wann warum womit worauf einmal immer oft meist""".split()
_FRENCH = """le la les l un une des du de d au aux ce cet cette ces c il elle ils elles on nous vous je tu me te se s y en et ou mais donc or ni
car ne n pas point plus est sont était étaient être été sera seront a ont avait avaient avoir eu peut peuvent doit doivent fait font qui
que qu quoi dont où dans par pour sur sous avec sans chez vers entre jusqu jusque après avant pendant depuis comme si son sa ses leur
leurs notre votre nos vos mon ma mes ton ta tes très aussi même tout tous toute toutes soit lors ainsi pouvez pouvons peux pourra pourrait pourrez devez devons dois devra devrait doivent faut avez avons ai êtes sommes suis
serez serait aurait aura auront veuillez voulez veut eu aucuns moins selon cela ça j m t chaque plusieurs quelque quelques celui celle ceux celles autre autres aucun aucune toujours souvent jamais
lorsque puisque afin tandis jusqu'à lequel laquelle lesquels""".split()
_SPANISH = """el la los las lo un una unos unas de del al a en y e o u pero sino ni que se le les me te nos es son era eran ser sido fue fueron
será serán está están estaba ha han había haber hay puede pueden debe deben su sus mi mis tu tus nuestro nuestra este esta estos estas
ese esa eso esto aquel con sin por para sobre entre hasta desde hacia según como cuando donde quien cual si no ya muy más también tan
todo todos toda todas otro otra cada durante tras ante bajo así puedes puedo podemos podrá podría podrán pueda debes debemos debería tiene tienes tenemos tienen hemos somos sea sean hubo habrá
están estén quiere porque aunque mientras cuyo cuya cuales quienes alguno alguna algunos algunas aquella aquellos siempre nunca allí aquí ahí ambos ambas nada""".split()
_OTHERS = """il lo gli i dei della delle dello degli nel nella nei nelle dal dalla con per che non è sono era stato stata anche come più
o os as um uma do da dos das no na nos nas ao aos à às pelo pela com não são foi está mais ou se por para
het een van ter met voor op bij tot uit naar is zijn was waren wordt worden werd niet en of maar dat die deze dit er ook als om te aan
kwam bedroeg""".split()

BY_LANGUAGE = {
    "en": frozenset(_ENGLISH),
    "de": frozenset(_GERMAN),
    "fr": frozenset(_FRENCH),
    "es": frozenset(_SPANISH),
}
"""Those of the four languages that are known best, by their ISO 639-1 codes."""

FUNCTION_WORDS = frozenset([*_ENGLISH, *_GERMAN, *_FRENCH, *_SPANISH, *_OTHERS])
"""In small letters, of English, German, French and Spanish, and the commonest of Italian, Portuguese and Dutch."""
