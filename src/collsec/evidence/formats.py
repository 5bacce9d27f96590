"""Public tables as files: CSV, Parquet, and Stata, each with the types of its own world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import shorten

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FORMATS = {"csv": ".csv", "parquet": ".parquet", "stata": ".dta"}
#: The time stamp of every Stata file, so that the same data give the same bytes.
STATA_STAMP = datetime(2000, 1, 1)
STATA_LABEL = 80  # characters that a label of a variable may have
MOST_TEXT = 2000  # characters beyond which Stata needs a long string
LONG_POINTER = 8  # bytes of each row of a long string, whose texts are kept once each
YES_NO = {0: "no", 1: "yes"}
#: Largest whole number of each of Stata's types; above the last a double holds it.
WHOLE = (("Int8", 100), ("Int16", 32_740), ("Int32", 2_147_483_620))
#: A function for R: days, factors, and true or false as the codebook has them.
R_SCRIPT = """# d <- read_collsec("episodes"): a table with days, factors, logical values.
read_collsec <- function(table, folder = ".") {
  book <- read.csv(file.path(folder, "codebook.csv"), colClasses = "character",
                   encoding = "UTF-8")
  book <- book[book$table == table, ]
  if (nrow(book) == 0) stop("no table ", table, " in codebook.csv")
  types <- c(date = "character", boolean = "logical", integer = "numeric", number = "numeric",
             string = "character")
  file <- file.path(folder, "csv", paste0(table, ".csv"))
  d <- read.csv(file, colClasses = unname(types[book$type]), na.strings = "",
                encoding = "UTF-8", check.names = FALSE)
  stopifnot(identical(names(d), book$column))
  for (i in seq_along(d)) {
    values <- strsplit(book$values[i], ";", fixed = TRUE)[[1]]
    if (book$type[i] == "date") d[[i]] <- as.Date(d[[i]])
    if (length(values) > 0) d[[i]] <- factor(d[[i]], levels = values)
    attr(d[[i]], "label") <- book$title[i]
  }
  d
}
"""


@dataclass(frozen=True, slots=True)
class FileColumn:
    """What a file says of a column: its title, and its values where it has a list of them."""

    title: str
    values: tuple[str, ...] = ()


def write_table(
    frame: pd.DataFrame,
    path: Path,
    kind: str,
    columns: Mapping[str, FileColumn],
    title: str,
    origin: str,
) -> None:
    """Write one table in one of :data:`FORMATS`.

    Parameters
    ----------
    frame : DataFrame
        A public table.
    path : Path
    kind : str
    columns : mapping of str to FileColumn
    title : str
        Of the table.
    origin : str
        Version and data that it is from: in the metadata of Parquet and in the label of Stata.
    """
    if kind == "parquet":
        _write_parquet(frame, path, title, origin)
    elif kind == "csv":
        plain = frame.copy()
        for column in plain.select_dtypes(["bool", "boolean"]):
            plain[column] = plain[column].map({True: "TRUE", False: "FALSE"})
        plain.to_csv(path, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    else:
        room = STATA_LABEL - len(origin) - len(" ()")
        label = f"{shorten(title, room, placeholder=' …')} ({origin})"
        _write_stata(frame, path, columns, label)


def _write_parquet(frame: pd.DataFrame, path: Path, title: str, origin: str) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = {b"title": title.encode(), b"made_by": origin.encode()}
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **about}), path)


def _write_stata(
    frame: pd.DataFrame, path: Path, columns: Mapping[str, FileColumn], label: str
) -> None:
    """Days as Stata's dates, values with their labels, each number in the smallest of its types."""
    plain = frame.copy()
    days = list(plain.select_dtypes("datetime").columns)
    labels: dict[str, dict[int, str]] = {}
    long: list[str] = []
    for column in map(str, plain.columns):
        of_column = plain[column]
        if pd.api.types.is_bool_dtype(of_column):
            plain[column], labels[column] = of_column.astype("Int8"), YES_NO
        elif values := columns[column].values:
            codes = {value: code for code, value in enumerate(values, start=1)}
            if strange := set(of_column.dropna()) - set(values):
                raise ValueError(f"{column}: {strange} are not among its listed values.")
            plain[column] = of_column.map(codes).astype("Int8")
            labels[column] = {code: value for value, code in codes.items()}
        elif pd.api.types.is_integer_dtype(of_column):
            largest = of_column.abs().max()
            fits = (t for t, most in WHOLE if pd.isna(largest) or largest <= most)
            plain[column] = of_column.astype(next(fits, "Float64"))  # type: ignore[call-overload]
        elif pd.api.types.is_string_dtype(of_column):
            plain[column] = of_column.fillna("").astype(object)
            widths = plain[column].map(lambda text: len(text.encode()))
            kept_once = widths[~plain[column].duplicated()].sum() + LONG_POINTER * len(plain)
            if widths.max() > MOST_TEXT or kept_once < widths.max() * len(plain) / 2:
                long.append(column)
    for column in days:
        plain[column] = plain[column].astype("datetime64[ns]")
    with path.open("wb") as file:
        plain.to_stata(
            file,
            write_index=False,
            version=118,
            convert_dates=dict.fromkeys(days, "td"),
            convert_strl=long,
            time_stamp=STATA_STAMP,
            data_label=label,
            variable_labels={name: label_of(one.title) for name, one in columns.items()},
            value_labels=labels,  # type: ignore[arg-type]  # whole numbers, as Stata asks
        )


def label_of(text: str) -> str:
    """A text as a label of Stata: cut behind a word where it is too long.

    >>> label_of("short"), len(label_of("word " * 40)), label_of("word " * 40)[-6:]
    ('short', 79, 'word …')
    """
    return shorten(text, STATA_LABEL, placeholder=" …")
