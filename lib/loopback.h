/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_LOOPBACK_H
#define __LIB_LOOPBACK_H

/*
 * TCP connections of a process with itself, by the loopback device of the system or, where
 * that is down, by one in a network namespace of the process.
 */

/**
 * loopback_missing() - find out if there can be such connections
 *
 * Return: NULL, or why not and what to do about it.
 */
const char *loopback_missing(void);

/**
 * loopback_listen() - open a socket that listens, in a new network namespace if need be
 *
 * Return: its descriptor, or a negative errno.
 */
int loopback_listen(void);

/**
 * loopback_connect() - connect to a socket of loopback_listen()
 * @listener: its descriptor
 *
 * The other end is accepted, and stays open until the process ends.
 *
 * Return: the descriptor of the end that has connected, or a negative errno.
 */
int loopback_connect(int listener);

#endif /* __LIB_LOOPBACK_H */
