// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "allocate.h"
#include "stats.h"

/* the rank test is exact below that, in R, too */
#define EXACT_BELOW 50

static double quantile(const double *sorted, size_t n, double f)
{
	return gsl_stats_quantile_from_sorted_data(sorted, 1, n, f);
}

/* The median or the mean of @x, which is sorted for that. */
static double center(double *x, size_t n, const struct stats_options *o)
{
	if (o->of_mean)
		return gsl_stats_mean(x, 1, n);
	gsl_sort(x, 1, n);
	return gsl_stats_median_from_sorted_data(x, 1, n);
}

static void resample(const double *x, size_t n, double *to, gsl_rng *rng)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = x[gsl_rng_uniform_int(rng, n)];
}

/* The interval between the quantiles of what the bootstrap gave. */
static void interval(double *draws, const struct stats_options *o,
		     double *low, double *high)
{
	double tail = (1 - o->confidence) / 2;

	gsl_sort(draws, 1, o->resamples);
	*low = quantile(draws, o->resamples, tail);
	*high = quantile(draws, o->resamples, 1 - tail);
}

size_t stats_min_n(double confidence)
{
	size_t n = 2;

	while (1 - pow(2, 1 - (double)n) < confidence)
		n++;
	return n;
}

struct summary stats_summary(double *x, size_t n, const struct stats_options *o)
{
	struct summary s = { .n = n, .sd = NAN, .low = NAN, .high = NAN };
	double *draws, *sample, fence;
	size_t i;

	gsl_sort(x, 1, n);
	s.mean = gsl_stats_mean(x, 1, n);
	if (n > 1)
		s.sd = gsl_stats_sd_m(x, 1, n, s.mean);
	s.min = x[0];
	s.q1 = quantile(x, n, 0.25);
	s.median = gsl_stats_median_from_sorted_data(x, 1, n);
	s.q3 = quantile(x, n, 0.75);
	s.max = x[n - 1];

	fence = 1.5 * (s.q3 - s.q1);
	for (i = 0; i < n; i++)
		s.outliers += x[i] < s.q1 - fence || x[i] > s.q3 + fence;

	if (n < stats_min_n(o->confidence))
		return s;
	draws = allocate(o->resamples, sizeof(*draws));
	sample = allocate(n, sizeof(*sample));
	for (i = 0; i < o->resamples; i++) {
		resample(x, n, sample, o->rng);
		draws[i] = center(sample, n, o);
	}
	interval(draws, o, &s.low, &s.high);
	free(draws);
	free(sample);
	return s;
}

struct comparison stats_compare(const double *base, size_t nr_base,
				const double *x, size_t n,
				const struct stats_options *o)
{
	double *ratios = allocate(o->resamples, sizeof(*ratios));
	double *diffs = allocate(o->resamples, sizeof(*diffs));
	double *sample = allocate(nr_base + n, sizeof(*sample));
	struct comparison c = {
		.ratio = NAN, .ratio_low = NAN, .ratio_high = NAN,
		.diff_low = NAN, .diff_high = NAN,
	};
	double of_base, of_x, u;
	bool has_ratio = true;
	size_t i;

	memcpy(sample, base, nr_base * sizeof(*sample));
	of_base = center(sample, nr_base, o);
	memcpy(sample, x, n * sizeof(*sample));
	of_x = center(sample, n, o);
	c.diff = of_x - of_base;
	if (of_base > 0)
		c.ratio = of_x / of_base;
	c.p = stats_rank_test(x, n, base, nr_base, &u);

	if (nr_base < stats_min_n(o->confidence) ||
	    n < stats_min_n(o->confidence))
		goto out;
	for (i = 0; i < o->resamples; i++) {
		resample(base, nr_base, sample, o->rng);
		of_base = center(sample, nr_base, o);
		resample(x, n, sample, o->rng);
		of_x = center(sample, n, o);
		diffs[i] = of_x - of_base;
		has_ratio = has_ratio && of_base > 0;
		ratios[i] = has_ratio ? of_x / of_base : 0;
	}
	interval(diffs, o, &c.diff_low, &c.diff_high);
	if (has_ratio)
		interval(ratios, o, &c.ratio_low, &c.ratio_high);
	else
		c.ratio = NAN;
out:
	free(ratios);
	free(diffs);
	free(sample);
	return c;
}

