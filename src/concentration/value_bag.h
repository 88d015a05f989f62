/*
 * value_bag.h
 *	  All values of a group, as an aggregate has gathered them.
 */
#ifndef VALUE_BAG_H
#define VALUE_BAG_H

#include "state/exact_column.h"

extern void BagRead(Datum bag, ExactColumn *column);
extern Datum BagFraction(Datum bag);

#endif							/* VALUE_BAG_H */
