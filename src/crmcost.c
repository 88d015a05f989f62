/*
 * crmcost.c
 *	  Customer cost management inside the database: the module itself.
 */
#include "crmcost.h"

PG_MODULE_MAGIC;
