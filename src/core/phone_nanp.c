/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The North American Numbering Plan: which ten digits can be a number, and of which class.
 *
 * An area code that is not listed is accepted, because new ones come every year and the list is as
 * old as the build; it is only classed apart. Exchanges are checked by their form alone. Sources:
 * NANPA's lists of geographic, 5XX and easily recognisable codes, the Canadian Numbering
 * Administrator's of 6XX codes, both as of 2026 with codes announced but not yet in service.
 */
#include "core/phone_tables.h"

#include <string.h>
#include <strings.h>

/* clang-format off */
static const uint16_t united_states[] = {
	201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219,
	220, 223, 224, 225, 227, 228, 229, 231, 234, 235, 239, 240, 248, 251, 252, 253, 254,
	256, 260, 262, 267, 269, 270, 272, 274, 276, 279, 281, 283, 301, 302, 303, 304, 305,
	307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 324, 325,
	326, 327, 329, 330, 331, 332, 334, 336, 337, 339, 341, 346, 347, 350, 351, 352, 353,
	357, 360, 361, 363, 364, 369, 380, 385, 386, 401, 402, 404, 405, 406, 407, 408, 409,
	410, 412, 413, 414, 415, 417, 419, 423, 424, 425, 430, 432, 434, 435, 436, 440, 442,
	443, 445, 447, 448, 457, 458, 463, 464, 465, 469, 470, 471, 472, 475, 478, 479, 480,
	483, 484, 501, 502, 503, 504, 505, 507, 508, 509, 510, 512, 513, 515, 516, 517, 518,
	520, 530, 531, 534, 539, 540, 541, 551, 557, 559, 561, 562, 563, 564, 567, 570, 571,
	572, 573, 574, 575, 580, 582, 585, 586, 601, 602, 603, 605, 606, 607, 608, 609, 610,
	612, 614, 615, 616, 617, 618, 619, 620, 621, 623, 624, 626, 628, 629, 630, 631, 636,
	640, 641, 645, 646, 650, 651, 656, 657, 659, 660, 661, 662, 667, 669, 678, 679, 680,
	681, 682, 686, 689, 701, 702, 703, 704, 706, 707, 708, 712, 713, 714, 715, 716, 717,
	718, 719, 720, 724, 725, 726, 727, 728, 729, 730, 731, 732, 734, 737, 738, 740, 743,
	747, 748, 754, 757, 760, 762, 763, 765, 769, 770, 771, 772, 773, 774, 775, 779, 781,
	785, 786, 801, 802, 803, 804, 805, 806, 808, 810, 812, 813, 814, 815, 816, 817, 818,
	820, 821, 826, 828, 830, 831, 832, 835, 837, 838, 839, 840, 843, 845, 847, 848, 850,
	854, 856, 857, 858, 859, 860, 861, 862, 863, 864, 865, 870, 872, 878, 901, 903, 904,
	906, 907, 908, 909, 910, 912, 913, 914, 915, 916, 917, 918, 919, 920, 924, 925, 928,
	929, 930, 931, 934, 936, 937, 938, 940, 941, 943, 945, 947, 948, 949, 951, 952, 954,
	956, 959, 970, 971, 972, 973, 975, 978, 979, 980, 983, 984, 985, 986, 989,
};

static const uint16_t canada[] = {
	204, 226, 236, 249, 250, 257, 263, 273, 289, 306, 343, 354, 365, 367, 368, 382, 387,
	403, 416, 418, 428, 431, 437, 438, 450, 468, 474, 506, 514, 519, 548, 579, 581, 584,
	587, 604, 613, 639, 647, 672, 683, 705, 709, 742, 753, 778, 780, 782, 807, 819, 825,
	867, 873, 879, 902, 905, 942
};

/* The Caribbean, Bermuda and the Pacific territories. */
static const uint16_t islands[] = {
	242, 246, 264, 268, 284, 340, 345, 441, 473, 649, 658, 664, 670, 671, 684, 721, 758,
	767, 784, 787, 809, 829, 849, 868, 869, 876, 939
};

static const uint16_t toll_free[] = {800, 833, 844, 855, 866, 877, 888};
static const uint16_t premium[] = {900};
static const uint16_t personal[] = {
	500, 521, 522, 523, 524, 525, 526, 527, 528, 529, 532, 533, 535, 538, 542, 543, 544,
	545, 546, 547, 549, 550, 552, 553, 554, 556, 558, 566, 569, 577, 578, 588, 589,
};
/* Canadian non-geographic services, interexchange carriers, the US government. */
static const uint16_t special[] = {600, 622, 633, 644, 655, 677, 688, 700, 710};
/* clang-format on */

#define CODES(array) (array), sizeof(array) / sizeof((array)[0])

static const struct {
	const uint16_t *codes;
	size_t n;
	enum phone_class class;
} area_classes[] = {
	{CODES(united_states), PHONE_GEOGRAPHIC}, {CODES(canada), PHONE_GEOGRAPHIC},
	{CODES(islands), PHONE_GEOGRAPHIC},       {CODES(toll_free), PHONE_TOLL_FREE},
	{CODES(premium), PHONE_PREMIUM},          {CODES(personal), PHONE_PERSONAL},
	{CODES(special), PHONE_SPECIAL},
};

static const struct {
	const char *region;
	const char *area;
} only_areas[] = {
	{"AG", "268"}, {"AI", "264"}, {"AS", "684"}, {"BB", "246"}, {"BM", "441"},
	{"BS", "242"}, {"DM", "767"}, {"GD", "473"}, {"GU", "671"}, {"KN", "869"},
	{"KY", "345"}, {"LC", "758"}, {"MP", "670"}, {"MS", "664"}, {"SX", "721"},
	{"TC", "649"}, {"TT", "868"}, {"VC", "784"}, {"VG", "284"}, {"VI", "340"},
};

/* Three digits NXX: the first is 2 to 9, and X11 is a service (211, 911, ...). */
static bool is_nxx(const char *d)
{
	return d[0] >= '2' && !(d[1] == '1' && d[2] == '1');
}

enum phone_error nanp_check(const char *national)
{
	if (!is_nxx(national))
		return PHONE_BAD_AREA;
	return is_nxx(national + 3) ? PHONE_OK : PHONE_BAD_EXCHANGE;
}

static enum phone_class classify_area(const char *national)
{
	int area = (national[0] - '0') * 100 + (national[1] - '0') * 10 + (national[2] - '0');

	for (size_t i = 0; i < sizeof(area_classes) / sizeof(area_classes[0]); i++) {
		for (size_t k = 0; k < area_classes[i].n; k++) {
			if (area_classes[i].codes[k] == area)
				return area_classes[i].class;
		}
	}
	return PHONE_UNKNOWN_AREA;
}

/* 555-01XX is fiction under an area code; 500 555-00XX are the numbers that providers' test
 * accounts answer to. */
static bool is_fictitious(const char *national, enum phone_class area)
{
	if (area == PHONE_GEOGRAPHIC || area == PHONE_UNKNOWN_AREA)
		return strncmp(national + 3, "55501", 5) == 0;
	return strncmp(national, "50055500", 8) == 0;
}

enum phone_class nanp_classify(const char *national)
{
	enum phone_class area = classify_area(national);

	return is_fictitious(national, area) ? PHONE_FICTITIOUS : area;
}

const char *nanp_only_area(const char *region)
{
	for (size_t i = 0; i < sizeof(only_areas) / sizeof(only_areas[0]); i++) {
		if (strcasecmp(only_areas[i].region, region) == 0)
			return only_areas[i].area;
	}
	return NULL;
}
