/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* English vocabulary, and how misspelt long words are told. Data; see optout_words.h. */
#include "core/optout_words.h"

#include <string.h>

const struct word_row optout_words_en[] = {
	{W_KEYWORD, optout_stop_keywords},
	{W_KEYWORD, optout_stop_typos},
	/* Small words. */
	{W_FILLER,
	 "pelase plaese llease pleaase pleasee plesae pplease pleasw pleawe ew eww ugh fucking "
	 "fuckin fkn damn dam damned dammit damnit goddamn bloody f*cking "
	 "f**king asshole assholes bitch bitches motherfucker motherfuckers scumbag scumbags "
	 "bastard "
	 "bastards dickhead jackass please pls plz plzz pleas plase plese pleae pleease plees pliz "
	 "pleaz pl thanks thank "
	 "thanx thx thnx thks tks tnx ty tysm ok okay okey oki k kk hi hello hey heya hiya yo "
	 "sorry yes yeah yea yep yup ya no nope nah now reply respond replying sir "
	 "maam mam madam ma miss mister mr mrs ms just immediately asap already well so but and "
	 "then bro bruh bruv man dude buddy guys folks yall lady dear friend friends amigo honey "
	 "hun sweetie goodbye bye kindly appreciated respectfully fyi jfc ffs "
	 "seriously really re fwd fw"},
	{W_NOISE,
	 "please pls plz plzz just really damn dam damned fucking fuckin fkn fking f*cking "
	 "f**king effing freaking frickin freakin fricking goddamn bloody kindly ever literally "
	 "simply politely respectfully immediately fuck hell heck tf"},
	{W_PLEASE, "pelase plaese llease pleaase pleasee plesae pplease pleasw pleawe please pls "
		   "plz plzz plese plase pleas kindly"},
	{W_ASK,
	 "i im id ill ive would like want wanna wish need to be have has you u can could will "
	 "wud cud please pls plz kindly just that also hereby request requesting ask asking "
	 "choose prefer demand going gonna gotta let must should get my trying planning meaning "
	 "mean meant intend mind"},
	{W_I, "i im id ill ive"},
	{W_YOU,
	 "you u ya yall ye youre ur youve youll yous yourself yourselves urself people guys folks"},
	{W_WE, "we were weve"},
	{W_THEY, "he she they hes shes theyre ex someone somebody"},
	{W_EM, "it this that these"},
	{W_EM_TEXTS, "it these"},
	{W_ME, "mme mw me us mee myself"},
	{W_MY, "my our this the mi"},
	{W_MINE, "my our"},
	{W_THEIR, "his her their them him"},
	{W_DET,
	 "an anymore whatever whichever donations the these those this that your youre ur you all "
	 "any "
	 "every "
	 "of more such further future "
	 "additional other another so many political campaign automated auto annoying unwanted "
	 "unsolicited stupid random dumb constant endless ridiculous daily fucking goddamn damn "
	 "spam mass bulk marketing promotional promo sales fundraising "
	 "donation election voting vote dem republican democrat democratic gop a darn crappy "
	 "bullshit shitty fucken crazy awful tout toute"},
	{W_KIND, "text txt texting sms mailing email phone cell mobile call calling contact "
		 "messaging message voter marketing distribution group telephone"},
	{W_YOUR, "your ur youre yours"},
	{W_THATS, "this that thats"},
	{W_IT, "it this that these those em them everything all"},
	{W_THIS, "this these"},
	{W_FROM, "from frm off of out outta fron"},
	{W_OFF, "off"},
	{W_OUT, "out"},
	{W_OF, "of"},
	{W_TO, "to 2"},
	{W_SO, "so"},
	{W_FOR, "for on"},
	{W_BY, "by over in at"},
	{W_AND, "and n"},
	{W_OR, "or"},
	{W_WITH, "with w"},
	{W_IF, "if unless"},
	{W_GUARD,
	 "morning evening afternoon until till untill instead unless if before after during "
	 "tonight while when whenever "
	 "how weekends weekend weekdays mornings nights evenings sundays sunday saturday "
	 "saturdays mondays monday tuesday wednesday thursday friday except spanish english "
	 "tomorrow email"},
	{W_INSTEAD, "instead plutot vez lugar"},
	{W_BOUND, "during before after until till unless"},
	{W_HIRE, "hire hiring get getting contacting contact talking calling call"},
	{W_UNWANTED, "unwanted unsolicited unwelcome"},
	{W_HAVENT, "havent hasnt"},
	{W_LOST, "lost"},
	{W_INCLUDE, "include"},
	{W_STOPPED, "stopped"},
	{W_REACH, "reach"},
	{W_DAY, "day today week hour"},
	{W_REPORTED, "reported reporting"},
	{W_SUED, "sued"},
	{W_SUING, "suing"},
	{W_PREFER, "rather prefer"},
	{W_BEG, "mean serious beg begging"},
	{W_WORK, "work works working"},
	{W_REMEMBER, "remember recall"},
	{W_REMOVAL, "removal"},
	{W_TODAY, "today"},
	{W_REPLY, "reply respond answer"},
	{W_BACK, "back"},
	{W_AT, "at"},
	{W_PLACE, "work night home school dinner lunch church midnight noon job office dawn"},
	{W_LATE, "late early"},
	{W_DRIVING, "driving drivin drive biking"},
	{W_LESS, "less fewer"},
	{W_TAIL,
	 "by no further via about for from with on at in or and to bc because cuz cause as since "
	 "so "
	 "but regarding "
	 "re asking begging trying concerning w using via if unless until till instead before "
	 "after during tonight while when please pls plz thanks i im ive id you u we my this "
	 "its it again anymore ever now ok just"},
	{W_CLAUSE, "lol haha hahaha lmao i im ive id ill you u youre ur we please pls plz thanks "
		   "because bc cuz since its "
		   "thats or wrong who"},
	{W_AGAIN, "again anymore anymor ever now immediately asap already today please forever "
		  "period altogether completely permanently"},
	{W_EVER, "ever you u please pls again just even dare"},
	{W_BE_SO, "be get being"},
	{W_REQUEST,
	 "want wanna wish like need request requesting ask asking prefer please demand appreciate"},
	{W_BE, "be been being get getting"},
	{W_IS, "is am are was hes shes its be thats were has"},
	{W_DO, "do does did would should could can d"},
	{W_CAN, "can could would will cud wud need should must gotta"},
	{W_DID, "did had have"},
	{W_HAVE, "have has had got get havent reached texted texting messaged contacting contacted "
		 "called calling dialed sent having ve youve reach gotten"},
	{W_GET, "acquired get got getting gotten receiving receive received"},
	{W_HOW, "how howd hows where whered"},
	{W_WHY, "why whyd y"},
	{W_WHO, "who whod whos"},
	{W_WHAT, "what whats which"},
	{W_NO, "no zero"},
	{W_NOT, "nto nott nnot noy ont not isnt aint arent nit nt"},
	{W_DONT, "dotn donr donnt dontt font dobt domt dont donot dnt dunt doont dint dnot"},
	{W_DIDNT, "didnt never"},
	{W_NEVER, "never nvr nevr"},
	{W_NEG,
	 "wasnt dont donot dnt never not cant cannot wont couldnt wouldnt shouldnt didnt aint isnt "
	 "arent doesnt"},
	{W_ISNT, "isnt aint not nt"},
	{W_DOESNT, "doesnt didnt hasnt"},
	{W_NOLONGER, "nolonger"},
	{W_MORE, "moree morre mmore mre mpre omre morr nore mroe moer mor more further additional"},
	{W_ONE, "one another"},
	{W_TOO, "too so way to"},
	{W_MANY, "many much"},
	{W_ENOUGH, "enough enuf"},
	{W_STILL, "still"},
	{W_ALREADY,
	 "already before times multiple repeatedly twice thrice previously ago yesterday"},
	{W_KEEP, "keep keeps kept"},
	{W_HERE, "here there"},
	{W_IN, "in"},
	{W_JUST, "just recently"},
	{W_JOKE, "oh aw aww wow haha hahaha lol lmao lmfao omg omfg hehe jk rofl ha"},
	/* Opting out. */
	{W_STOP, "atop stpp sstop wtop xtop sfop stip stlp stol stoo stob stopl stopo stpop stoip "
		 "stoup sytop tsop stop0 soto stawp stap stopit quitit stop stpo sotp tsop stopp "
		 "sttop dtop stahp srop syop quit quitt "
		 "qiut cease halt "
		 "discontinue desist refrain s*top st*p"},
	{W_STRONG, "stopit quitit stop stopall unsubscribe unsub optout stpo sotp tsop stopp stahp "
		   "alto arret "
		   "arretez desabonner stopit"},
	{W_END, "end cancel terminate cancle cancell"},
	{W_TEXTING,
	 "txtng texting txting texing textin txtin textng texitng messaging messageing messging "
	 "messagin msging massaging contacting contactin contating contactng spamming spaming "
	 "bothering botherin bugging harassing harrassing harrasing pestering annoying "
	 "soliciting dming pinging bombarding blasting blowing hounding disturbing stalking "
	 "nagging badgering smsing mesaging messeging"},

	{W_SENDING, "sending sendin sendng seding"},
	{W_CALLING, "calling callin phoning ringing"},
	{W_EMAILING, "emailing"},
	{W_TEXT, "ttext texxt etxt teext texg tet txet tect tdxt yext rext textt teext texr texy "
		 "tedt tsxt twxt text txt texts tex "
		 "tezt message msg mesage contact dm solicit"},
	{W_BOTHER, "bother bug harass pester spam disturb annoy bothering"},
	{W_SEND, "send snd"},
	{W_CALL, "call phone ring"},
	{W_EMAIL, "email mail write"},
	{W_TEXTED, "texted messaged contacted bothered spammed solicited harassed disturbed txted"},
	{W_TEXTS, "txets tects texst texys textx texxts tezts tecxts ads texts txts messages msgs "
		  "messges mesages messeges massages messsages mssgs sms mms "
		  "alerts notifications notices communications communication correspondence "
		  "solicitations solicitation spam txtmsg textmessages updates messaging contact "
		  "reminders"},
	{W_CALLS, "calls"},
	{W_MAKE, "make making"},
	{W_JUNK, "links link pictures pics crap shit sh*t bullshit bs garbage nonsense stuff junk "
		 "trash propaganda things this "
		 "these those"},
	{W_ANYTHING, "anything anymore nothing"},
	{W_NUMBER, "number numbers num nbr numer nunber numbr numbe nmber nummer digits"},
	{W_PHONE, "phone cell mobile cellphone telephone line landline"},
	{W_DATA, "info information data name names contact account"},
	{W_PLAIN_LIST,
	 "lits lisy lisr kist chain chains thread list lists lst lsit database mailing"},
	{W_LIST,
	 "lits lisy lisr kist chain chains list lists lst lsit database system registry rolls "
	 "group groups thread chat "
	 "contacts "
	 "distribution file files records campaign campaigns org organization program service "
	 "everything all outreach blast blasts roster mailings"},
	{W_REMOVE, "remove rmove remvoe romove rwmove remobe remve renove remov reomve removing "
		   "remoev removr delete delet erase unlist scrub deactivate exclude"},
	{W_REMOVED, "removed taken deleted unlisted dropped unsubscribed"},
	{W_TAKE,
	 "tkae taje taek tske take get pull strike cross scratch drop tale cut taking getting"},
	{W_UNSUB, "unsubscribing unsubscribe unsub unsuscribe unsubcribe unsubs usub"},
	{W_UNSUBBED, "unsubscribed optedout unsubbed"},
	{W_OPTOUT, "optout optingout opout optot opoit opput"},
	{W_OPT, "opt"},
	{W_LOSE, "losse lsoe loes lsoe lose loose forget delete erase"},
	{W_LEAVE, "leave leav lave"},
	{W_LET, "let"},
	{W_ALONE, "alone alon"},
	{W_REVOKE, "revoke withdraw rescind revoking withdrawing"},
	{W_CONSENT, "consent permission authorization consented agree agreed authorize authorized"},
	{W_SUBSCRIPTION, "subscription subscriptions suscription"},
	{W_WANT, "want wish wanna wanted wished desire"},
	{W_NEED, "need appreciate like care"},
	{W_LIKE, "like care"},
	{W_GETTING, "receiving getting recieving"},
	{W_MISS, "miss"},
	{W_PUT, "put add place"},
	{W_REVOKED, "revoked withdrawn"},
	{W_WAY, "way"},
	{W_VERY, "least bit be less really very at all even too particularly remotely slightest "
		 "that the in so just "
		 "pure borderline total a pretty this now currently right"},
	{W_HAD, "had"},
	{W_LAWSUIT, "lawsuit"},
	{W_COURT, "court"},
	{W_VIOLATING, "violating"},
	{W_GO, "go"},
	{W_LOOKING, "looking"},
	{W_SOMEBODY_ELSE, "somebodyelse"},
	{W_USE, "use uses own owns"},
	{W_REASSIGNED, "reassigned recycled"},
	{W_CHANGED, "changed"},
	{W_OWNER, "owner"},
	{W_ALIVE, "alive living"},
	{W_RECEIVE, "receive get getting receiving recieve recieving hear accept"},
	{W_HEAR, "hear hearing"},
	/* Cues. */
	{W_INTERESTED,
	 "interested intrested interesed intersted intetested insterested interrested"},
	{W_UNINTERESTED, "uninterested disinterested"},
	{W_INTEREST, "interest intrest"},
	{W_GAVE, "shared gave give given sold gives giving"},
	{W_FIND, "know get got find found obtain obtained have getting gotten acquire"},
	{W_SIGNUP,
	 "signing subscriber subscribers resubscribe subscribing optin signup signedup subscribe "
	 "subscribed subcribed suscribed consent consented agree "
	 "agreed asked ask requested request register registered join joined authorized "
	 "authorize permission enrolled enroll"},
	{W_SAID, "said say saying texted replied sent typed told responded hit wrote pressed tried "
		 "texting replying reply text type put answered"},
	{W_TOLD, "told asked ask tell begged requested telling asking warned requesting"},
	{W_TIMES, "times time already before twice again yesterday ago multiple x repeatedly"},
	{W_SPAM,
	 "spam spammer spammers spammed spamming spams spamed spaming scam scammer scammers "
	 "phishing"},
	{W_FOLDER, "folder filter filters musubi box"},
	{W_HARASS, "harassment harassing harrassment harassed harass harrassing stalking"},
	{W_REPORT, "report reporting reported reportin"},
	{W_BLOCK, "blocked blocking"},
	{W_BLOCK_INF, "block"},
	{W_SUE, "sue suing sueing"},
	{W_LAWYER, "lawyer attorney solicitor lawyers attorneys"},
	{W_POLICE, "police cops authorities"},
	{W_ILLEGAL, "illegal unlawful"},
	{W_FCC, "fcc ftc bbb"},
	{W_TCPA, "tcpa"},
	{W_FILE, "file filing filed"},
	{W_COMPLAINT, "complaint complaints"},
	{W_FUCK, "fuck fuk fck f*ck f**k fk fvck phuck fuc f*k fuq"},
	{W_PISS, "f eff screw piss"},

	{W_INSULT, "scum commie commies scums asshole assholes ahole bitch bitches motherfucker "
		   "motherfuckers mf scumbag scumbags "
		   "bastard bastards dickhead jackass dipshit cunt cunts moron morons idiot idiots "
		   "loser losers creep creeps"},
	{W_RUDE, "gtfo stfu kys fuckoff fuckyou fucku fuckyall"},

	{W_AWAY, "away"},
	{W_GETLOST, "getlost fu"},
	{W_DNC, "dnc donotcall"},
	{W_SICK, "over sick tired fed annoyed hate irritated bombarded inundated bothered"},
	{W_ANNOYING,
	 "annoying ridiculous unwanted unsolicited excessive unwelcome intrusive invasive "
	 "harassing nuisance"},
	/* Wrong number. */
	{W_WRONG_NUMBER, "wrongnumber wrongnum mistakenidentity"},
	{W_WRONG, "wrongnumber wrng wrong rong worng wring wrog incorrect wronf"},
	{W_RIGHT, "right correct"},
	{W_PERSON, "person guy man lady woman girl dude contact individual name gal peron human"},
	{W_TITLE, "mr mrs ms dr miss mister"},
	{W_RELATIVE,
	 "husband wife mother father mom mum dad son daughter brother sister grandmother "
	 "grandfather grandma grandpa parents parent spouse partner aunt uncle mama papa "
	 "hubby"},
	{W_PASSED, "passed"},
	{W_DIED, "died"},
	{W_DEAD, "dead deceased"},
	{W_DECEASED, "deceased"},
	{W_SHE, "he she hes shes"},
	{W_TIME, "one two three four five six seven eight nine ten couple few several last years "
		 "year months month weeks week ago yesterday recently long today back january "
		 "february march april may june july august september october november december"},
	{W_LIVE, "live lives"},
	{W_KNOW, "know"},
	{W_CONFUSED, "confused mixed mistaken"},
	{W_BELONG, "belong belongs"},
	{W_ANYONE, "any anyone anybody a"},
	{W_NOBODY, "nobody none"},
	{W_NAMED, "named"},
	{W_NAME_WORD, "name names"},
	{W_HIM, "him her them he she"},
	{W_ORDINARY,
	 "cancer cancers cancels evoke revote remover removes reprove spending ending lending "
	 "mending bending tending pending vending contract contracts "
	 "content tests testing remote republican republicans democrat democratic democrats gop "
	 "liberal "
	 "conservative "
	 "independent "
	 "maga trump biden harris vance obama clinton sanders kamala newsom desantis pence haley "
	 "aoc "
	 "pelosi cruz trudeau poilievre carney american americans catholic christian muslim jewish "
	 "white black latino latina hispanic mexican canadian french english spanish indian texan "
	 "registered eligible sure going here home available able ready voting working driving "
	 "happy "
	 "free near allowed retired married covered certain comfortable convinced ok okay good "
	 "great "
	 "alabama alaska arizona arkansas colorado connecticut delaware georgia hawaii "
	 "idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts "
	 "michigan "
	 "minnesota mississippi missouri montana nebraska nevada oklahoma oregon pennsylvania "
	 "tennessee utah vermont virginia washington wisconsin wyoming london paris chicago boston "
	 "monday tuesday wednesday thursday friday saturday sunday january february march april "
	 "may "
	 "june july august september october november december texas ohio florida california "
	 "facebook "
	 "google amazon netflix zoom god congress senate house america usa canada mexico medicare "
	 "covid it them that him her me us you at from in a an the to too"},
	{W_NAME,
	 "james john robert michael david william richard joseph thomas charles christopher daniel "
	 "matthew anthony donald steven paul andrew joshua kenneth kevin brian george timothy "
	 "ronald "
	 "jason edward jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott "
	 "brandon benjamin samuel gregory alexander patrick raymond jerry dennis tyler aaron jose "
	 "adam "
	 "nathan henry zachary douglas peter kyle noah ethan jeremy walter keith roger terry "
	 "austin "
	 "sean gerald carl harold dylan arthur lawrence jordan jesse bryan billy bruce gabriel joe "
	 "logan alan juan albert willie elijah wayne randy vincent mason roy ralph bobby russell "
	 "philip eugene mike bob dave jim jimmy tom tommy steve stevie chris matt dan danny tony "
	 "ken "
	 "ron jeff greg sam ben rick ricky ted ed eddie fred freddy joey johnny andy alex josh "
	 "nick "
	 "luis carlos jorge pedro manuel miguel antonio francisco javier rafael ricardo fernando "
	 "eduardo sergio roberto mario marco diego hector raul oscar cesar pablo jesus ramon "
	 "enrique "
	 "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy "
	 "betty "
	 "sandra margaret ashley kimberly emily donna michelle carol amanda melissa deborah "
	 "stephanie "
	 "rebecca sharon laura cynthia dorothy amy kathleen angela shirley emma brenda pamela "
	 "nicole "
	 "anna samantha katherine christine debra rachel carolyn janet maria olivia heather helen "
	 "catherine diane julie victoria joyce lauren kelly christina ruth joan judith "
	 "evelyn "
	 "hannah andrea megan cheryl jacqueline madison teresa abigail sophia martha sara gloria "
	 "janice kathryn ann isabella judy charlotte julia amber alice jean denise frances "
	 "danielle "
	 "marilyn natalie beverly diana brittany theresa kayla alexis doris lori tiffany kathy "
	 "katie "
	 "beth debbie cindy becky liz jen jenny jess kim kate peggy sally wendy tina tammy stacy "
	 "ana carmen elena lucia gabriela sofia valentina guadalupe lupe juana josefa "
	 "veronica alejandra adriana isabel silvia yolanda margarita miriam "
	 "pierre luc marc marie jacques francois michel andre louis philippe claude alain "
	 "sylvie nathalie isabelle genevieve chantal francine mathieu etienne antoine benoit "
	 "yves gilles denis serge normand zoe chloe camille"},
	{W_NONE, NULL},
};

