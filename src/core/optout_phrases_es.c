/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Spanish phrases. Data; see optout_match.h. What Spanish shares with English stands there. */
#include "core/optout_match.h"

static const struct phrase whole[] = {
	{"B.no_me_escriban",
	 {ONE(W_NO), REP(W_ME), ONE(W_ES_WRITE, W_ES_CALL),
	  REP(W_AGAIN, W_DET, W_TEXTS, W_ANYTHING)}},
	{"B.no_mas", {ONE(W_NO), ONE(W_ES_MORE), REP(W_DET), REP(W_TEXTS)}},
	{"B.alto_mensajes", {REP(W_ASK), ONE(W_ES_HALT), REP(W_DET, W_WITH), ONE(W_TEXTS)}},
	{"B.quitenme", {ONE(W_ES_REMOVE), REP(W_DET), ONE(W_LIST)}},
	{"B.quitenme", {REP(W_ASK), ONE(W_ES_REMOVE_ME), REP(W_DET), REP(W_LIST, W_TEXTS, W_HERE)}},
	{"B.borren_mi_numero",
	 {REP(W_ASK), ONE(W_ES_REMOVE), ONE(W_MY, W_DET), ONE(W_NUMBER, W_PHONE, W_DATA),
	  REP(W_DET), REP(W_LIST)}},
	{"B.dejen_de_mandar",
	 {ONE(W_ES_STOP), ONE(W_OF), ONE(W_ES_WRITE_INF), REP(W_DET), REP(W_TEXTS)}},
	{.rule = NULL},
};

static const struct phrase raw_cues[] = {
	{"T2.si_no_paran", {ONE(W_IF), ONE(W_NO), REP(W_ME), ONE(W_ES_STOP, W_ES_REMOVE)}},
	{.rule = NULL},
};

static const struct phrase shields[] = {
	{"negated", {ONE(W_NO), ONE(W_ES_STOP), OPT(W_OF), OPT(W_ES_WRITE_ME, W_ES_WRITE_INF)}},
	{"negated",
	 {ONE(W_NO), OPT(W_WANT), REP(W_ME), ONE(W_ES_REMOVE, W_ES_REMOVE_ME, W_ES_GIVE), REP(W_OF),
	  OPT(W_ES_LOW)}},
	{.rule = NULL},
};

