/*
 * pareto_nbd.c
 *	  The Pareto/NBD model of purchases.
 *
 * While alive a customer buys at rate lambda, gamma distributed over customers
 * with shape r and rate alpha; the customer lives for an exponential time
 * whose rate mu is gamma distributed with shape s and rate beta (Schmittlein,
 * Morrison and Colombo 1987, Management Science 33; Fader and Hardie 2005, "A
 * note on deriving the Pareto/NBD model").
 *
 * The published likelihood is a difference of two hypergeometric functions.
 * Integrating by parts turns it into a sum of positive terms, with w = r + s +
 * x and G(w, c, z) = 2F1(1, c; w + 1; z) at z = |alpha - beta| / (max + t):
 *
 *	  ln L = ln G(r + x) - ln G(r) + r ln alpha + s ln beta - ln w
 *			 + ln(e^u + e^v)
 *	  where alpha >= beta:
 *	  u = ln s - (r + x) ln(alpha + t_x) - s ln(beta + t_x)
 *		  + ln G(w, r + x, z(t_x))
 *	  v = ln(r + x) - (r + x + 1) ln(alpha + T) - (s - 1) ln(beta + T)
 *		  + ln G(w, r + x + 1, z(T))
 *	  and else:
 *	  u = ln s - (r + x - 1) ln(alpha + t_x) - (s + 1) ln(beta + t_x)
 *		  + ln G(w, s + 1, z(t_x))
 *	  v = ln(r + x) - (r + x) ln(alpha + T) - s ln(beta + T)
 *		  + ln G(w, s, z(T))
 */
#include <float.h>
#include <math.h>

#include "num/purchases.h"
#include "num/special.h"

typedef struct pareto_nbd
{
	double		r;
	double		alpha;
	double		s;
	double		beta;
} pareto_nbd;

static inline pareto_nbd
make_model(const double *parameter)
{
	pareto_nbd	model = {parameter[0], parameter[1], parameter[2],
	parameter[3]};

	return model;
}

enum
{
	R, ALPHA, S, BETA
};

/* beyond this z the series may be slower than the integral ... */
#define SERIES_LIMIT 0.93

/* ... but for one that ends after so many terms */
#define SERIES_TERMS 800

/* ln G, with derivatives by w, c and z in this order */
typedef struct log_series
{
	double		value;
	double		first[3];
	double		second[3][3];	/* lower triangle */
} log_series;

/* sums of a positive quantity times logarithmic derivatives of its terms */
typedef struct moments
{
	double		sum;
	double		first[3];
	double		second[3][3];
} moments;

/* From the derivatives of G to those of ln G. */
static void
take_logarithm(const moments *m, log_series *g)
{
	g->value = log(m->sum);
	for (int i = 0; i < 3; i++)
		g->first[i] = m->first[i] / m->sum;
	for (int i = 0; i < 3; i++)
		for (int j = 0; j <= i; j++)
			g->second[i][j] = m->second[i][j] / m->sum -
				g->first[i] * g->first[j];
}

/*
 * G = sum of (c)_k / (w + 1)_k z^k, each term k with the logarithmic
 * derivatives sum -1/(w + j) by w and sum 1/(c + j) by c.
 */
static void
sum_series(double w, double c, double z, moments *m)
{
	double		term = 1;		/* of the series divided by z^k ... */
	double		power = 1;		/* ... which is kept apart for d/dz */
	double		before = 0;		/* z^(k - 1) */
	double		before2 = 0;	/* z^(k - 2) */
	double		by_w = 0;
	double		by_ww = 0;
	double		by_c = 0;
	double		by_cc = 0;

	m->sum = 1;
	for (int k = 1; k < 2000; k++)
	{
		double		up = 1 / (c + k - 1);
		double		down = 1 / (w + k);
		double		t;
		double		dz;
		double		dzz;

		term *= down / up;
		before2 = before;
		before = power;
		power *= z;
		by_w -= down;
		by_ww += down * down;
		by_c += up;
		by_cc -= up * up;
		t = term * power;
		dz = term * before * k;
		dzz = term * before2 * k * (k - 1);
		m->sum += t;
		m->first[0] += t * by_w;
		m->first[1] += t * by_c;
		m->first[2] += dz;
		m->second[0][0] += t * (by_w * by_w + by_ww);
		m->second[1][0] += t * by_w * by_c;
		m->second[1][1] += t * (by_c * by_c + by_cc);
		m->second[2][0] += dz * by_w;
		m->second[2][1] += dz * by_c;
		m->second[2][2] += dzz;
		/* second derivatives by z, which begin at k = 2, shrink last */
		if (k > 2 && dzz <= DBL_EPSILON * m->second[2][2])
			break;
	}
}

