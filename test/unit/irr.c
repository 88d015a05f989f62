/*
 * irr.c
 *	  Tests of src/num/irr.c with flows made from their own rates.
 *
 * The flows are the coefficients of a product of (1 - v * (1 + rate)), v being
 * 1 / (1 + rate), so that they are worth nothing at these rates and no other.
 * Scratch memory is allocated to the byte that the header asks for, so that
 * the address sanitizer sees a write beyond it.
 */
#include "num/irr.h"
#include "tap.h"

#include <math.h>
#include <stdint.h>

#define MOST_FLOWS 400
#define MANY_FLOWS 100

static long polls = 0;

static void
count_poll(void)
{
	polls++;
}

/* A number from 0 to below 1, the same on every machine. */
static double
chance(void)
{
	static uint64_t state = 20261122;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (double) (state >> 11) / 9007199254740992.0;
}

static size_t
find(const double *amount, const double *time, size_t count, double *root)
{
	double	   *work = malloc(NUM_IRR_WORK(count) * sizeof(double));
	double	   *found = malloc(count * sizeof(double));
	num_double2 *exact = malloc(count * sizeof(num_double2));
	num_flows	flows = {count, exact, time, 1};
	size_t		roots;

	for (size_t i = 0; i < count; i++)
		exact[i] = num_double2_of(amount[i]);
	roots = num_irr_roots(&flows, found, work, count_poll);
	for (size_t i = 0; i < roots; i++)
		root[i] = found[i];
	free(exact);
	free(found);
	free(work);
	return roots;
}

static void
test_made_flows(void)
{
	for (int trial = 0; trial < 2000; trial++)
	{
		double		rate[6];
		double		amount[7] = {1};
		double		time[7];
		double		root[7];
		size_t		rates = 1 + trial % 6;
		size_t		roots;

		/* ascending, and no two nearer than a tenth */
		for (size_t i = 0; i < rates; i++)
			rate[i] = (i == 0 ? -0.8 : rate[i - 1]) + 0.1 + chance() * 0.5;
		for (size_t i = 0; i < rates; i++)
		{
			amount[i + 1] = 0;
			for (size_t j = i + 1; j > 0; j--)
				amount[j] -= amount[j - 1] * (1 + rate[i]);
		}
		for (size_t i = 0; i <= rates; i++)
			time[i] = i;
		roots = find(amount, time, rates + 1, root);
		check(roots == rates, "%d rates, %d found", (int) rates, (int) roots);
		for (size_t i = 0; i < roots && i < rates; i++)
			check(fabs(root[i] - rate[i]) < 1e-7, "%.12g found for %.12g",
				  root[i], rate[i]);
	}
	done("num_irr_roots: every rate of flows made from them, ascending");
}

static void
test_two_flows(void)
{
	for (int i = 0; i < 1000; i++)
	{
		double		amount[2] = {-exp(10 * chance()), exp(10 * chance())};
		double		time[2] = {0, 0.01 + 50 * chance()};
		double		want = pow(-amount[1] / amount[0], 1 / time[1]) - 1;
		double		root[2];
		size_t		roots = find(amount, time, 2, root);

		/* a rate too large to be a number is none */
		if (!isfinite(want) || want > 1e100)
			continue;
		check(roots == 1 && fabs(root[0] - want) <= 1e-9 * (1 + fabs(want)),
			  "%d rates, %.12g for %.12g", (int) roots, root[0], want);
	}
	done("num_irr_roots: two flows at any distance have a closed form");
}

static void
test_loan(void)
{
	double		amount[MOST_FLOWS];
	double		time[MOST_FLOWS];
	double		root[MOST_FLOWS];

	/* the payment that repays 1 at a rate over n periods */
	for (int i = 1; i <= 60; i++)
	{
		double		rate = i * 0.002;
		size_t		count = 2 + (i * 6) % (MOST_FLOWS - 2);

		amount[0] = -1;
		for (size_t j = 1; j < count; j++)
			amount[j] = rate / (1 - pow(1 + rate, -(double) (count - 1)));
		for (size_t j = 0; j < count; j++)
			time[j] = j;
		check(find(amount, time, count, root) == 1 &&
			  fabs(root[0] - rate) < 1e-12, "%.15g for %.15g", root[0], rate);
	}
	done("num_irr_roots: loans repaid by equal payments");
}