/* Of pairs: the ratio, NaN if there is none, and the difference. */
static void center_of_pairs(const double *base, const double *x, size_t n,
			    const struct stats_options *o, double *scratch,
			    double *ratio, double *diff)
{
	size_t i;

	for (i = 0; i < n; i++)
		scratch[i] = x[i] - base[i];
	*diff = center(scratch, n, o);
	if (o->of_mean) {
		*ratio = gsl_stats_mean(x, 1, n) / gsl_stats_mean(base, 1, n);
		return;
	}
	for (i = 0; i < n; i++)
		scratch[i] = x[i] / base[i];
	*ratio = center(scratch, n, o);
}

struct comparison stats_compare_pairs(const double *base, const double *x,
				      size_t n, const struct stats_options *o)
{
	struct comparison c = {
		NAN, NAN, NAN, NAN, NAN, NAN, NAN
	};
	double *ratios, *diffs, *of_base, *of_x, *scratch, v;
	bool has_ratio = true;
	size_t i, j;

	if (!n)
		return c;
	ratios = allocate(o->resamples, sizeof(*ratios));
	diffs = allocate(o->resamples, sizeof(*diffs));
	of_base = allocate(n, sizeof(*of_base));
	of_x = allocate(n, sizeof(*of_x));
	scratch = allocate(n, sizeof(*scratch));

	for (i = 0; i < n; i++) {
		has_ratio = has_ratio && base[i] > 0;
		scratch[i] = x[i] - base[i];
	}
	c.p = stats_signed_rank_test(scratch, n, &v);
	center_of_pairs(base, x, n, o, scratch, &c.ratio, &c.diff);
	if (!has_ratio)
		c.ratio = NAN;

	if (n < stats_min_n(o->confidence))
		goto out;
	for (i = 0; i < o->resamples; i++) {
		for (j = 0; j < n; j++) {
			size_t pick = gsl_rng_uniform_int(o->rng, n);

			of_base[j] = base[pick];
			of_x[j] = x[pick];
		}
		center_of_pairs(of_base, of_x, n, o, scratch, &ratios[i],
				&diffs[i]);
	}
	interval(diffs, o, &c.diff_low, &c.diff_high);
	if (has_ratio)
		interval(ratios, o, &c.ratio_low, &c.ratio_high);
out:
	free(ratios);
	free(diffs);
	free(of_base);
	free(of_x);
	free(scratch);
	return c;
}