/*
 * Does the series end soon?  Near z = 1 its terms fall in the end as the power
 * c - w - 1 of (k + c) / c, those for the second derivative by z as k^2 times
 * that.
 */
static inline bool
series_is_quick(double w, double c, double z)
{
	return z <= SERIES_LIMIT ||
		(w - c - 1) * log(SERIES_TERMS / fmax(c, 1)) > -log(DBL_EPSILON);
}

/*
 * The same as an integral, G = w int (1 - u)^(w - 1) (1 - z u)^(-c) du from 0
 * to 1, where z is near 1; its derivatives have factors -ln(1 - u), -ln(1 - z
 * u) and c u / (1 - z u) for w, c and z.
 */
typedef struct integral
{
	double		w;
	double		c;
	double		z;
	double		rest;			/* 1 - z, exactly */
} integral;

enum
{
	PLAIN, BY_W, BY_C, BY_Z, BY_WW, BY_WC, BY_CC, BY_WZ, BY_CZ, BY_ZZ
};

/* ln(1 - z u), from whichever of u and 1 - u is the smaller */
static inline double
log_base_at(const integral *g, double log_u, double log_rest)
{
	return log_u < -M_LN2 ? log1p(-g->z * exp(log_u)) :
		log(g->rest + g->z * exp(log_rest));
}

static double
log_kernel(double log_u, double log_rest, void *arg, double *factor)
{
	const integral *g = arg;
	double		log_base = log_base_at(g, log_u, log_rest);
	double		by_z = g->c * exp(log_u - log_base);

	factor[BY_W] = -log_rest;
	factor[BY_C] = -log_base;
	factor[BY_Z] = by_z;
	factor[BY_WW] = log_rest * log_rest;
	factor[BY_WC] = log_rest * log_base;
	factor[BY_CC] = log_base * log_base;
	factor[BY_WZ] = -log_rest * by_z;
	factor[BY_CZ] = -log_base * by_z;
	factor[BY_ZZ] = by_z * by_z * (g->c + 1) / g->c;
	return log(g->w) + log_u + g->w * log_rest - g->c * log_base;
}

static double
log_kernel_alone(double log_u, double log_rest, void *arg, double *factor)
{
	const integral *g = arg;

	(void) factor;
	return log(g->w) + log_u + g->w * log_rest -
		g->c * log_base_at(g, log_u, log_rest);
}

static void
integrate_series(double w, double c, double z, double rest, moments *m,
				 num_poll poll)
{
	integral	g = {w, c, z, rest};
	double		d[BY_ZZ + 1];
	double		slope = w - c * z;

	/* near u = 0 the kernel is that of a gamma distribution, u e^(-slope u) */
	num_integrate_all(log_kernel, &g, slope > 1 ? -log(slope) : 0, 2,
					  BY_ZZ + 1, d, poll);
	/* d/dw of w (1 - u)^(w - 1) is itself times 1/w + ln(1 - u) */
	m->sum = d[PLAIN];
	m->first[0] = d[PLAIN] / w - d[BY_W];
	m->first[1] = d[BY_C];
	m->first[2] = d[BY_Z];
	m->second[0][0] = d[BY_WW] - 2 * d[BY_W] / w;
	m->second[1][0] = d[BY_C] / w - d[BY_WC];
	m->second[1][1] = d[BY_CC];
	m->second[2][0] = d[BY_Z] / w - d[BY_WZ];
	m->second[2][1] = d[BY_CZ] + d[BY_Z] / c;
	m->second[2][2] = d[BY_ZZ];
}

static void
series_at(double w, double c, double z, double rest, moments *m, num_poll poll)
{
	*m = (moments)
	{
		0
	};
	if (series_is_quick(w, c, z))
		sum_series(w, c, z, m);
	else
		integrate_series(w, c, z, rest, m, poll);
}

/*
 * Among customers with one x, z alone differs in G, which is analytic in
 * y = ln(1 - z) up to an imaginary part of pi.  So of many of them a few are
 * computed, at Chebyshev's nodes, and the others interpolated (Berrut and
 * Trefethen 2004, SIAM Review 46): derivatives by z times powers of 1 - z,
 * which are of the size of G.
 */
