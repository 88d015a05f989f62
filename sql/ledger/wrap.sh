#!/bin/sh
# Wraps the ledger's plain SQL (tables, seed, views) into functions that return
# it as text, for crmcost.install() and crmcost.upgrade() to execute.
