"""Answers one SQL statement over a bundle's tables: a request on standard input, the answer on standard output, as JSON."""

import json
import math
import sys
import time

import duckdb

SETTINGS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


class Refused(Exception):
    """What was asked is not one statement that only reads."""


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def tables(db, request):
    for table in request["tables"]:
        # The rows come as JSON, with the type of each column.
        columns = quoted(json.dumps([dict(table["columns"])]))
        read = f"select unnest(from_json(?, {columns}), recursive := true)"
        db.execute(f"create table {table['name']} as {read}", [json.dumps(table["rows"])])
    events = request["events"]
    parts = [
        f"select {quoted(part['run'])} as run, {quoted(part['scenario'])} as scenario, "
        f"{part['pass']}::bigint as pass, * from read_parquet([{', '.join(map(quoted, part['paths']))}])"
        for part in events["parts"]
    ]
    if parts:
        db.execute("create view events as " + " union all ".join(parts))
    else:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in events["columns"])
        db.execute(f"create table events ({columns})")


def lock(db, request):
    """From here on no file is opened but those of the events, and nothing of this can be undone."""
    paths = [path for part in request["events"]["parts"] for path in part["paths"]]
    db.execute(f"set allowed_paths = [{', '.join(map(quoted, paths))}]")
    db.execute("set enable_external_access = false")
    db.execute("set lock_configuration = true")


def statement(db, sql):
    found = db.extract_statements(sql)
    if len(found) != 1:
        raise Refused(f"{len(found)} statements")
    if found[0].type != duckdb.StatementType.SELECT:
        raise Refused(found[0].type.name)
    return found[0]


def plain(value):
    """A value as JSON has it; a number that others would round is a text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    return str(value)


def numeric(kind):
    kind = str(kind)
    return kind.endswith("INT") or kind in ("INTEGER", "UINTEGER", "DOUBLE", "FLOAT") or kind.startswith("DECIMAL")


def answer(request):
    began = time.monotonic()
    db = duckdb.connect(":memory:", config=SETTINGS)
    tables(db, request)
    lock(db, request)
    opened = time.monotonic()
    db.execute(statement(db, request["sql"]))
    columns = [{"name": column[0], "numeric": numeric(column[1])} for column in db.description]
    rows = db.fetchall()
    answered = time.monotonic()
    return {
        "columns": columns,
        "rows": [[plain(value) for value in row] for row in rows],
        "opened_ms": (opened - began) * 1000,
        "answered_ms": (answered - opened) * 1000,
    }


def main():
    try:
        told = {"answer": answer(json.load(sys.stdin))}
    except Refused as what:
        told = {"refused": str(what)}
    except duckdb.Error as error:
        told = {"error": str(error)}
    json.dump(told, sys.stdout)


main()