#define MAX_NODES 40

/* fewer customers a node than this are computed one by one */
#define MIN_A_NODE 3

/* below this width of y they are as good as one, and few terms do */
#define MIN_WIDTH 0.01

#define SERIES_VALUES 10

typedef struct series_table
{
	int			nodes;			/* 0: to be computed one by one */
	double		y[MAX_NODES];
	double		weight[MAX_NODES];
	double		value[MAX_NODES][SERIES_VALUES];
} series_table;

/* first and last are 1 - z of the smallest and the largest time */
static void
fill_table(series_table *table, double w, double c, double first, double last,
		   size_t count, num_poll poll)
{
	double		centre = (log(last) + log(first)) / 2;
	double		half = (log(last) - log(first)) / 2;
	double		nodes = 3 - log(DBL_EPSILON) / asinh(M_PI / half);

	table->nodes = 0;
	if (half < MIN_WIDTH || nodes > MAX_NODES || nodes * MIN_A_NODE > count)
		return;
	table->nodes = ceil(nodes);
	for (int j = 0; j < table->nodes; j++)
	{
		double		angle = (j + 0.5) * M_PI / table->nodes;
		double	   *value = table->value[j];
		double		y = centre + half * cos(angle);
		double		rest = exp(y);
		moments		m;

		series_at(w, c, -expm1(y), rest, &m, poll);
		table->y[j] = y;
		table->weight[j] = j % 2 == 0 ? sin(angle) : -sin(angle);
		value[0] = m.sum;
		value[1] = m.first[0];
		value[2] = m.first[1];
		value[3] = m.first[2] * rest;
		value[4] = m.second[0][0];
		value[5] = m.second[1][0];
		value[6] = m.second[1][1];
		value[7] = m.second[2][0] * rest;
		value[8] = m.second[2][1] * rest;
		value[9] = m.second[2][2] * rest * rest;
	}
}

static void
read_table(const series_table *table, double rest, moments *m)
{
	double		y = log(rest);
	double		value[SERIES_VALUES] = {0};
	double		weight = 0;

	for (int j = 0; j < table->nodes; j++)
	{
		/* at a node all others vanish beside it */
		double		distance = y - table->y[j];
		double		q = table->weight[j] / (distance == 0 ? 1e-30 : distance);

		weight += q;
		for (int k = 0; k < SERIES_VALUES; k++)
			value[k] += q * table->value[j][k];
	}
	for (int k = 0; k < SERIES_VALUES; k++)
		value[k] /= weight;
	m->sum = value[0];
	m->first[0] = value[1];
	m->first[1] = value[2];
	m->first[2] = value[3] / rest;
	m->second[0][0] = value[4];
	m->second[1][0] = value[5];
	m->second[1][1] = value[6];
	m->second[2][0] = value[7] / rest;
	m->second[2][1] = value[8] / rest;
	m->second[2][2] = value[9] / (rest * rest);
}

/* a branch of the likelihood: its powers of alpha + t and beta + t, and G */
typedef struct branch
{
	double		t;
	double		alpha_power;	/* -alpha_power ln(alpha + t) */
	double		beta_power;
	double		c;
	bool		c_of_r;			/* c moves with r, else with s */
	bool		alpha_larger;
} branch;

/* What a branch owes to z = (large - small) / large. */
static void
add_z_terms(const branch *b, double large, double small,
			const log_series *g, num_jet *jet)
{
	int			l = b->alpha_larger ? ALPHA : BETA;
	int			o = b->alpha_larger ? BETA : ALPHA;
	double		z_large = small / (large * large);
	double		z_small = -1 / large;

	jet->gradient[l] += g->first[2] * z_large;
	jet->gradient[o] += g->first[2] * z_small;
	/* z with r or s: by alpha and by beta */
	for (int i = ALPHA; i <= BETA; i += BETA - ALPHA)
	{
		double		dz = i == l ? z_large : z_small;
		double		with_r = g->second[2][0];
		double		with_s = g->second[2][0];

		if (b->c_of_r)
			with_r += g->second[2][1];
		else
			with_s += g->second[2][1];
		jet->hessian[i][R] += dz * with_r;
		if (i == ALPHA)
			jet->hessian[S][ALPHA] += dz * with_s;
		else
			jet->hessian[BETA][S] += dz * with_s;
	}
	jet->hessian[l][l] += g->second[2][2] * z_large * z_large -
		g->first[2] * 2 * z_large / large;
	jet->hessian[o][o] += g->second[2][2] * z_small * z_small;
	jet->hessian[BETA][ALPHA] += g->second[2][2] * z_large * z_small +
		g->first[2] / (large * large);
}

