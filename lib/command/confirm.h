/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_CONFIRM_H
#define BERTH_COMMAND_CONFIRM_H

/*
 * Ask before something is lost: the text, and "Are you sure you want to continue? [y/N] ", are
 * written to standard error and a line is read from standard input. 1: yes, 0: no. Where standard
 * input is no terminal nobody can be asked, which is refused.
 */
int confirm(const char *text);

#endif
