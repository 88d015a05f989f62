/*
 * crmcost.h
 *	  What every domain file needs: PostgreSQL's headers, argument checks.
 *
 * Every test of PG_VERSION_NUM of the project lives in this file.
 */
#ifndef CRMCOST_H
#define CRMCOST_H

#include "postgres.h"
#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "crmcost needs PostgreSQL 15 or later"
#endif

#endif							/* CRMCOST_H */
