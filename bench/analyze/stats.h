/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_STATS_H
#define __BENCH_ANALYZE_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include <gsl/gsl_rng.h>

/* What all calculations are told. */
struct stats_options {
	double confidence;		/* of intervals, as 0.95 */
	unsigned int resamples;		/* of the bootstrap */
	bool of_mean;			/* intervals of the mean, not of the median */
	gsl_rng *rng;
};

struct summary {
	size_t n;
	double mean;
	double sd;		/* with n - 1; NaN if n is 1 */
	double min, q1, median, q3, max;	/* quartiles as R's type 7 */
	double low, high;	/* interval of the median or mean, or NaN */
	size_t outliers;	/* beyond Tukey's fences, 1.5 (q3 - q1) */
};

/**
 * stats_min_n() - how many values an interval takes
 * @confidence: of the interval
 *
 * The range of n values holds the median of what they are drawn from with a
 * probability of 1 - 2^(1 - n).  If that is less than @confidence, resampling
 * them cannot give such an interval: for 0.95, n must be 6.
 *
 * Return: the least n.
 */
size_t stats_min_n(double confidence);

/**
 * stats_summary() - describe some values
 * @x: the values, sorted on return
 * @n: how many, at least 1
 * @options: the interval is that of the percentile bootstrap
 *
 * Return: the description.
 */
struct summary stats_summary(double *x, size_t n,
			     const struct stats_options *options);

struct comparison {
	double ratio, ratio_low, ratio_high;	/* NaN if there is none */
	double diff, diff_low, diff_high;
	double p;		/* two-sided, of the rank test */
};

/**
 * stats_compare() - compare values with those of a baseline
 * @base: the values of the baseline
 * @nr_base: how many
 * @x: the values
 * @n: how many
 * @options: intervals are those of the percentile bootstrap, in which the two
 *	are resampled independently
 *
 * There is a ratio only where the baseline is above 0, and intervals only where
 * there are stats_min_n() values of each.
 *
 * Return: x / base and x - base, of medians or means, and the rank test.
 */
struct comparison stats_compare(const double *base, size_t nr_base,
				const double *x, size_t n,
				const struct stats_options *options);

/**
 * stats_compare_pairs() - compare values with those of a baseline, pair by pair
 * @base: the values of the baseline
 * @x: the values; each belongs to that of @base with the same index
 * @n: how many pairs
 * @options: intervals are those of the percentile bootstrap, which draws pairs
 *
 * What changes both values of a pair alike is so left out.  There is a ratio only
 * where all of the baseline is above 0, and intervals only where there are
 * stats_min_n() pairs.
 *
 * Return: the medians of x / base and of x - base in a pair, or the ratio and the
 * difference of the means; and the signed rank test.
 */
struct comparison stats_compare_pairs(const double *base, const double *x,
				      size_t n,
				      const struct stats_options *options);

/**
 * stats_rank_test() - the test of Mann and Whitney, of Wilcoxon's rank sum
 * @a: some values
 * @na: how many
 * @b: others
 * @nb: how many
 * @u: where to put U of @a: the number of pairs in which it is the greater one,
 *	a tie counting half
 *
 * Exact where there are no ties and less than 50 values of each, as in R, else
 * the normal approximation with corrections for ties and for continuity.
 *
 * Return: the two-sided p: how likely ranks as different as these are, if both
 * are drawn from the same distribution.
 */
double stats_rank_test(const double *a, size_t na, const double *b, size_t nb,
		       double *u);

/**
 * stats_signed_rank_test() - the test of Wilcoxon for pairs
 * @d: the difference in each pair
 * @n: how many
 * @v: where to put V: the sum of the ranks of those above 0, by magnitude
 *
 * Differences of 0 are left out.  Exact where there are none, no ties and less than
 * 50 pairs, as in R, else the normal approximation with corrections for ties and
 * for continuity.
 *
 * Return: the two-sided p: how likely is such a V, if differences are as likely to
 * be above 0 as to be below by as much.
 */
double stats_signed_rank_test(const double *d, size_t n, double *v);

/**
 * stats_holm() - correct for the number of tests, by Holm's method
 * @p: the p of each test, corrected on return; a NaN is no test
 * @n: how many
 */
void stats_holm(double *p, size_t n);

#endif /* __BENCH_ANALYZE_STATS_H */
