/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The keywords of all languages, their misspellings, and what is read as one word. Data; see
 * optout_words.h.
 *
 * There is no general edit distance on purpose: shop, spot, post, step, stoop, send and quite are
 * one or two edits from keywords and are ordinary replies. So misspellings of short words are listed.
 */
#include "core/optout_words.h"

/* 47 CFR 64.1200(a)(10); Twilio, Telnyx, Plivo, Vonage, AWS, RingCentral; CWTA; usual practice. */
const char optout_stop_keywords[] =
	"stop quit end revoke optout cancel unsubscribe stopall unsub remove removeme endall "
	"quitall "
	"cancelall stop2quit stop2end stopquit stopend stoptoquit stoptoend stoptooptout "
	"stoptocancel stoptounsubscribe stop2optout stop2cancel stop2unsubscribe stoptostop "
	"stop2stop stopstop stoptxt stoptexts stopsms stopit quitit stopnow td delete exit "
	"unsubscribeall unsubme optmeout optoutall optoutme "
	"removal cease desist halt discontinue terminate "
	"alto parar pare paren para parenle cancelar cancele cancelen baja darmedebaja "
	"detener detenga detengan detente basta salir fin eliminar quitar borrar desuscribir "
	"desuscribirse "
	"desuscribirme altoya yabasta "
	"arret arrets arrete arreter arretez stopper stoppez desabonner desabonnez desabonnement "
	"desabonnezmoi desinscription desinscrire desinscrivez desinscrivezmoi annuler annulez "
	"resilier cesser cessez "
	"\xd1\x81\xd1\x82\xd0\xbe\xd0\xbf";

const char optout_stop_typos[] =
	"stpo sotp tsop stp stpp stopp sttop sstop dtop etop wtop atop xtop ztop srop syop sfop "
	"sgop s6op s5op stip stkp stlp st9p stol stoo sto stop0 stob stopl stopo stpop stoip stiop "
	"stoup sttp sytop sotop sropp stopm stopn stpoo stahp stawp staph stap stopa sopt stopt "
	"stops "
	"stopit "
	"sotpall stpoall stopal stoall stopallq stoppall stopsll stopalll "
	"quti qiut qit quitt quiit quiy quir quot quitr wuit qult auit quut qut quitq qquit uqit "
	"quie "
	"emd rnd ebd wnd enf ende endd ennd eend "
	"cancle cancell cancal canel cancl cansel cencel cacnel cancek cance camcel canvel cacel "
	"vancel xancel cancell ccancel cnacel canecl "
	"remvoe romove remov rmove remve reomve rwmove rempve renove remobe remoce removr removem "
	"rekove remuve removee reove "
	"revok revole rovoke reveke revoje "
	"unsuscribe unsubcribe unsubscibe unsubsribe unsubscrib unscribe unsubscrbe "
	"unsubscribes unsubsrcibe unsubcscribe usub unsubb unsib ubsub unsubcribeme unsubs "
	"opout otpout optot optou optoit optput optpit opoit opotut optut opptout optoutt outopt "
	"droptout optouy optour opyout oprout ootout iptout 0ptout optoff optoot optour ptout "
	"optoout "
	"dlete delte deleet deleate "
	"altto atlo slto altp parrar cancelr cancela arrt arrte aret arett arretes arretee "
	"desabonne desabonement desabonnemet desincription";

const char optout_help_keywords[] = "help info ayuda aide";
const char optout_start_keywords[] = "start unstop optin subscribe resubscribe";
/* Ordinary answers of people who have not opted out; some providers read them as START, too. */
const char optout_yes_keywords[] = "yes si oui resume join go";