/* A value, and whose it is: of a or b, of a pair in which it is more or less. */
struct ranked {
	double value;
	bool counts;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/*
 * Sort @all, and give each its rank; those that tie have the mean of theirs.
 *
 * Return: the sum of the ranks of those that count, and in @ties the sum of t^3 - t
 * over ties of t values each.
 */
static double rank_sum(struct ranked *all, size_t n, double *ties)
{
	size_t i, first, last;
	double sum = 0;

	*ties = 0;
	qsort(all, n, sizeof(*all), by_value);
	for (first = 0; first < n; first = last) {
		for (last = first; last < n && all[last].value == all[first].value;
		     last++)
			;
		for (i = first; i < last; i++)
			sum += all[i].counts ? (first + 1 + last) / 2.0 : 0;
		*ties += pow(last - first, 3) - (last - first);
	}
	return sum;
}

/* The normal approximation, with a correction for continuity. */
static double two_sided(double statistic, double mean, double variance)
{
	double z;

	if (!(variance > 0))
		return 1;
	z = (fabs(statistic - mean) - 0.5) / sqrt(variance);
	return z > 0 ? 2 * gsl_cdf_ugaussian_Q(z) : 1;
}

/*
 * The probability that the ranks of @na out of @n values without ties have a sum
 * of at most @sum, when all choices of ranks are as likely: count them.
 */
static double exact_cdf(size_t na, size_t n, size_t sum)
{
	/* ways[i * (sum + 1) + s]: choices of i ranks that add up to s */
	double *ways = allocate((na + 1) * (sum + 1), sizeof(*ways));
	double below = 0, all = 1;
	size_t rank, i, s;

	ways[0] = 1;
	for (rank = 1; rank <= n; rank++) {
		for (i = rank < na ? rank : na; i > 0; i--) {
			for (s = sum; s >= rank && s <= sum; s--)
				ways[i * (sum + 1) + s] +=
					ways[(i - 1) * (sum + 1) + s - rank];
		}
	}
	for (s = 0; s <= sum; s++)
		below += ways[na * (sum + 1) + s];
	free(ways);

	for (i = 1; i <= na; i++)
		all = all * (n - na + i) / i;
	return below / all;
}

double stats_rank_test(const double *a, size_t na, const double *b, size_t nb,
		       double *u)
{
	size_t n = na + nb, i;
	struct ranked *all = allocate(n, sizeof(*all));
	double mean = (double)na * nb / 2, ties, p;

	for (i = 0; i < n; i++)
		all[i] = i < na ? (struct ranked){ a[i], true } :
			(struct ranked){ b[i - na], false };
	*u = rank_sum(all, n, &ties) - na * (na + 1) / 2.0;
	free(all);

	if (!ties && na < EXACT_BELOW && nb < EXACT_BELOW) {
		/* U is as likely to be that far below its mean as above. */
		double least = *u < mean ? *u : 2 * mean - *u;

		p = 2 * exact_cdf(na, n, least + na * (na + 1) / 2.0 + 0.5);
		return p < 1 ? p : 1;
	}
	return two_sided(*u, mean, na * nb / 12.0 *
			 (n + 1 - ties / ((double)n * (n - 1))));
}

/* The same of V: all choices of any number of @n ranks are as likely. */
static double exact_signed_cdf(size_t n, size_t sum)
{
	double *ways = allocate(sum + 1, sizeof(*ways)), below = 0;
	size_t rank, s;

	ways[0] = 1;
	for (rank = 1; rank <= n; rank++) {
		for (s = sum; s >= rank && s <= sum; s--)
			ways[s] += ways[s - rank];
	}
	for (s = 0; s <= sum; s++)
		below += ways[s];
	free(ways);
	return ldexp(below, -(int)n);
}

double stats_signed_rank_test(const double *d, size_t n, double *v)
{
	struct ranked *all = allocate(n, sizeof(*all));
	size_t nonzero = 0, i;
	double ties, mean, p;

	for (i = 0; i < n; i++) {
		if (d[i] != 0)
			all[nonzero++] = (struct ranked){ fabs(d[i]), d[i] > 0 };
	}
	*v = rank_sum(all, nonzero, &ties);
	free(all);
	mean = nonzero * (nonzero + 1) / 4.0;

	if (!ties && nonzero == n && n < EXACT_BELOW) {
		p = 2 * exact_signed_cdf(n, *v < mean ? *v : 2 * mean - *v);
		return p < 1 ? p : 1;
	}
	return two_sided(*v, mean, mean * (2 * nonzero + 1) / 6 - ties / 48);
}

void stats_holm(double *p, size_t n)
{
	size_t *order = allocate(n, sizeof(*order)), i, tests = 0;
	double worst = 0;

	/* NaN last */
	for (i = 0; i < n; i++)
		tests += !isnan(p[i]);
	for (i = 0; i < n; i++)
		p[i] = isnan(p[i]) ? HUGE_VAL : p[i];
	gsl_sort_index(order, p, 1, n);
	for (i = 0; i < n; i++) {
		double *at = &p[order[i]];

		if (i >= tests) {
			*at = NAN;
			continue;
		}
		*at *= tests - i;
		if (*at > 1)
			*at = 1;
		if (*at < worst)
			*at = worst;
		worst = *at;
	}
	free(order);
}
