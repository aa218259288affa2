/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* French phrases. Data; see optout_match.h. What French shares with English stands there. */
#include "core/optout_match.h"

static const struct phrase whole[] = {
	{"B.arretez_les_messages", {ONE(W_FR_STOP), REP(W_DET), ONE(W_TEXTS, W_TEXT, W_IT)}},
	{"B.arretez_de_m_appeler", {ONE(W_FR_STOP), ONE(W_OF), ONE(W_ME), ONE(W_FR_CALL_INF)}},
	{"B.plus_de_messages", {ONE(W_FR_PLUS, W_FR_PAS), REP(W_DET), ONE(W_TEXTS, W_TEXT)}},
	{"B.retirez_moi", {ONE(W_FR_REMOVE, W_FR_UNSUB), ONE(W_ME), REP(W_DET), REP(W_LIST)}},
	{"B.retirez_mon_numero",
	 {REP(W_ASK), ONE(W_FR_REMOVE, W_FR_REMOVE_INF), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA),
	  REP(W_DET), REP(W_LIST)}},
	{"B.me_retirer",
	 {REP(W_ASK), ONE(W_ME, W_FR_SE), ONE(W_FR_REMOVE_INF, W_FR_UNSUB_INF), REP(W_DET),
	  REP(W_LIST, W_TEXTS, W_TEXT)}},
	{"B.ne_m_appelez_plus",
	 {OPT(W_FR_NE), ONE(W_ME), ONE(W_FR_CALL), ONE(W_FR_PLUS, W_FR_PAS)}},
	{.rule = NULL},
};

static const struct phrase raw_cues[] = {
	{"T2.si_vous_n_arretez_pas", {ONE(W_IF), GAP, ONE(W_FR_NE), ONE(W_FR_STOP)}},
	{.rule = NULL},
};

static const struct phrase shields[] = {
	{"negated",
	 {ONE(W_FR_NE), REP(W_ME), ONE(W_FR_STOP, W_FR_REMOVE, W_FR_UNSUB, W_FR_LEAVE, W_LOSE),
	  REP(W_ME), ONE(W_FR_PAS, W_FR_PLUS), REP(W_OF, W_ME), OPT(W_FR_WRITE_INF, W_FR_SEND)}},
	{"negated", {ONE(W_FR_PAS), ONE(W_ME), ONE(W_FR_UNSUB_INF, W_FR_REMOVE_INF)}},
	{"later", {ONE(W_FR_WRITE), ONE(W_ME), ONE(W_UNKNOWN)}},
	{.rule = NULL},
};