bool optout_list_has(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t n = 0;

		while (list[n] && list[n] != ' ')
			n++;
		if (n == len && memcmp(list, word, len) == 0)
			return true;
		list += n;
		list += *list == ' ';
	}
	return false;
}

enum { EDIT_LENGTH_MAX = 15 };

/* Optimal string alignment, three rows of the table at a time; lengths up to EDIT_LENGTH_MAX. */
static unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][EDIT_LENGTH_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3];
		const unsigned *two_above = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two_above[j - 2] + 1 < best)
				best = two_above[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_len % 3][b_len];
}

/* Which letters there are: one of them that the other word lacks takes an edit. */
static uint32_t letters_of(const char *word, size_t len)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < len; i++)
		letters |= UINT32_C(1) << ((unsigned char)word[i] & 31);
	return letters;
}

const char *optout_right_spelling(const char *word, size_t len)
{
	static const struct {
		const char *word;
		uint8_t edits;
	} long_words[] = {
		{"unsubscribe", 2}, {"texting", 1},      {"messaging", 1},  {"contacting", 1},
		{"messages", 1},    {"message", 1},      {"contact", 1},    {"sending", 1},
		{"bothering", 1},   {"harassing", 1},    {"remove", 1},     {"removed", 1},
		{"delete", 1},      {"number", 1},       {"leave", 1},      {"alone", 1},
		{"wrong", 1},       {"never", 1},        {"again", 1},      {"anymore", 1},
		{"cancel", 1},      {"revoke", 1},       {"optout", 1},     {"stopall", 1},
		{"cancelar", 1},    {"arreter", 1},      {"receive", 1},    {"interested", 1},
		{"harassment", 2},  {"subscription", 2}, {"permission", 1}, {"consent", 1},
		{"mensajes", 1},    {"escriban", 1},     {"escribirme", 1}, {"mandarme", 1},
		{"equivocado", 1},  {"numero", 1},       {"interesado", 1}, {"desabonner", 2},
		{"desabonnez", 1},  {"arretez", 1},      {"envoyer", 1},    {"textos", 1},
		{"retirez", 1},     {"interesse", 1},
	};

	uint32_t letters = letters_of(word, len);

	if (len > EDIT_LENGTH_MAX)
		return NULL;
	for (size_t i = 0; i < sizeof(long_words) / sizeof(long_words[0]); i++) {
		const char *right = long_words[i].word;
		size_t right_len = strlen(right);
		int edits = long_words[i].edits;

		if (len + edits >= right_len && len <= right_len + edits &&
		    __builtin_popcount(letters & ~letters_of(right, right_len)) <= edits &&
		    edit_distance(word, len, right, right_len) <= (unsigned)edits)
			return right;
	}
	return NULL;
}