static const struct phrase anywhere[] = {
	{"C.dejen_de_escribirme", {ONE(W_ES_STOP), ONE(W_OF), ONE(W_ES_WRITE_ME)}},
	{"C.dejen_de_escribirme",
	 {ONE(W_ES_STOP), ONE(W_OF), ONE(W_ES_WRITE_INF), REP(W_DET), ONE(W_TEXTS)}},
	{"C.no_me_escriban", {ONE(W_NO), ONE(W_ME), ONE(W_ES_WRITE)}},
	{"C.no_me_manden",
	 {ONE(W_NO), ONE(W_ME), ONE(W_ES_SEND), REP(W_DET), ONE(W_TEXTS, W_ANYTHING, W_ES_MORE)}},
	{"C.no_me_manden", {ONE(W_NO), ONE(W_ME), ONE(W_ES_SEND), END}},
	{"C.no_mas", {START, ONE(W_NO), ONE(W_ES_MORE), REP(W_DET), ONE(W_TEXTS)}},
	{"C.no_manden_mas", {ONE(W_NO), ONE(W_ES_SEND, W_ES_WRITE_INF), REP(W_DET), ONE(W_TEXTS)}},
	{"C.no_manden_mas",
	 {ONE(W_NO), ONE(W_ES_SEND, W_ES_WRITE, W_ES_WRITE_INF), ONE(W_ES_MORE), END}},
	{"C.quitenme", {ONE(W_ES_REMOVE), ONE(W_ME), REP(W_DET), ONE(W_LIST)}},
	{"C.no_vuelvan_a_escribirme",
	 {ONE(W_NO), ONE(W_ME), ONE(W_ES_RETURN), ONE(W_DET), ONE(W_ES_WRITE_INF)}},
	{"C.no_vuelvan_a_escribirme",
	 {ONE(W_NO), ONE(W_ES_RETURN), ONE(W_DET), ONE(W_ES_WRITE_ME)}},
	{"C.nunca_me_escriban", {ONE(W_NEVER), REP(W_AGAIN), ONE(W_ME), ONE(W_ES_WRITE)}},
	{"C.no_deseo_ser_contactado", {ONE(W_NO), ONE(W_WANT), ONE(W_ES_SER), ONE(W_TEXTED)}},
	{"C.salir_de_la_lista",
	 {ONE(W_WANT), ONE(W_ES_KEYWORD), ONE(W_OF), REP(W_DET), ONE(W_LIST)}},
	{"C.olvide_mi_numero",
	 {ONE(W_ES_LOSE), OPT(W_OF), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"C.no_quiero_mensajes",
	 {ONE(W_NO), ONE(W_WANT), REP(W_RECEIVE), REP(W_DET), ONE(W_TEXTS, W_ANYTHING)}},
	{"C.no_quiero_mensajes",
	 {ONE(W_NO), ONE(W_WANT), ONE(W_ES_THAT), ONE(W_ME), ONE(W_ES_WRITE, W_ES_SEND)}},
	{"C.quitenme", {ONE(W_ES_REMOVE_ME), ONE(W_OF), REP(W_DET), ONE(W_LIST)}},
	{"C.quitenme",
	 {ONE(W_ME), REP(W_ASK), ONE(W_ES_REMOVE), ONE(W_OF), REP(W_DET), ONE(W_LIST)}},
	{"C.quitenme", {ONE(W_ES_REMOVE_ME), END}},
	{"C.borren_mi_numero", {ONE(W_ES_REMOVE), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"C.darme_de_baja", {ONE(W_ES_GIVE), ONE(W_OF), ONE(W_ES_LOW)}},
	{"C.dejenme_en_paz", {ONE(W_ES_LEAVE_ME), REP(W_DET), ONE(W_ES_PEACE)}},
	{.rule = NULL},
};

static const struct phrase wrong[] = {
	{"W.numero_equivocado", {ONE(W_NUMBER, W_PHONE, W_PERSON), ONE(W_ES_WRONG)}},
	{"W.numero_equivocado",
	 {ONE(W_ES_REFLEXIVE), ONE(W_ES_MISTAKEN), OPT(W_OF), REP(W_DET),
	  ONE(W_NUMBER, W_PHONE, W_PERSON)}},
	{"W.numero_equivocado", {START, ONE(W_ES_REFLEXIVE), ONE(W_ES_MISTAKEN), LAST}},
	{"W.numero_equivocado", {ONE(W_ES_SE), ONE(W_ES_MISTAKEN), LAST}},
	{"W.numero_equivocado", {START, ONE(W_ES_MISTAKEN), LAST}},
	{"W.no_soy", {ONE(W_NO), ONE(W_ES_I_AM, W_ES_IS), ONE(W_NAME), REP(W_NAME), END}},
	{"W.no_soy", {ONE(W_NO), ONE(W_ES_I_AM), REP(W_DET), ONE(W_PERSON)}},
	{"W.no_es_su_numero",
	 {ONE(W_NO), ONE(W_ES_IS), REP(W_DET, W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"W.no_vive", {ONE(W_NO), ONE(W_ES_LIVES), REP(W_NAME), ONE(W_HERE)}},
	{"W.no_vive", {ONE(W_HERE), ONE(W_NO), ONE(W_ES_LIVES)}},
	{"W.no_vive", {ONE(W_NO), ONE(W_ES_LIVES), ONE(W_NAME)}},
	{"W.no_conozco", {ONE(W_NO), ONE(W_KNOW), REP(W_DET), ONE(W_NAME, W_PERSON)}},
	{"W.no_conozco", {ONE(W_NO), ONE(W_ES_HAVE), ONE(W_DET), ONE(W_NAME)}},
	{"W.fallecio", {ONE(W_SHE, W_RELATIVE), OPT(W_ANY), ONE(W_ES_DIED)}},
	{"W.fallecio", {ONE(W_NAME), ONE(W_ES_DIED), LAST}},
	{"W.fallecio", {START, ONE(W_ES_DIED), END}},
	{"W.fallecio", {START, ONE(W_ES_DIED), REP(W_DET), ONE(W_UNKNOWN), OPT(W_UNKNOWN), LAST}},
	{.rule = NULL},
};

static const struct phrase cues[] = {
	{"T2.no_me_interesa", {ONE(W_NO), OPT(W_ME), ONE(W_ES_INTERESTS)}},
	{"T2.no_me_interesa", {ONE(W_NO), ONE(W_ES_AM), OPT(W_ANY), ONE(W_INTERESTED)}},
	{"T2.no_me_interesa", {ONE(W_NO), ONE(W_ES_HAVE), OPT(W_DET), ONE(W_INTEREST)}},
	{"T2.no_me_interesa", {START, ONE(W_ES_WITHOUT), ONE(W_INTEREST), LAST}},
	{"T2.origen_numero",
	 {ONE(W_WHO), REP(W_YOU), ONE(W_GAVE), REP(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"T2.origen_numero",
	 {ONE(W_HOW), GAP, ONE(W_FIND), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"T2.como_cancelo", {ONE(W_HOW), GAP, GAP, ONE(W_ES_I_CANCEL, W_ES_REMOVE_ME)}},
	{"T2.como_cancelo", {ONE(W_HOW), GAP, GAP, ONE(W_ES_KEYWORD), LAST}},
	{"T2.quiero_cancelar", {START, ONE(W_WANT), ONE(W_ES_KEYWORD), LAST}},
	{"T2.ya_dije_que_no", {ONE(W_ES_SAID), ONE(W_ES_THAT), ONE(W_NO)}},
	{"T2.como_cancelo", {ONE(W_HOW), GAP, GAP, ONE(W_ES_GIVE), ONE(W_OF), ONE(W_ES_LOW)}},
	{"T2.denuncia", {ONE(W_ES_REPORT), LAST}},
	{"T2.vayanse", {START, ONE(W_GETLOST), REP(W_DET), ONE(W_HELL)}},
	{"T2.denuncia", {ONE(W_ES_REPORT), REP(W_DET), ONE(W_NUMBER, W_TEXTS)}},
	{"T2.demasiados", {ONE(W_ES_MANY), REP(W_DET), ONE(W_TEXTS)}},
	{"T2.nunca_me_inscribi", {ONE(W_NO, W_NEVER), ONE(W_ME), ONE(W_ES_SIGNED)}},
	{.rule = NULL},
};

static const struct phrase if_wrong[] = {
	{.rule = NULL},
};

static const struct phrase hints[] = {
	{.rule = NULL},
};

const struct phrase_book optout_book_es = {
	.whole = whole,
	.raw_cues = raw_cues,
	.shields = shields,
	.anywhere = anywhere,
	.wrong = wrong,
	.if_wrong = if_wrong,
	.cues = cues,
	.hints = hints,
};
