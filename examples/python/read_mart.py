"""Read a mart of the pilot from Hive and print it.

HiveServer2 is asked by impyla with a login by SASL PLAIN, as in the pilot. Host and port are those of the site
(services.hive.hiveserver2.thrift; smartcar site show prints them):

    python read_mart.py --host 127.0.0.1 --port 10000 --day 20200322
"""

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence

from impala.dbapi import connect
from impala.error import HiveServer2Error
from thrift.transport.TTransport import TTransportException

MARTS = {
    "managed_smartcar_symptom_info": "biz_date",
    "managed_smartcar_emergency_check_info": "biz_date",
    "managed_smartcar_status_info": "biz_date",
    "managed_smartcar_drive_info": "biz_date",
    "managed_smartcar_item_buylist_info": "biz_month",
}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="print the rows of a mart")
    parser.add_argument("--host", default="127.0.0.1", help="host of HiveServer2 [%(default)s]")
    parser.add_argument("--port", type=int, default=10000, help="its Thrift port [%(default)s]")
    parser.add_argument("--user", default="smartcar", help="who asks; the password, if any, is in HIVE_PASSWORD")
    parser.add_argument("--database", default="smartcar", help="[%(default)s]")
    parser.add_argument("--mart", choices=MARTS, default="managed_smartcar_symptom_info", help="[%(default)s]")
    parser.add_argument("--day", help="yyyyMMdd (yyyyMM for purchases) [all]")
    parser.add_argument("--limit", type=int, default=20, help="rows at most [%(default)s]")
    options = parser.parse_args(arguments)
    if options.day is not None and not re.fullmatch(r"\d{6}(\d{2})?", options.day):
        parser.error(f"--day: {options.day!r} is no yyyyMMdd and no yyyyMM")
    return options


def read_mart(options: argparse.Namespace) -> tuple[list[str], list[tuple]]:
    """Column names and rows, in the order of the first column (the car)."""
    partition = MARTS[options.mart]
    # impyla puts parameters in as quoted literals. Names cannot be parameters: they come from the table above.
    condition = f"WHERE {partition} = %(day)s" if options.day is not None else ""
    statement = f"SELECT * FROM {options.mart} {condition} ORDER BY car_number LIMIT {options.limit}"
    connection = connect(
        host=options.host,
        port=options.port,
        database=options.database,
        auth_mechanism="PLAIN",
        user=options.user,
        # HiveServer2 without LDAP takes any password, but not none.
        password=os.environ.get("HIVE_PASSWORD", "none"),
        timeout=60,
    )
    try:
        cursor = connection.cursor()
        cursor.execute(statement, {"day": options.day} if condition else None)
        # Hive puts the name of the table before that of the column.
        names = [column[0].rsplit(".", 1)[-1] for column in cursor.description]
        return names, cursor.fetchall()
    finally:
        connection.close()


def print_table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    texts = [["NULL" if value is None else str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *texts)]
    for line in [list(names), ["-" * width for width in widths], *texts]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
    print(f"\n{len(texts)} rows")


def main() -> int:
    options = parse_arguments(sys.argv[1:])
    try:
        names, rows = read_mart(options)
    except HiveServer2Error as error:
        print(f"HiveServer2 refuses: {error}", file=sys.stderr)
        return 1
    except (OSError, TTransportException) as error:
        print(f"{options.host}:{options.port} does not answer: {error}", file=sys.stderr)
        return 4
    print_table(names, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