static const struct phrase anywhere[] = {
	{"C.arretez_de_m_ecrire", {ONE(W_FR_STOP), ONE(W_OF), ONE(W_ME), ONE(W_FR_WRITE_INF)}},
	{"C.arretez_de_m_ecrire", {ONE(W_FR_STOP), ONE(W_OF), ONE(W_FR_WRITE_INF), END}},
	{"C.arretez_de_m_envoyer",
	 {ONE(W_FR_STOP), ONE(W_OF), OPT(W_ME), ONE(W_FR_SEND), REP(W_DET),
	  ONE(W_TEXTS, W_TEXT, W_THIS)}},
	{"C.ne_m_ecrivez_plus",
	 {OPT(W_FR_NE), ONE(W_ME), ONE(W_FR_WRITE), ONE(W_FR_PLUS, W_FR_PAS)}},
	{"C.ne_m_ecrivez_plus", {ONE(W_FR_WRITE), ONE(W_ME), ONE(W_FR_PLUS, W_FR_PAS), END}},
	{"C.ne_m_envoyez_plus",
	 {OPT(W_FR_NE), ONE(W_ME), ONE(W_FR_SEND), ONE(W_FR_PLUS, W_FR_PAS), REP(W_DET),
	  ONE(W_TEXTS, W_TEXT, W_ANYTHING)}},
	{"C.ne_m_envoyez_plus", {OPT(W_FR_NE), ONE(W_ME), ONE(W_FR_SEND), ONE(W_FR_PLUS), END}},
	{"C.je_ne_veux_plus",
	 {ONE(W_WANT), ONE(W_FR_PLUS, W_FR_PAS), REP(W_RECEIVE), REP(W_DET), ONE(W_TEXTS, W_TEXT)}},
	{"C.je_ne_veux_plus", {ONE(W_WANT), ONE(W_FR_PLUS, W_FR_PAS), ONE(W_FR_BE), ONE(W_TEXTED)}},
	{"C.ne_plus_me_contacter",
	 {ONE(W_FR_NE), ONE(W_FR_PLUS, W_FR_PAS), ONE(W_ME), ONE(W_FR_WRITE_INF)}},
	{"C.je_ne_veux_rien", {ONE(W_WANT), ONE(W_ANYTHING), ONE(W_RECEIVE)}},
	{"C.ne_plus_me_contacter",
	 {ONE(W_FR_NE), ONE(W_FR_PLUS, W_FR_PAS), OPT(W_ME), ONE(W_FR_SEND), REP(W_DET),
	  ONE(W_TEXTS, W_TEXT)}},
	{"C.etre_retire", {ONE(W_WANT), ONE(W_FR_BE), ONE(W_FR_REMOVED), REP(W_DET), ONE(W_LIST)}},
	{"C.retirez_moi", {ONE(W_FR_REMOVE), ONE(W_ME), REP(W_DET), ONE(W_LIST)}},
	{"C.retirez_moi", {ONE(W_ME), ONE(W_FR_REMOVE_INF), REP(W_DET), ONE(W_LIST)}},
	{"C.retirez_mon_numero",
	 {ONE(W_FR_REMOVE, W_FR_REMOVE_INF), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"C.retirez_mon_numero",
	 {ONE(W_FR_REMOVE, W_FR_REMOVE_INF), ONE(W_DET), ONE(W_NUMBER, W_PHONE, W_DATA), REP(W_DET),
	  ONE(W_LIST)}},
	{"C.desabonnez_moi", {ONE(W_FR_UNSUB), ONE(W_ME)}},
	{"C.desabonnez_moi", {ONE(W_ME), ONE(W_FR_UNSUB_INF)}},
	{"C.plus_de_messages",
	 {START, ONE(W_FR_PLUS), ONE(W_OF), REP(W_DET), ONE(W_TEXTS, W_TEXT)}},
	{"C.laissez_moi", {ONE(W_FR_LEAVE), ONE(W_ME), REP(W_DET), ONE(W_FR_PEACE)}},
	{.rule = NULL},
};

static const struct phrase wrong[] = {
	{"W.trompe_de_numero", {ONE(W_FR_MISTAKEN), REP(W_DET), ONE(W_NUMBER, W_PHONE, W_PERSON)}},
	{"W.pas_le_bon_numero",
	 {ONE(W_FR_PAS), REP(W_DET), ONE(W_RIGHT), ONE(W_NUMBER, W_PHONE, W_PERSON)}},
	{"W.je_ne_suis_pas", {ONE(W_FR_BE), ONE(W_FR_PAS), ONE(W_NAME), REP(W_NAME), END}},
	{"W.pas_ici", {ONE(W_FR_PAS), ONE(W_OF), ONE(W_NAME), REP(W_NAME), END}},
	{"W.pas_ici", {ONE(W_FR_PAS), ONE(W_OF), ONE(W_NAME), REP(W_NAME), ONE(W_HERE)}},
	{"W.pas_ici", {ONE(W_PERSON), ONE(W_OF), ONE(W_DET), ONE(W_NAME_WORD)}},
	{"W.decede", {ONE(W_THEY, W_NAME, W_RELATIVE), ONE(W_FR_BE), ONE(W_FR_DIED)}},
	{"W.decede", {ONE(W_THEY, W_NAME, W_RELATIVE), ONE(W_FR_BE), ONE(W_FR_DEAD), END}},
	{.rule = NULL},
};

static const struct phrase cues[] = {
	{"T2.pas_interesse", {ONE(W_FR_PAS), GAP, ONE(W_INTERESTED)}},
	{"T2.pas_interesse", {ONE(W_INTERESTED), ONE(W_FR_PAS), END}},
	{"T2.pas_interesse", {ONE(W_FR_NONE), ONE(W_INTEREST)}},
	{"T2.source_numero", {ONE(W_WHO), ONE(W_YOU), GAP, GAP, ONE(W_GAVE)}},
	{"T2.source_numero",
	 {ONE(W_WHO), GAP, GAP, ONE(W_GAVE), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"T2.source_numero",
	 {ONE(W_HOW), GAP, GAP, ONE(W_FIND), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"T2.comment_me_desabonner",
	 {ONE(W_HOW), GAP, GAP, GAP, GAP, ONE(W_FR_UNSUB_INF, W_FR_STOP)}},
	{"T2.jamais_inscrit", {ONE(W_FR_PLUS), ONE(W_FR_SIGNED)}},
	{"T2.harcelement", {ONE(W_IT), REP(W_IS, W_DET), ONE(W_HARASS)}},
	{"T2.porter_plainte", {ONE(W_FILE), ONE(W_COMPLAINT)}},
	{"T2.allez_au_diable", {ONE(W_GO), REP(W_DET), ONE(W_HELL)}},
	{"T2.denoncer", {ONE(W_YOU), ONE(W_FR_DENOUNCE)}},
	{"T2.jamais_donne",
	 {ONE(W_FR_PLUS), ONE(W_GAVE), ONE(W_MY), ONE(W_NUMBER, W_PHONE, W_DATA)}},
	{"T2.deja_demande",
	 {ONE(W_FR_ASKED), ONE(W_OF), REP(W_ME), ONE(W_FR_STOP, W_FR_REMOVE_INF)}},
	{"T2.trop_de_textos", {ONE(W_FR_TOO), REP(W_DET), ONE(W_TEXTS, W_TEXT)}},
	{.rule = NULL},
};

const struct phrase_book optout_book_fr = {{
	[PHRASES_WHOLE] = whole,
	[PHRASES_RAW_CUES] = raw_cues,
	[PHRASES_SHIELDS] = shields,
	[PHRASES_ANYWHERE] = anywhere,
	[PHRASES_WRONG] = wrong,
	[PHRASES_CUES] = cues,
}};