static void
branch_terms(const pareto_nbd *m, double x, const branch *b,
			 const series_table *table, num_jet *jet, num_poll poll)
{
	double		w = m->r + m->s + x;
	double		large = (b->alpha_larger ? m->alpha : m->beta) + b->t;
	double		small = (b->alpha_larger ? m->beta : m->alpha) + b->t;
	double		z = (large - small) / large;
	int			power_r = b->c_of_r ? R : S;
	double		log_alpha = log(m->alpha + b->t);
	double		log_beta = log(m->beta + b->t);
	double		by_alpha = 1 / (m->alpha + b->t);
	double		by_beta = 1 / (m->beta + b->t);
	moments		sums;
	log_series	g;

	if (table != NULL && table->nodes > 0)
		read_table(table, small / large, &sums);
	else
		series_at(w, b->c, z, small / large, &sums, poll);
	take_logarithm(&sums, &g);

	*jet = (num_jet)
	{
		0
	};
	jet->value = g.value - b->alpha_power * log_alpha -
		b->beta_power * log_beta;
	/* w moves with r and s, alpha_power with r, beta_power with s */
	jet->gradient[R] = g.first[0] - log_alpha;
	jet->gradient[S] = g.first[0] - log_beta;
	jet->gradient[power_r] += g.first[1];
	jet->gradient[ALPHA] = -b->alpha_power * by_alpha;
	jet->gradient[BETA] = -b->beta_power * by_beta;

	jet->hessian[R][R] = jet->hessian[S][R] = jet->hessian[S][S] =
		g.second[0][0];
	jet->hessian[power_r][power_r] += 2 * g.second[1][0] + g.second[1][1];
	jet->hessian[S][R] += g.second[1][0];
	jet->hessian[ALPHA][R] = -by_alpha;
	jet->hessian[BETA][S] = -by_beta;
	jet->hessian[ALPHA][ALPHA] = b->alpha_power * by_alpha * by_alpha;
	jet->hessian[BETA][BETA] = b->beta_power * by_beta * by_beta;
	add_z_terms(b, large, small, &g, jet);
}

/* e^u: gone by T, having bought last at t_x */
static branch
gone_branch(const pareto_nbd *m, double x, double t_x)
{
	double		n = m->r + x;
	branch		gone = {t_x, n, m->s, n, true, true};

	if (m->alpha < m->beta)
	{
		gone.alpha_power = n - 1;
		gone.beta_power = gone.c = m->s + 1;
		gone.c_of_r = gone.alpha_larger = false;
	}
	return gone;
}

static void
gone_terms(const pareto_nbd *m, double x, double t_x,
		   const series_table *table, num_jet *jet, num_poll poll)
{
	branch		gone = gone_branch(m, x, t_x);

	branch_terms(m, x, &gone, table, jet, poll);
	jet->value += log(m->s);
	jet->gradient[S] += 1 / m->s;
	jet->hessian[S][S] -= 1 / (m->s * m->s);
}

/* e^v: all else */
static branch
other_branch(const pareto_nbd *m, double x, double T)
{
	double		n = m->r + x;
	branch		other = {T, n + 1, m->s - 1, n + 1, true, true};

	if (m->alpha < m->beta)
	{
		other.alpha_power = n;
		other.beta_power = other.c = m->s;
		other.c_of_r = other.alpha_larger = false;
	}
	return other;
}

static void
other_terms(const pareto_nbd *m, double x, double T, const series_table *table,
			num_jet *jet, num_poll poll)
{
	double		n = m->r + x;
	branch		other = other_branch(m, x, T);

	branch_terms(m, x, &other, table, jet, poll);
	jet->value += log(n);
	jet->gradient[R] += 1 / n;
	jet->hessian[R][R] -= 1 / (n * n);
}

/* the tables for the rows with one x */
typedef struct frequency_tables
{
	series_table gone;
	series_table other;
} frequency_tables;

