/*
 * sql_array.h
 *	  Arrays of SQL from elements that lie one behind the other.
 */
#ifndef SQL_ARRAY_H
#define SQL_ARRAY_H

extern Datum SqlArray(Oid element, const void *data, Size size, int count,
					  const char *what);

#endif							/* SQL_ARRAY_H */