/* More sign changes than are followed exactly. */
static void
test_many_changes(void)
{
	double		amount[MANY_FLOWS];
	double		time[MANY_FLOWS];
	double		root[MANY_FLOWS];

	for (int trial = 0; trial < 30; trial++)
	{
		size_t		roots;

		for (size_t i = 0; i < MANY_FLOWS; i++)
		{
			amount[i] = chance() * 2 - 1;
			time[i] = i;
		}
		roots = find(amount, time, MANY_FLOWS, root);
		check(roots < MANY_FLOWS, "%d rates", (int) roots);
		for (size_t i = 0; i < roots; i++)
		{
			long double worth = 0;
			long double size = 0;

			for (size_t j = 0; j < MANY_FLOWS; j++)
			{
				long double part = amount[j] * powl(1 + root[i], -time[j]);

				worth += part;
				size += fabsl(part);
			}
			check(fabsl(worth) <= 1e-9 * size, "worth %g of %g at %.12g",
				  (double) worth, (double) size, root[i]);
			if (i > 0)
				check(root[i] > root[i - 1], "%.12g after %.12g", root[i],
					  root[i - 1]);
		}
	}
	check(polls > 0, "never polled");
	done("num_irr_roots: at every rate found the flows are worth nothing");
}

/* A rate far from all others: -1 + 10^n v - v^2 + v^3 - ... has one zero. */
static void
test_far_rate(void)
{
	double		amount[MANY_FLOWS];
	double		time[MANY_FLOWS];
	double		root[MANY_FLOWS];

	for (int n = 3; n <= 30; n++)
		for (int turned = 0; turned < 2; turned++)
		{
			double		far = pow(10, n);
			double		want = turned ? 1 / far - 1 : far - 1;

			for (int i = 0; i < MANY_FLOWS; i++)
			{
				amount[turned ? MANY_FLOWS - 1 - i : i] = i % 2 ? 1 : -1;
				time[i] = i;
			}
			amount[turned ? MANY_FLOWS - 2 : 1] = far;
			check(find(amount, time, MANY_FLOWS, root) == 1 &&
				  fabs(root[0] - want) <= 2.0 / far + 1e-9 * fabs(want),
				  "%.12g for %.12g", root[0], want);
		}
	done("num_irr_roots: rates as far out as 10^30 and its inverse");
}

/* two rates next to each other, by the formula of quadratic equations */
static const struct
{
	double		amount[3];
	double		rate[2];		/* by mpmath, 60 digits */
}			near[] = {
	{{21780033, -66000050, 50000000}, {0.51514921947087958958, 0.51515151515151515152}},
	{{241396753154704, -639410292494853, 423416550559744}, {0.32439687811778318292, 0.32439720936969002053}},
	{{80363031198849, -83363275485548, 21618882451321}, {-0.48133329479212275289, -0.48133306756452798757}},
	{{845529502440100, -1320454206732201, 515534735052100}, {-0.21915548095497907685, -0.21915542017676921833}},
	{{128897875022400, -383096598104980, 284649773035489}, {0.48604591517298080924, 0.48604806262459804842}},
	{{908593094122884, -1223277867866701, 411737870255625}, {-0.3268285735844549125, -0.32682851914570731105}},
	{{125641344730225, -416956980173100, 345931356592900}, {0.659302888358647274, 0.65932587248741875591}},
	{{551892857760000, -64521124843300, 1885771618756}, {-0.9415457091541187521, -0.94154550332292673088}},
	{{32326013246409, -268427086505596, 557237759421456}, {3.1518707048459933731, 3.1518778724832806333}},
	{{1018909637892496, -1553254871393668, 591956490984336}, {-0.23778603309431634072, -0.23778548607748468271}},
	{{27818440913761, -59626229038192, 31950812775025}, {0.071703007717664954378, 0.071703562874743126338}},
	{{2970397098256, -12835753946010, 13866544935961}, {1.160611250957341911, 1.160613663228783658}},
	{{288611510644900, -993873850412140, 855635685065001}, {0.72181177004154020756, 0.72182721785377005469}},
	{{4519535846400, -110459223150820, 674916650388964}, {11.220179048424831506, 11.220211935265541818}},
	{{702006698077281, -1326667574275219, 626791331711601}, {-0.055089127783053331814, -0.055089054406923892452}},
	{{950860561144729, -602617066331012, 95478596829225}, {-0.68312019561048514482, -0.68312014397671054485}},
	{{511872796655236, -340604167241640, 56660170017025}, {-0.66729633957148190248, -0.66729582967980053018}},
	{{891035574347961, -175766387832887, 8667954451321}, {-0.90136962486766783776, -0.90136957781623315797}},
	{{935247347530596, -430820937743332, 49614329537536}, {-0.76967555944238160412, -0.76967524558170003089}},
	{{89037775176289, -216370845711235, 131450788109601}, {0.21505071572369416818, 0.21505094935985949838}},
	{{44816946146116, -318451586710261, 565697921204025}, {2.5528030003994205966, 2.552803563510984885}},
	{{870714214889689, -814309071391047, 190389467752561}, {-0.53239018204264031308, -0.53239013569432000705}},
	{{903572698584196, -764230508375968, 161594155856961}, {-0.57710645827498645279, -0.57710602559771427347}},
	{{21807573740164, -7368699694226, 622464193296}, {-0.8310519466091509418, -0.8310516976557435628}},
	{{203131390341889, -704209073486601, 610332084010000}, {0.73338309448986265074, 0.73338327924169952314}},
	{{1046386181539449, -1295715297983377, 401113413729856}, {-0.38086183192374641739, -0.38086178327431204924}},
	{{16555825143225, -208723799190670, 657859453810441}, {5.3035745494884734155, 5.3036979594317039184}},
	{{44006187968656, -398585472581938, 902545677590404}, {3.5287430137850709939, 3.5287439211395325752}},
	{{122793724800289, -6159148763595, 77233412281}, {-0.97492076543866972874, -0.97492073685623822576}},
	{{19979943431449, -161923268531617, 328068307374336}, {3.0521448694646591504, 3.0521457701547285439}},
	{{282413839559929, -95710232914132, 8109064960164}, {-0.83055212606538970557, -0.8305472270567081825}},
	{{277851660467689, -601394862855404, 325421648065809}, {0.082222817737367035249, 0.082222994258560945291}},
	{{198738547621156, -65136552195004, 5337125689284}, {-0.83612530423155245857, -0.83612472992301876201}},
	{{41589214060900, -276439020023761, 459365087302416}, {2.3234457869966783441, 2.3234463523682365281}},
	{{553074922827025, -915108314267762, 378530643986496}, {-0.17270860059185059333, -0.17270849120067770659}},
	{{33535576762081, -365210214098876, 994305997933924}, {4.4450757483717583913, 4.4451563382826363676}},
	{{583123585794304, -1553055296896225, 1034077858440561}, {0.33166903122966082589, 0.33166912680544051154}},
	{{3307855200001, -32957630531024, 82092877702144}, {3.9815993530903733295, 3.9818447937435136423}},
	{{525611838603076, -932994826264878, 414031459104169}, {-0.11246789298488806337, -0.11246777675857136007}},
	{{625203816613776, -450273800683216, 81072160064064}, {-0.63990079090572493123, -0.63989599101095398166}}
};

