/*
 * month.h
 *	  The month of a day.
 */
#ifndef MONTH_H
#define MONTH_H

#include "utils/date.h"
#include "utils/datetime.h"

/* Its first day. */
static inline DateADT
MonthOf(DateADT day)
{
	int			year;
	int			month;
	int			in_month;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &in_month);
	return day - in_month + 1;
}

#endif							/* MONTH_H */
