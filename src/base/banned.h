/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Functions that are compile errors here, included before everything by the Makefile:
 * unbounded or silent string functions, number parsers without errors, and whatever touches the
 * process-wide time zone or environment (libcurl resolves names in threads).
 */
#ifndef BANNED_H
#define BANNED_H

/* Their own headers first, so that only our uses are caught. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(f) banned_function_##f##_see_base_banned_h

#undef strcpy
#define strcpy(...) BANNED(strcpy)
#undef strcat
#define strcat(...) BANNED(strcat)
#undef strncpy
#define strncpy(...) BANNED(strncpy)
#undef strncat
#define strncat(...) BANNED(strncat)
#undef strtok
#define strtok(...) BANNED(strtok)
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)
#undef gmtime
#define gmtime(...) BANNED(gmtime)
#undef localtime
#define localtime(...) BANNED(localtime)
#undef localtime_r
#define localtime_r(...) BANNED(localtime_r)
#undef ctime
#define ctime(...) BANNED(ctime)
#undef asctime
#define asctime(...) BANNED(asctime)
#undef atoi
#define atoi(...) BANNED(atoi)
#undef atol
#define atol(...) BANNED(atol)
#undef setenv
#define setenv(...) BANNED(setenv)
#undef putenv
#define putenv(...) BANNED(putenv)
#undef tzset
#define tzset(...) BANNED(tzset)
#undef system
#define system(...) BANNED(system)
#undef popen
#define popen(...) BANNED(popen)

#endif