static void
fill_tables(const pareto_nbd *m, const num_sample *sample, size_t begin,
			frequency_tables *tables)
{
	double		x = sample->row[begin].value[0];
	double		w = m->r + m->s + x;
	double		large = fmax(m->alpha, m->beta);
	double		small = fmin(m->alpha, m->beta);
	double		first = sample->row[begin].value[2];
	double		last = first;
	double		first_t_x = sample->row[begin].value[1];
	double		last_t_x = first_t_x;
	size_t		times = 0;		/* different t_x */
	size_t		end;

	for (end = begin; end < sample->count && sample->row[end].value[0] == x;
		 end++)
	{
		first = fmin(first, sample->row[end].value[2]);
		last = fmax(last, sample->row[end].value[2]);
		times += end == begin || sample->row[end].value[1] != last_t_x;
		last_t_x = sample->row[end].value[1];
	}
	fill_table(&tables->gone, w, gone_branch(m, x, 0).c,
			   (small + first_t_x) / (large + first_t_x),
			   (small + last_t_x) / (large + last_t_x), times, sample->poll);
	fill_table(&tables->other, w, other_branch(m, x, 0).c,
			   (small + first) / (large + first),
			   (small + last) / (large + last), end - begin, sample->poll);
}

/* other_terms() of a row, kept for the next one with this x and T */
static const num_jet *
kept_terms(const pareto_nbd *m, const num_sample *sample,
		   const num_observation *row, const series_table *table, num_jet *own)
{
	num_kept   *kept;

	if (sample->kept == NULL)
	{
		other_terms(m, row->value[0], row->value[2], table, own, sample->poll);
		return own;
	}
	kept = &sample->kept[row->kept];
	if (!kept->valid || kept->value0 != row->value[0])
	{
		other_terms(m, row->value[0], row->value[2], table, &kept->jet,
					sample->poll);
		kept->value0 = row->value[0];
		kept->valid = true;
	}
	return &kept->jet;
}

/* the terms that only x is in */
static void
frequency_terms(const pareto_nbd *m, double x, num_jet *jet)
{
	double		n = m->r + x;
	double		w = n + m->s;

	*jet = (num_jet)
	{
		0
	};
	jet->value = num_log_gamma_ratio(m->r, x) + m->r * log(m->alpha) +
		m->s * log(m->beta) - log(w);
	jet->gradient[R] = num_digamma(n) - num_digamma(m->r) + log(m->alpha) -
		1 / w;
	jet->gradient[ALPHA] = m->r / m->alpha;
	jet->gradient[S] = log(m->beta) - 1 / w;
	jet->gradient[BETA] = m->s / m->beta;
	jet->hessian[R][R] = num_trigamma(n) - num_trigamma(m->r) + 1 / (w * w);
	jet->hessian[ALPHA][R] = 1 / m->alpha;
	jet->hessian[ALPHA][ALPHA] = -m->r / (m->alpha * m->alpha);
	jet->hessian[S][R] = 1 / (w * w);
	jet->hessian[S][S] = 1 / (w * w);
	jet->hessian[BETA][S] = 1 / m->beta;
	jet->hessian[BETA][BETA] = -m->s / (m->beta * m->beta);
}

static void
log_likelihood(const num_sample *sample, const double *parameter,
			   num_jet *sum)
{
	pareto_nbd	model = make_model(parameter);
	num_jet		frequency = {0};
	num_jet		gone = {0};
	num_jet		own;
	num_jet		both;
	double		weight = 0;		/* of the customers with this x */
	frequency_tables tables;

	for (size_t i = 0; i < sample->count; i++)
	{
		const num_observation *row = &sample->row[i];
		double		x = row->value[0];
		bool		next_x = i == 0 || x != row[-1].value[0];
		const num_jet *alive;

		if (next_x)
		{
			num_jet_add(sum, &frequency, weight);
			weight = 0;
			frequency_terms(&model, x, &frequency);
			fill_tables(&model, sample, i, &tables);
		}
		if (next_x || row->value[1] != row[-1].value[1])
			gone_terms(&model, x, row->value[1], &tables.gone, &gone,
					   sample->poll);
		alive = kept_terms(&model, sample, row, &tables.other, &own);
		num_jet_log_mix(&both, &gone, alive, 1);
		num_jet_add(sum, &both, row->weight);
		weight += row->weight;
		/* a row may take an integral */
		if (i % 64 == 0)
			sample->poll();
	}
	num_jet_add(sum, &frequency, weight);
}