static void
test_near_rates(void)
{
	static const double time[] = {0, 1, 2};

	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
	{
		double		root[3];
		size_t		roots = find(near[i].amount, time, 3, root);

		check(roots == 2, "%d rates of %.17g %.17g %.17g", (int) roots,
			  near[i].amount[0], near[i].amount[1], near[i].amount[2]);
		for (size_t j = 0; j < 2 && roots == 2; j++)
			check(fabs(root[j] - near[i].rate[j]) <= 4e-16 * (1 + fabs(root[j])),
				  "%.17g for %.17g", root[j], near[i].rate[j]);
	}
	done("num_irr_roots: two rates next to each other, to the last digit");
}

/* (p - q v)^2, and the same just above 0 or below */
static void
test_double_rates(void)
{
	static const double time[] = {0, 1, 2};

	for (int i = 0; i < 2000; i++)
	{
		double		p = 1 + (double) random_below(1 << 20);
		double		q = 1 + (double) random_below(1 << 20);
		double		amount[3] = {p * p, -2 * p * q, q * q};
		double		root[3] = {0};
		double		digit = 4e-16 * (1 + q / p) * fmax(1, fabs(log(q / p)));
		size_t		roots = find(amount, time, 3, root);

		check(roots == 1 && fabs(root[0] - (q / p - 1)) <= digit,
			  "%.0f %.0f: %.17g", p, q, root[0]);
		amount[1] += 1;
		check(find(amount, time, 3, root) == 0, "%.0f %.0f just above", p, q);
		amount[1] -= 2;
		check(find(amount, time, 3, root) == 2 && root[0] < root[1],
			  "%.0f %.0f just below", p, q);
	}
	done("num_irr_roots: one double rate, two or none, told from each other");
}

static void
test_sign_changes(void)
{
	static const double amount[] = {-1, -2, 3, -4, 5, 6};

	check(num_sign_changes(amount, 6) == 3, "of six");
	check(num_sign_changes(amount, 2) == 0, "of two alike");
	check(num_sign_changes(amount, 1) == 0, "of one");
	done("num_sign_changes");
}

int
main(void)
{
	test_sign_changes();
	test_made_flows();
	test_two_flows();
	test_loan();
	test_many_changes();
	test_far_rate();
	test_near_rates();
	test_double_rates();
	return finish();
}
