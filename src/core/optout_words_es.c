/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Spanish vocabulary. Data; see optout_words.h. */
#include "core/optout_words.h"

const struct word_row optout_words_es[] = {
	{W_FILLER,
	 "pero oye oiga favor porfa porfavor porfis gracias grasias hola si ya senor senora "
	 "senorita buenas "
	 "buenos disculpe disculpa disculpen perdon perdone bueno adios saludos amigos pues"},
	{W_PLEASE, "porfa porfavor"},
	{W_ASK, "yo quiero quisiera deseo necesito puede pueden podria podrian favor que me "
		"solicito pido"},
	{W_I, "yo"},
	{W_YOU, "le les te usted ustedes tu"},
	{W_THEY, "el ella ellos"},
	{W_SHE, "el ella"},
	{W_ME, "me nos"},
	{W_MY, "mi mis"},
	{W_DET,
	 "de del la las el los lo su sus tu tus esa ese esos esas esta este estos estas a al mas "
	 "por favor todos todas con en un una ningun ninguna otro otra otros politicos"},
	{W_IT, "esto eso esta"},
	{W_THIS, "esto eso estos esos esta este"},
	{W_FROM, "de del"},
	{W_OF, "de"},
	{W_IF, "si"},
	{W_GUARD,
	 "hasta antes despues durante mientras noche trabajo cuando excepto salvo correo manana "
	 "como ayer anoche"},
	{W_LATE, "tarde temprano"},
	{W_AGAIN, "mas nunca jamas ya otra"},
	{W_IS, "es son"},
	{W_HOW, "como donde"},
	{W_WHO, "quien quienes"},
	{W_WHY, "porque"},

	{W_END, "cancelar cancele cancelen"},
	{W_TEXTS,
	 "mensajes mensages mensaje textos texto msjs msj mensajitos notificaciones alertas"},
	{W_NUMBER, "numero"},
	{W_PHONE, "celular telefono"},
	{W_DATA, "nombre contacto datos informacion"},
	{W_LIST, "lista listas grupo campana"},
	{W_ANYTHING, "nada"},
	{W_WANT, "quiero deseo quisiera queremos necesito"},
	{W_RECEIVE, "recibir resibir"},
	{W_ES_LOSE, "olvide olviden olvida olvidense olvidese pierda pierdan"},
	{W_TEXTED, "contactado contactada molestado molestada"},
	{W_SUBSCRIPTION, "suscripcion subscripcion"},
	{W_INTERESTED, "interesado interesada interesados interesadas"},
	{W_INTEREST, "interes"},
	{W_GAVE, "dio dieron"},
	{W_FIND, "consiguio consiguieron consiguiste obtuvo obtuvieron saco sacaron tiene tienen "
		 "encontraron"},
	{W_HARASS, "acoso acosando"},
	{W_LAWYER, "abogado abogada"},

	{W_RUDE, "chinga chinguen chingate chinguense jodete jodanse"},
	{W_GETLOST,
	 "larguense largate pudranse vete vayanse pendejo pendejos cabron cabrones vayase"},
	{W_HELL, "mierda diablo carajo chingada verga"},
	{W_MINE, "mi"},
	{W_NAME_WORD, "nombre"},
	{W_ES_WRONG, "incorrecto incorrecta erroneo equivocado equivocada"},
	{W_ES_HALT, "parenle alto parar pare paren para cancelar cancele cancelen basta detener "
		    "detenga detengan"},
	{W_PERSON, "persona"},
	{W_HERE, "aqui"},
	{W_KNOW, "conozco"},
	{W_RELATIVE, "esposo esposa padre madre mama papa hijo hija hermano hermana abuelo abuela"},
	{W_ES_KEYWORD,
	 "alto parar pare paren para cancelar cancele cancelen baja detener detenga detengan "
	 "detente salir eliminar quitar borrar basta deje dejen deja"},
	{W_ES_STOP,
	 "parenle deje dejen deja dejad pare paren para parar dejar cese cesen basta paran dejan "
	 "pares dejes"},
	{W_ES_WRITE,
	 "escriban escriba escribas escribais texteen textee textees contacten contacte "
	 "contactes molesten moleste molestes molestar mensajeen insistan busquen escriben"},
	{W_ES_WRITE_INF, "escribir mandar enviar textear llamar contactar molestar mensajear"},
	{W_ES_WRITE_ME, "escribirme mandarme enviarme textearme molestarme llamarme contactarme "
			"mensajearme spamearme escribirnos mandarnos joderme chingarme fastidiarme "
			"acosarme"},
	{W_ES_CALL, "llamen llame llames"},
	{W_ES_SEND, "manden mande mandes envien envie envies mandan envian"},
	{W_ES_REMOVE,
	 "quite quiten quita saque saquen saca borre borren borra elimine eliminen elimina "
	 "remueva remuevan quitar sacar borrar eliminar remover"},
	{W_ES_REMOVE_ME,
	 "quitenme quiteme quitame saquenme saqueme sacame borrenme borreme borrame "
	 "eliminenme elimineme eliminame remuevanme remuevame remueveme desuscribanme "
	 "desuscribeme desuscribame quitarme sacarme borrarme eliminarme desuscribirme"},
	{W_ES_GIVE, "dar darme denme deme dame den darse doy"},
	{W_ES_LOW, "baja"},
	{W_ES_LEAVE_ME, "dejenme dejeme dejame dejennos"},
	{W_ES_PEACE, "paz tranquilo tranquila"},
	{W_ES_MORE, "mas"},
	{W_ES_THAT, "que"},
	{W_ES_AM, "estoy estamos"},
	{W_ES_I_AM, "soy"},
	{W_ES_RETURN, "vuelvan vuelva vuelvas"},
	{W_ES_SAID, "dije pedi"},
	{W_ES_SER, "ser"},
	{W_ES_HAVE, "tengo hay"},
	{W_ES_I_CANCEL, "cancelo paro dejo elimino quito salgo"},
	{W_ES_INTERESTS, "interesa interesan"},
	{W_ES_MISTAKEN, "equivoco equivocaste equivocado equivocada equivocaron equivocados"},
	{W_ES_SE, "se te"},
	{W_ES_REFLEXIVE, "se te esta estan"},
	{W_ES_LIVES, "vive"},
	{W_ES_DIED, "fallecio fallecido fallecida murio"},
	{W_ES_IS, "es"},
	{W_ES_MANY, "demasiados muchos tantos"},
	{W_ES_SIGNED, "inscribi registre suscribi apunte"},
	{W_ES_REPORT, "reportar reportare reportando denunciar denunciare demandar demandare"},
	{W_ES_WITHOUT, "sin"},
	{W_NEVER, "nunca"},
	{W_NONE, NULL},
};
