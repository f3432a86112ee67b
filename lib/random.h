/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_RANDOM_H
#define __LIB_RANDOM_H

#include <stdint.h>

/**
 * random_next() - the next number of a sequence that depends on its seed only
 * @state: at first the seed, any number; splitmix64's state after that
 *
 * It is the same on every machine, unlike that of rand().
 *
 * Return: 64 random bits.
 */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/**
 * random_below() - a random number from 0 on
 * @state: as for random_next()
 * @n: how many there are to choose from, at least 1
 *
 * Return: 0 to @n - 1.
 */
static inline unsigned int random_below(uint64_t *state, unsigned int n)
{
	return random_next(state) % n;
}

#endif /* __LIB_RANDOM_H */