/* ln G alone, as branch_terms() has it with derivatives */
static double
log_g(double w, double c, double z, double rest, num_poll poll)
{
	double		term = 1;
	double		sum = 1;

	if (z > SERIES_LIMIT)
	{
		integral	g = {w, c, z, rest};

		return log(num_integrate_unit(log_kernel_alone, &g, 0, 10, poll));
	}
	for (int k = 1; term > DBL_EPSILON / 8 * sum; k++)
	{
		term *= (c + k - 1) / (w + k) * z;
		sum += term;
	}
	return log(sum);
}

/*
 * The likelihood of being alive, over all of it: both without the terms that
 * only x is in.
 */
static double
p_alive(const double *parameter, const num_customer *customer, num_poll poll)
{
	pareto_nbd	m = make_model(parameter);
	bool		alpha_larger = m.alpha >= m.beta;
	double		n = m.r + customer->x;
	double		w = n + m.s;
	double		gap = fabs(m.alpha - m.beta);
	double		large = fmax(m.alpha, m.beta);
	double		small = fmin(m.alpha, m.beta);
	double		at_t_x = large + customer->t_x;
	double		at_T = large + customer->T;

	/* powers of alpha + T and beta + T, which both have, are left out */
	double		since = customer->T - customer->t_x;
	double		u = log(m.s) + n * log1p(since / (m.alpha + customer->t_x)) +
	m.s * log1p(since / (m.beta + customer->t_x)) +
	log_g(w, alpha_larger ? n : m.s + 1, gap / at_t_x,
		  (small + customer->t_x) / at_t_x, poll);
	double		v = log(n) + log_g(w, alpha_larger ? n + 1 : m.s, gap / at_T,
								   (small + customer->T) / at_T, poll);

	if (alpha_larger)
		v += log((m.beta + customer->T) / (m.alpha + customer->T));
	else
		u += log((m.alpha + customer->t_x) / (m.beta + customer->t_x));
	return fmin(1, w * exp(-num_log_sum_exp(u, v)));
}

/* Expected purchases within the horizon; at s = 1 in the limit. */
static double
expected(const double *parameter, double horizon, const num_customer *customer,
		 num_poll poll)
{
	pareto_nbd	m = make_model(parameter);
	double		lived = -log1p(horizon / (m.beta + customer->T));

	return p_alive(parameter, customer, poll) * (m.r + customer->x) *
		(m.beta + customer->T) / (m.alpha + customer->T) *
		num_box_cox(m.s - 1, lived);
}

/*
 * Discounted expected purchases (Fader, Hardie and Lee 2005, Journal of
 * Marketing Research 42, equation 2, with Tricomi's U(s, s, y) = e^y y^(1 - s)
 * E_s(y)).
 */
static double
residual(const double *parameter, double discount,
		 const num_customer *customer, num_poll poll)
{
	pareto_nbd	m = make_model(parameter);

	return p_alive(parameter, customer, poll) * (m.r + customer->x) *
		(m.beta + customer->T) / (m.alpha + customer->T) *
		num_scaled_exp_integral(m.s, discount * (m.beta + customer->T));
}

/* the density of having left after a part of the horizon, with n purchases */
typedef struct lifetime
{
	pareto_nbd	model;
	double		n;
	double		horizon;
} lifetime;

static double
purchases_while_alive(double log_part, double log_rest, void *arg,
					  double *factor)
{
	const lifetime *l = arg;
	double		t = exp(log_part) * l->horizon;

	(void) factor;
	return log_part + log_rest +
		num_log_negative_binomial(l->n, l->model.r, l->model.alpha, t) +
		log(l->model.s / l->model.beta * l->horizon) -
		(l->model.s + 1) * log1p(t / l->model.beta);
}

/* P(X(horizon) = n): all over lives that end within it, or do not. */
static double
probability(const double *parameter, double n, double horizon, num_poll poll)
{
	lifetime	l = {make_model(parameter), n, horizon};
	double		alive;

	if (horizon == 0)
		return n == 0 ? 1 : 0;
	alive = num_log_negative_binomial(n, l.model.r, l.model.alpha, horizon) -
		l.model.s * log1p(horizon / l.model.beta);
	return fmin(1, exp(alive) +
				num_integrate_unit(purchases_while_alive, &l, 0, 3, poll));
}

const num_purchase_model num_pareto_nbd = {
	"pareto_nbd",
	{"r", "alpha", "s", "beta"},
	log_likelihood,
	p_alive,
	expected,
	probability,
	residual
};
