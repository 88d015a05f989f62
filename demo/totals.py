"""Totals of the Complete Journey's transactions, straight from a source file.

    python3 totals.py FILE > totals.csv     FILE is .parquet, .csv or .csv.xz

The second, independent way to every sum that the ledger must show: exact
decimals in Python, no database.  Each amount is rounded to cents first, since
the source holds a few floating-point leftovers such as 1.776357e-15.  Prints
CSV rows measure,key,value; a measure's key is "all", a month of New York time
or a household.
"""
import csv
import functools
import io
import lzma
import sys
from collections import defaultdict
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

CENT = Decimal("0.01")
MONEY = ("sales_value", "retail_disc", "coupon_match_disc", "coupon_disc")
SHELF_PRICE = 3  # the first three make up the price on the shelf
COLUMNS = ("household_id", "basket_id", "transaction_timestamp") + MONEY
STORE_TIME = ZoneInfo("America/New_York")


def columns_of_parquet(path):
    from pyarrow import parquet

    for batch in parquet.ParquetFile(path).iter_batches():
        columns = batch.to_pydict()
        yield zip(*(columns[name] for name in COLUMNS))


def columns_of_csv(path):
    raw = lzma.open(path) if path.endswith(".xz") else open(path, "rb")
    with io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        header = next(reader)
        place = [header.index(name) for name in COLUMNS]
        yield ([row[i] for i in place] for row in reader)


@functools.lru_cache(maxsize=None)
def cents(value):
    """A source amount in whole cents."""
    return int(Decimal(str(value)).quantize(CENT, rounding=ROUND_HALF_UP) * 100)


@functools.lru_cache(maxsize=None)
def month_of_hour(hour):
    utc = datetime.fromisoformat(hour + ":00:00").replace(tzinfo=timezone.utc)
    return utc.astimezone(STORE_TIME).strftime("%Y-%m")


def main(path):
    lines = without_money = 0
    baskets = set()
    by_household = defaultdict(lambda: [0] * len(MONEY))
    by_month = defaultdict(lambda: [0] * len(MONEY))
    source = columns_of_parquet if path.endswith(".parquet") else columns_of_csv
    for part in source(path):
        for household, basket, at, *amounts in part:
            money = [cents(amount) for amount in amounts]
            lines += 1
            without_money += not any(money[:SHELF_PRICE])
            baskets.add(basket)
            for sums in by_household[household], by_month[month_of_hour(str(at)[:13])]:
                for i, value in enumerate(money):
                    sums[i] += value

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("measure", "key", "value"))
    out.writerow(("lines", "all", lines))
    out.writerow(("lines_without_money", "all", without_money))
    out.writerow(("baskets", "all", len(baskets)))
    out.writerow(("households", "all", len(by_household)))
    for i, name in enumerate(MONEY):
        total = sum(sums[i] for sums in by_household.values())
        out.writerow((name, "all", Decimal(total) * CENT))
        for suffix, grouped in (("_by_month", by_month), ("_by_household", by_household)):
            for key in sorted(grouped):
                out.writerow((name + suffix, key, Decimal(grouped[key][i]) * CENT))


main(sys.argv[1])
