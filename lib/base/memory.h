/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_MEMORY_H
#define BERTH_BASE_MEMORY_H

/*
 * For a process that has done most of what it will do, and stays: give back the heap that is free,
 * and the pages of code and constants, of which those that are wanted again come from the file.
 */
void memory_shed(void);

#endif
