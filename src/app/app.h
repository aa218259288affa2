/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The daemon: makes every part, gives them each other, and takes them down again. Holds no rules. */
#ifndef APP_H
#define APP_H

/* Runs until SIGTERM or SIGINT; returns an exit code of cli.h. */
int app_run(const char *config_path);

#endif