const struct word_merge optout_merges[] = {
	{"have a nice day", "goodbye"},
	{"have a good day", "goodbye"},
	{"have a great day", "goodbye"},
	{"have a blessed day", "goodbye"},
	{"have a good night", "goodbye"},
	{"have a good one", "goodbye"},
	{"god bless you all", "goodbye"},
	{"god bless you", "goodbye"},
	{"god bless", "goodbye"},
	{"tout de suite", "now"},
	{"legal action", "lawsuit"},
	{"get rid of", "delete"},
	{"throw away", "delete"},
	{"throw out", "delete"},
	{"cease and desist", "desist"},
	{"stop it", "stopit"},
	{"quit it", "quitit"},
	{"get fucked", "getlost"},
	{"shove it up your ass", "getlost"},
	{"stick it up your ass", "getlost"},
	{"kill yourself", "getlost"},
	{"you suck", "getlost"},
	{"pieces of shit", "scum"},
	{"piece of shit", "scum"},
	{"small claims court", "court"},
	{"eat a bag of dicks", "getlost"},
	{"attorney general", "general"},
	{"class action", "lawsuit"},
	{"against the law", "illegal"},
	{"violating the law", "violating"},
	{"breaking the law", "violating"},
	{"someone else", "somebodyelse"},
	{"somebody else", "somebodyelse"},
	{"mistaken identity", "mistakenidentity"},
	{"va chier", "getlost"},
	{"allez chier", "getlost"},
	{"mange de la marde", "getlost"},
	{"mangez de la marde", "getlost"},
	{"good morning", "hello"},
	{"good afternoon", "hello"},
	{"good evening", "hello"},
	{"buenos dias", "hello"},
	{"buenas tardes", "hello"},
	{"buenas noches", "hello"},
	{"thank you very much", "thanks"},
	{"thank you so much", "thanks"},
	{"thanks so much", "thanks"},
	{"thank you", "thanks"},
	{"thank u", "thanks"},
	{"thank ya", "thanks"},
	{"muchas gracias", "thanks"},
	{"merci beaucoup", "thanks"},
	{"por favor", "please"},
	{"s il vous plait", "please"},
	{"s il te plait", "please"},
	{"sil vous plait", "please"},
	{"sil te plait", "please"},
	{"if you please", "please"},
	{"right now", "now"},
	{"for good", "forever"},
	{"from now on", "forever"},
	{"going forward", "forever"},
	{"in the future", "forever"},
	{"from here on out", "forever"},
	{"effective immediately", "immediately"},
	{"at once", "now"},
	{"right away", "now"},
	{"right this minute", "now"},
	{"this instant", "now"},
	{"as soon as possible", "now"},
	{"for the love of god", "please"},
	{"for gods sake", "please"},
	{"for god sake", "please"},
	{"for fucks sake", "please"},
	{"reaching out to", "contacting"},
	{"reaching out", "contacting"},
	{"reach out to", "contact"},
	{"reach out", "contact"},
	{"blowing up", "bombarding"},
	{"blow up", "bother"},
	{"knock it off", "getlost"},
	{"cut it out", "getlost"},
	{"go away", "getlost"},
	{"get lost", "getlost"},
	{"get bent", "getlost"},
	{"buzz off", "getlost"},
	{"bug off", "getlost"},
	{"bugger off", "getlost"},
	{"back off", "getlost"},
	{"sod off", "getlost"},
	{"take a hike", "getlost"},
	{"kick rocks", "getlost"},
	{"pound sand", "getlost"},
	{"shove it", "getlost"},
	{"up yours", "getlost"},
	{"go to hell", "getlost"},
	{"burn in hell", "getlost"},
	{"rot in hell", "getlost"},
	{"drop dead", "getlost"},
	{"go die", "getlost"},
	{"bite me", "getlost"},
	{"eat me", "getlost"},
	{"eat shit", "getlost"},
	{"eat a dick", "getlost"},
	{"kiss my ass", "getlost"},
	{"suck my dick", "getlost"},
	{"suck a dick", "getlost"},
	{"suck it", "getlost"},
	{"shut up", "getlost"},
	{"shut the fuck up", "getlost"},
	{"shut the hell up", "getlost"},
	{"get a life", "getlost"},
	{"get a job", "getlost"},
	{"the hell", "hell"},
	{"the fuck", "fuck"},
	{"the heck", "heck"},
	{"the f", "fuck"},
	{"un subscribe", "unsubscribe"},
	{"un subscribed", "unsubscribed"},
	{"un sub", "unsub"},
	{"opted out", "optedout"},
	{"opting out", "optingout"},
	{"opt out", "optout"},
	{"opt ot", "optout"},
	{"opt put", "optout"},
	{"opt oit", "optout"},
	{"opt pit", "optout"},
	{"op out", "optout"},
	{"opted in", "signedup"},
	{"opt in", "optin"},
	{"opting in", "optin"},
	{"signed up", "signedup"},
	{"sign up", "signup"},
	{"signing up", "signup"},
	{"sign me up", "signup"},
	{"sign on", "signup"},
	{"can not", "cant"},
	{"do not", "dont"},
	{"do nto", "dont"},
	{"do noy", "dont"},
	{"do nor", "dont"},
	{"do no", "dont"},
	{"do ont", "dont"},
	{"do nt", "dont"},
	{"do nott", "dont"},
	{"do noot", "dont"},
	{"do nnot", "dont"},
	{"did not", "didnt"},
	{"does not", "doesnt"},
	{"will not", "wont"},
	{"would not", "wouldnt"},
	{"should not", "shouldnt"},
	{"could not", "couldnt"},
	{"have not", "havent"},
	{"has not", "hasnt"},
	{"is not", "isnt"},
	{"are not", "arent"},
	{"was not", "wasnt"},
	{"don t", "dont"},
	{"didn t", "didnt"},
	{"doesn t", "doesnt"},
	{"won t", "wont"},
	{"can t", "cant"},
	{"isn t", "isnt"},
	{"i m", "im"},
	{"i am", "im"},
	{"i d", "id"},
	{"i ve", "ive"},
	{"no longer", "nolonger"},
	{"not longer", "nolonger"},
	{"any more", "anymore"},
	{"any longer", "anymore"},
	{"ever again", "again"},
	{"no one", "nobody"},
	{"e mail", "email"},
	{"data base", "database"},

	{"plus tard", "plustard"},
	{"plus tot", "plustot"},
	{"ya no", "no"},
	{NULL, NULL},
};
